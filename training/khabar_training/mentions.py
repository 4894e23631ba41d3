"""Mention replacement: a training article with some of its names exchanged for others of the same label.

A small encoder meets few names in few articles and learns them by heart; with the names exchanged
every epoch it has to read what stands around them (Dai and Adel 2020). One surface gets one
new name throughout an article, as a real article would have it. Typed name lists bring names that
no article holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from khabar.document import Document, Entity
from khabar_training.config import ConfigError
from khabar_training.train_config import NameList

#: Labels whose names can stand for one another; titles, dates or amounts fit their sentence too closely.
_REPLACED: Final = frozenset({"PER", "GPE", "ORG", "LOC", "FAC", "WEAPON"})
_ARTICLE: Final = ("ال", "لل", "أل", "ل")

#: Part of the new names that come from a list, where the label has one.
_FROM_LISTS: Final = 1 / 3

Names = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class MentionPool:
    """Where new names come from, by label.

    Attributes:
        mentions: distinct surfaces of the annotated articles.
        listed: names of lists, each as its parts: one of every sequence makes a name.
    """

    mentions: Names
    listed: Mapping[str, Sequence[Sequence[Sequence[str]]]]

    def draw(self, label: str, random: np.random.Generator) -> str | None:
        """A name of ``label``; ``None`` where the pool has none."""
        listed = self.listed.get(label, ())
        if listed and random.random() < _FROM_LISTS:
            parts = listed[int(random.integers(len(listed)))]
            return " ".join(part[int(random.integers(len(part)))] for part in parts)
        names = self.mentions.get(label, ())
        return names[int(random.integers(len(names)))] if names else None


def mention_pool(
    documents: Iterable[Document],
    name_lists: Sequence[NameList] = (),
    labels: Collection[str] = _REPLACED,
) -> MentionPool:
    """The distinct surfaces of each of ``labels``, in a fixed order, and the lists.

    Raises:
        ConfigError: a list cannot be read, holds no name, or is of a label that is not exchanged.
    """
    names: dict[str, set[str]] = {label: set() for label in sorted(labels)}
    for document in documents:
        for entity in document.entities:
            if entity.label in names and "\n" not in entity.text:
                names[entity.label].add(entity.text)
    listed: dict[str, list[list[list[str]]]] = {}
    for name_list in name_lists:
        listed.setdefault(name_list.label, []).append([read_names(name_list)] * name_list.parts)
    return MentionPool({label: sorted(surfaces) for label, surfaces in names.items()}, listed)


def read_names(name_list: NameList) -> list[str]:
    """The names of a list in its order; entries with brackets, which no article writes, are left out."""
    if name_list.label not in _REPLACED:
        raise ConfigError(f"{name_list.path}: 'label' must be one of {sorted(_REPLACED)}")
    try:
        lines = name_list.path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name_list.path}: cannot be read as a list of names: {error}") from error
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    wanted = (row[0] for row in rows if name_list.only is None or row[-1] in name_list.only)
    names = [name for name in dict.fromkeys(wanted) if name.strip() == name and name and "(" not in name]
    if not names:
        raise ConfigError(f"{name_list.path}: no name left; does 'only' name values of the last column?")
    return names


def replace_mentions(
    document: Document, pool: MentionPool, probability: float, random: np.random.Generator
) -> Document:
    """Exchange each distinct name of the document with ``probability``; offsets and relations follow."""
    chosen: dict[tuple[str, str], str] = {}
    for entity in document.entities:
        if entity.label in pool.mentions and (entity.label, entity.text) not in chosen:
            name = pool.draw(entity.label, random) if random.random() < probability else None
            chosen[entity.label, entity.text] = name or entity.text
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
