"""A document's text cut at the edges of its entities."""

from __future__ import annotations

from dataclasses import dataclass

from khabar.document import Document


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch ``[start, end)`` of a text, in code points.

    Attributes:
        start: first character.
        end: the character after the last one.
        entity: index of the entity that it is, ``None`` for what stands between entities.
    """

    start: int
    end: int
    entity: int | None = None


def segments(document: Document) -> list[Segment]:
    """The stretches of ``document.text`` in order; joined they give the text.

    Raises:
        ValueError: two entities overlap; the message names the later one.
    """
    found: list[Segment] = []
    position = 0
    entities = document.entities
    for index in sorted(range(len(entities)), key=lambda i: (entities[i].start, entities[i].end)):
        start, end = entities[index].start, entities[index].end
        if start < position:
            raise ValueError(
                f"entities[{index}] [{start}, {end}) overlaps the entity that ends at {position};"
                " this format holds flat entities only"
            )
        if position < start:
            found.append(Segment(position, start))
        found.append(Segment(start, end, index))
        position = end
    if position < len(document.text):
        found.append(Segment(position, len(document.text)))
    return found
