"""Mention replacement: a training article with some of its names exchanged for others of the same label.

A small encoder meets few names in few articles and learns them by heart; with the names exchanged
every epoch it has to read what stands around them (Dai and Adel 2020). One surface gets one
new name throughout an article, as a real article would have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from khabar.document import Document, Entity

#: Labels whose names can stand for one another; titles, dates or amounts fit their sentence too closely.
_REPLACED: Final = frozenset({"PER", "GPE", "ORG", "LOC", "FAC", "WEAPON"})
_ARTICLE: Final = ("ال", "لل", "أل", "ل")

Pool = Mapping[str, Sequence[str]]


def mention_pool(documents: Iterable[Document]) -> Pool:
    """The distinct surfaces of every replaceable label, in a fixed order."""
    names: dict[str, set[str]] = {label: set() for label in _REPLACED}
    for document in documents:
        for entity in document.entities:
            if entity.label in _REPLACED and "\n" not in entity.text:
                names[entity.label].add(entity.text)
    return {label: sorted(surfaces) for label, surfaces in names.items()}


def replace_mentions(
    document: Document, pool: Pool, probability: float, random: np.random.Generator
) -> Document:
    """Exchange each distinct name of the document with ``probability``; offsets and relations follow."""
    chosen: dict[tuple[str, str], str] = {}
    for entity in document.entities:
        names = pool.get(entity.label, ())
        if names and (entity.label, entity.text) not in chosen:
            exchanged = random.random() < probability
            name = names[int(random.integers(len(names)))] if exchanged else entity.text
            chosen[entity.label, entity.text] = name
    pieces: list[str] = []
    entities: list[Entity] = []
    last = length = 0
    for entity in document.entities:
        surface = chosen.get((entity.label, entity.text), entity.text)
        if not _fits(document.text, entity, surface):
            surface = entity.text
        before = document.text[last : entity.start]
        start = length + len(before)
        pieces += [before, surface]
        entities.append(Entity(start, start + len(surface), entity.label, surface))
        last, length = entity.end, start + len(surface)
    pieces.append(document.text[last:])
    return Document("".join(pieces), tuple(entities), document.relations, document.id, document.meta)


def _fits(text: str, entity: Entity, surface: str) -> bool:
    """Behind a joined proclitic ل and ال melt together, so that only bare names can change places."""
    joined = entity.start > 0 and text[entity.start - 1].isalpha()
    return not joined or not (surface.startswith(_ARTICLE) or entity.text.startswith(_ARTICLE))
