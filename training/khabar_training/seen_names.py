"""Recall on names that training showed and on names that it did not.

    training documents -> folded surfaces by label -> gold entities: seen, seen under another label, unseen

What a tagger knows by heart and what it reads off the context part here (Augenstein et al. 2017). A name
is its surface without harakat and with bare alefs (``khabar_data.folding``); every label of the schema is
counted, dates and amounts among them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from khabar.document import Document, Entity
from khabar.schema import ENTITY_LABELS
from khabar_data.folding import fold_surface
from khabar_training.confidence import Floats, count_interval

SEEN: Final = "seen"
OTHER_LABEL: Final = "seen_with_another_label"
UNSEEN: Final = "unseen"
GROUPS: Final = (SEEN, OTHER_LABEL, UNSEEN)

#: Folded surface -> the labels that it had.
Names = dict[str, set[str]]


def names_of(documents: Iterable[Document]) -> Names:
    """The names of annotated documents with the labels that they had."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for document in documents:
        for entity in document.entities:
            names[fold_surface(entity.text)].add(entity.label)
    return dict(names)


def group_of(entity: Entity, names: Names) -> str:
    """One of ``GROUPS``."""
    labels = names.get(fold_surface(entity.text), set())
    if not labels:
        return UNSEEN
    return SEEN if entity.label in labels else OTHER_LABEL


def seen_recall(gold: Sequence[Document], predicted: Sequence[Document], names: Names) -> dict[str, Any]:
    """Strict recall of each group, with a 95 % interval by document, and of each label within it.

    Returns:
        ``groups``: group -> recall in percent, found, support, interval. ``by_label``: label -> group ->
        recall, found, support.
    """
    occurring = {entity.label for document in gold for entity in document.entities}
    labels = [
        *(label for label in ENTITY_LABELS if label in occurring),
        *sorted(occurring - set(ENTITY_LABELS)),
    ]
    # Found and all, by document, label and group.
    counts = np.zeros((len(gold), len(labels), len(GROUPS), 2))
    for position, (wanted, found) in enumerate(zip(gold, predicted, strict=True)):
        present = set(found.entities)
        for entity in set(wanted.entities):
            place = position, labels.index(entity.label), GROUPS.index(group_of(entity, names))
            counts[place] += (entity in present, 1)
    by_label, by_document = counts.sum(axis=0), counts.sum(axis=1)
    return {
        "distinct_names": len(names),
        "groups": {
            group: {
                **_recall(by_label[:, g].sum(axis=0)),
                "interval_95": count_interval(by_document[:, g], _percent) if by_label[:, g].any() else None,
            }
            for g, group in enumerate(GROUPS)
        },
        "by_label": {
            label: {group: _recall(by_label[row, g]) for g, group in enumerate(GROUPS)}
            for row, label in enumerate(labels)
        },
    }


def _percent(sums: Floats) -> Floats:
    percent: Floats = 100 * sums[..., 0] / np.maximum(sums[..., 1], 1)
    return percent


def _recall(counts: Floats) -> dict[str, float | int]:
    return {
        "recall": round(float(_percent(counts)), 2),
        "found": int(counts[0]),
        "support": int(counts[1]),
    }
