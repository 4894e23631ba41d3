"""The worst documents of the evaluation report: gold and prediction side by side, sentence by sentence.

document, prediction -> sentences that no entity runs across -> those with an error, both sides marked
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from khabar.document import Document, Entity
from khabar.render.captions import ENTITY_CAPTIONS
from khabar.render.segments import segments
from khabar.schema import RELATIONS_BY_LABEL
from khabar.sentences import split_sentences
from khabar_training.entity_errors import EntityKind, EntityPair
from khabar_training.error_kinds import DocumentErrors
from khabar_training.relation_errors import Mention, RelationKind, RelationPair
from khabar_training.report_markup import NOTHING, Html, arabic, joined, label_code, text

#: What a reader sees of each kind.
KIND_NAMES: Final[Mapping[str, str]] = {
    EntityKind.CORRECT: "right",
    EntityKind.TYPE: "type",
    EntityKind.PROCLITIC: "proclitic only",
    EntityKind.BOUNDARY: "boundary",
    EntityKind.TYPE_AND_BOUNDARY: "type and boundary",
    EntityKind.MISSED: "missed",
    EntityKind.SPURIOUS: "spurious",
    RelationKind.DIRECTION: "wrong direction",
    RelationKind.LABEL: "wrong label",
    RelationKind.ENTITY: "wrong entity",
    RelationKind.MISSED_BOTH_FOUND: "missed, both entities found",
    RelationKind.MISSED_ENTITY: "missed, an entity was not found",
}


def document_errors(row: Mapping[str, Any], gold: Document, predicted: Document) -> Html:
    """One document as an article: its scores, the sentences with errors, the relations that are wrong.

    Args:
        row: its entry among the report's ``worst_documents``.
        gold: the annotation.
        predicted: what the model found.
    """
    errors = DocumentErrors.between(gold, predicted)
    scores = (
        f"F1 {row['f1']:.1f} over entities and relations, {row['errors']} errors;"
        f" NER strict {row['ner_strict']['f1']:.1f}, Rel+ {row['rel_plus']['f1']:.1f}"
    )
    return Html(
        f'<article id="worst-{row["position"]}">\n<h3>{arabic(row["name"])}</h3>\n'
        f'<p class="note">{text(scores)}</p>\n'
        '<div class="pair heads"><span>gold</span><span>prediction</span></div>\n'
        f"{joined(_sentences(gold, predicted, errors.entities))}{_relations(errors.relations)}</article>\n"
    )


def _sentences(gold: Document, predicted: Document, pairs: Sequence[EntityPair]) -> Iterator[Html]:
    """Rows of both sides; runs of sentences without an error as one line that counts them."""
    starts = _row_starts(gold.text, [*gold.entities, *predicted.entities])
    ends = [*starts[1:], len(gold.text)]
    rows: list[list[EntityPair]] = [[] for _ in starts]
    for pair in pairs:
        # A pair that crosses from one row to another is none: rows are cut outside of all entities.
        entity = pair.gold or pair.predicted
        if entity is not None:
            rows[bisect_right(starts, entity.start) - 1].append(pair)
    wrong = [any(pair.kind is not EntityKind.CORRECT for pair in row) for row in rows]
    for is_wrong, numbers in groupby(range(len(rows)), key=wrong.__getitem__):
        run = list(numbers)
        if not is_wrong:
            noun = "sentence" if len(run) == 1 else "sentences"
            yield Html(f'<p class="skipped">{len(run)} {noun} without an entity error</p>\n')
            continue
        for row in run:
            sides = (
                _marked(gold.text, starts[row], ends[row], rows[row], of_gold=of_gold)
                for of_gold in (True, False)
            )
            yield Html(f'<div class="pair">{"".join(sides)}</div>\n')


def _row_starts(content: str, entities: Iterable[Entity]) -> list[int]:
    """Where sentences begin, without those that begin inside an entity; the first one is 0."""
    inside = list(entities)
    cuts = [start for start, _ in split_sentences(content)][1:]
    return [0, *(cut for cut in cuts if not any(item.start < cut < item.end for item in inside))]


def _marked(content: str, start: int, end: int, pairs: Sequence[EntityPair], *, of_gold: bool) -> Html:
    """One side of a row: the text with a ``mark`` for each of its entities."""
    sides = [((pair.gold if of_gold else pair.predicted), pair.kind) for pair in pairs]
    kinds = {entity: kind for entity, kind in sides if entity is not None}
    entities = sorted(kinds, key=lambda entity: entity.start)
    shifted = Document(
        content[start:end].rstrip(),
        tuple(Entity(e.start - start, e.end - start, e.label, e.text, e.score) for e in entities),
    )
    pieces = (
        text(shifted.text[part.start : part.end])
        if part.entity is None
        else _mark(entities[part.entity], kinds[entities[part.entity]])
        for part in segments(shifted)
    )
    side = "gold" if of_gold else "prediction"
    return Html(f'<div class="text" lang="ar" dir="rtl" data-side="{side}">{"".join(pieces)}</div>')


def _mark(entity: Entity, kind: EntityKind) -> Html:
    known = f"e-{entity.label}" if entity.label in ENTITY_CAPTIONS else "e-other"
    said = entity.label if kind is EntityKind.CORRECT else f"{entity.label} · {KIND_NAMES[kind]}"
    tip = said if entity.score is None else f"{said} · {entity.score:.2f}"
    return Html(
        f'<mark class="{known} k-{kind.value}" data-label="{text(said)}" title="{text(tip)}">'
        f"{text(entity.text)}</mark>"
    )


def _relations(pairs: Sequence[RelationPair]) -> Html:
    wrong = [pair for pair in pairs if pair.kind is not RelationKind.CORRECT]
    if not wrong:
        return NOTHING
    items = (
        f'<li><span class="kind k-{pair.kind.value}">{text(KIND_NAMES[pair.kind])}</span>'
        f'<span class="sides">{_side("gold", pair.gold)}{_side("prediction", pair.predicted)}</span></li>\n'
        for pair in sorted(wrong, key=_place)
    )
    return Html(f'<h4>Relations that are wrong</h4>\n<ul class="errors">\n{"".join(items)}</ul>\n')


def _side(name: str, mention: Mention | None) -> Html:
    if mention is None:
        return NOTHING
    known = RELATIONS_BY_LABEL.get(mention.label)
    arrow = "↔" if known is not None and known.symmetric else "→"
    score = "" if mention.score is None else f' <span class="score">{mention.score:.2f}</span>'
    return Html(
        f'<span class="side"><b>{name}</b> {_end(mention.head)}'
        f" {arrow} {label_code(mention.label)} {arrow} {_end(mention.tail)}{score}</span>"
    )


def _end(entity: Entity) -> Html:
    return Html(f"{arabic(entity.text)} <small>{label_code(entity.label)}</small>")


def _place(pair: RelationPair) -> tuple[int, int]:
    mention = pair.gold or pair.predicted
    return (mention.head.start, mention.tail.start) if mention else (0, 0)
