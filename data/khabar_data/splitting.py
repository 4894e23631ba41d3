"""Train, dev and test by document, so that a corpus may grow without being dealt anew.

    documents -> groups of near-duplicates -> a place in [0, 1) for each, by a hash of seed and id
    -> per id prefix: the lowest places are test, the highest dev, the rest train

A place never changes. A document added to a prefix moves at most one other across each boundary, and
only where the share would otherwise be missed by more than a document; one that joins two groups of
near-duplicates may also move the one whose first id is the later.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from khabar.document import Document
from khabar_data.corpus import documents_by_id
from khabar_data.folding import folded_words

SPLITS: Final = ("train", "dev", "test")

_SHINGLE_WORDS: Final = 5
_PREFIX_END: Final = re.compile(r"[_\-.:/]")

Shingle = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """Parts of the documents of each id prefix, and the seed that deals them.

    Attributes:
        dev: part that goes to dev, from 0 to 1.
        test: part that goes to test.
        seed: another seed deals another split.
        near_duplicate: Jaccard similarity of five-word shingles above which two documents stay
            together.
    """

    dev: float = 0.1
    test: float = 0.1
    seed: int = 17
    near_duplicate: float = 0.2

    def __post_init__(self) -> None:
        for name in ("dev", "test"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected a share from 0 to below 1, got {getattr(self, name)}")
        if self.dev + self.test >= 1:
            raise ValueError(f"dev and test take {self.dev} + {self.test} of all; leave some to train")


def split_documents(documents: Sequence[Document], shares: Shares) -> dict[str, list[Document]]:
    """Deal documents into ``SPLITS``, each in the order of the input.

    Dev and test hold their share of every id prefix to within a document. Near-duplicates count for
    the prefix of the first id among them and go where that one goes.

    Raises:
        DataError: a document has no id, or two have the same one.
    """
    by_id = documents_by_id(documents, "the corpus")
    by_prefix: dict[str, list[list[str]]] = defaultdict(list)
    for group in near_duplicate_groups(by_id, shares.near_duplicate):
        by_prefix[id_prefix(group[0])].append(group)
    split_of: dict[str, str] = {}
    for groups in by_prefix.values():
        split_of.update(_deal(groups, shares))
    return {name: [by_id[doc_id] for doc_id in by_id if split_of[doc_id] == name] for name in SPLITS}


def id_prefix(doc_id: str) -> str:
    """What an id opens with, up to its last separator: ``w3`` of ``w3_017``; empty without one."""
    ends = [match.start() for match in _PREFIX_END.finditer(doc_id)]
    return doc_id[: ends[-1]] if ends else ""


def near_duplicate_groups(documents: Mapping[str, Document], above: float) -> list[list[str]]:
    """The ids in groups of documents that are alike, directly or through others; most have one id.

    Args:
        documents: documents by id.
        above: Jaccard similarity of the sets of five-word shingles that near-duplicates exceed.
    """
    shingles = {doc_id: _shingles(document.text) for doc_id, document in documents.items()}
    leader = {doc_id: doc_id for doc_id in shingles}

    def root(doc_id: str) -> str:
        while leader[doc_id] != doc_id:
            leader[doc_id] = leader[leader[doc_id]]
            doc_id = leader[doc_id]
        return doc_id

    for one, other in _candidate_pairs(shingles, above):
        first, second = sorted((root(one), root(other)))
        if first == second:
            continue
        common = len(shingles[one] & shingles[other])
        if common > above * (len(shingles[one]) + len(shingles[other]) - common):
            leader[second] = first
    groups: dict[str, list[str]] = defaultdict(list)
    for doc_id in sorted(shingles):
        groups[root(doc_id)].append(doc_id)
    return list(groups.values())


def _shingles(text: str) -> frozenset[Shingle]:
    words = folded_words(text)
    return frozenset(
        tuple(words[i : i + _SHINGLE_WORDS]) for i in range(max(1, len(words) - _SHINGLE_WORDS + 1)) if words
    )


def _candidate_pairs(shingles: Mapping[str, frozenset[Shingle]], above: float) -> Iterator[tuple[str, str]]:
    """Pairs that may exceed a similarity; every pair that does is among them.

    Two sets that share more than a part s of each must share one of the rarest 1 - s of each, so the
    most frequent shingles, those of page furniture, need not be looked up.
    """
    frequency = Counter(shingle for found in shingles.values() for shingle in found)
    holders: dict[Shingle, list[str]] = defaultdict(list)
    for doc_id, found in shingles.items():
        rarest = sorted(found, key=lambda shingle: (frequency[shingle], shingle))
        met: dict[str, None] = {}
        for shingle in rarest[: len(rarest) - math.floor(above * len(rarest))]:
            if frequency[shingle] > 1:
                met.update(dict.fromkeys(holders[shingle]))
                holders[shingle].append(doc_id)
        for other in met:
            yield other, doc_id


def _deal(groups: Iterable[Sequence[str]], shares: Shares) -> dict[str, str]:
    """The split of each id of one prefix."""
    places = sorted((_place(shares.seed, group[0]), group) for group in groups)
    total = sum(len(group) for _, group in places)
    split_of = {doc_id: "train" for _, group in places for doc_id in group}
    for name, share, order in (
        ("test", shares.test, places),
        ("dev", shares.dev, [(1 - place, group) for place, group in reversed(places)]),
    ):
        taken = 0
        for distance, group in order:
            # The hash alone decides, unless the share would be missed by more than a document.
            wanted = distance < share or taken < share * total - 1
            fits = taken + len(group) <= share * total + 1
            if wanted and fits and split_of[group[0]] == "train":
                split_of.update(dict.fromkeys(group, name))
                taken += len(group)
    return split_of


def _place(seed: int, doc_id: str) -> float:
    digest = hashlib.blake2b(f"{seed}\0{doc_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
