"""Candidate pairs: which entities of a window may stand in which relation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from khabar.schema import ENTITY_LABELS, RELATION_TYPES

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LABEL_IDS: Final[dict[str, int]] = {label: index for index, label in enumerate(ENTITY_LABELS)}

_SYMMETRIC: Final = np.array([relation.symmetric for relation in RELATION_TYPES])
#: _JOINS[h, t, r]: relation r may join a head of label h with a tail of label t.
_JOINS: Final = np.array(
    [
        [[relation.joins(head, tail) for relation in RELATION_TYPES] for tail in ENTITY_LABELS]
        for head in ENTITY_LABELS
    ]
)
#: Whether any relation may join them.
_JOINED: Final[Mask] = np.any(_JOINS, axis=2)


def candidate_pairs(
    labels: Sequence[str], sentences: Sequence[int] | Indices
) -> tuple[Indices, Indices, Mask]:
    """Ordered pairs of entities of one sentence that at least one relation may join.

    Args:
        labels: label of each entity, in text order.
        sentences: number of each entity's sentence.

    Returns:
        Heads ``[pairs]``, tails ``[pairs]`` and the relations each pair may carry ``[pairs, 14]``.
        A symmetric relation is allowed in one order only: the entity that stands first is the head.
    """
    kinds = np.array([LABEL_IDS[label] for label in labels], dtype=np.int64)
    places = np.asarray(sentences, dtype=np.int64)
    together = (places[:, None] == places) & _JOINED[kinds[:, None], kinds]
    np.fill_diagonal(together, False)
    heads, tails = np.nonzero(together)
    allowed = _JOINS[kinds[heads], kinds[tails]]
    allowed &= (heads < tails)[:, None] | ~_SYMMETRIC
    some = allowed.any(axis=1)
    return heads[some], tails[some], allowed[some]


def canonical(head: int, tail: int, relation: int, head_label: str, tail_label: str) -> tuple[int, int]:
    """A pair in the order in which the schema writes it (a FAC is never the head of CONFLICTS_WITH)."""
    kind = RELATION_TYPES[relation]
    return (head, tail) if kind.allows(head_label, tail_label) else (tail, head)
