"""Sentences that stand twice in a corpus, or in text from elsewhere.

    corpus -> sentences of N words or more -> index by their first N words
    any running text -> its words -> places where a whole sentence of the index runs

    python -m khabar_data.overlap CORPUS … [--against FOLDER …] [--words 8]

Words are compared as ``khabar_data.folding`` leaves them; punctuation and line breaks do not count.
"""

from __future__ import annotations

import argparse
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from khabar.document import Document
from khabar.sentences import split_sentences
from khabar_data.corpus import document_names, read_corpus
from khabar_data.errors import DataError
from khabar_data.folding import folded_words, words_with_offsets
from khabar_data.running_text import find_texts, iter_running_texts

_BUFFERED_WORDS: Final = 200_000
_SHOWN_FILES: Final = 5

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sentence stands in the corpus: a half-open range of code points of a document."""

    document: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.document} [{self.start}, {self.end})"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence that stands more than once.

    Attributes:
        text: the sentence as it stands at the first place.
        places: all its places in the corpus.
        elsewhere: its first place in another text, as ``file:line``; ``None`` if it is the corpus
            that repeats it.
        times: how often it stands in that other file, or in the corpus.
    """

    text: str
    places: tuple[Place, ...]
    elsewhere: str | None
    times: int

    def __str__(self) -> str:
        places = "; ".join(map(str, self.places))
        if self.elsewhere is None:
            return f"stands {self.times} times: {places}\n  «{self.text}»"
        more = f" ({self.times} times in this file)" if self.times > 1 else ""
        return f"stands elsewhere: {places}; {self.elsewhere}{more}\n  «{self.text}»"


class SentenceIndex:
    """The sentences of a corpus, to be found in running words.

    Args:
        documents: the corpus.
        names: what to call each document.
        shortest: words that a sentence must have to be looked for.
    """

    def __init__(self, documents: Sequence[Document], names: Sequence[str], shortest: int) -> None:
        self._shortest = shortest
        self._documents = dict(zip(names, documents, strict=True))
        self._by_opening: dict[Words, list[Words]] = {}
        self.longest = 0
        for sentence in _sentences(documents, shortest):
            same_opening = self._by_opening.setdefault(sentence[:shortest], [])
            if sentence not in same_opening:
                same_opening.append(sentence)
            self.longest = max(self.longest, len(sentence))
        self._first_words = frozenset(opening[0] for opening in self._by_opening)
        self.places = self._all_places()

    def occurrences(self, pieces: Iterable[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, Words]]:
        """Where sentences run in one text, in order.

        Args:
            pieces: the text as pieces of words, each with the number of its place.

        Yields:
            The number of the piece in which a sentence begins, and the sentence.
        """
        words: list[str] = []
        starts, numbers = [0], [0]
        for number, piece in pieces:
            starts.append(len(words))
            numbers.append(number)
            words.extend(piece)
            if len(words) < _BUFFERED_WORDS + self.longest:
                continue
            # A sentence that begins in the last words may not be whole yet: they stay.
            done = len(words) - self.longest + 1
            for i, sentence in self._matches(words, done):
                yield numbers[bisect_right(starts, i) - 1], sentence
            last_done = bisect_right(starts, done) - 1
            starts = [0, *(start - done for start in starts[last_done + 1 :])]
            numbers = numbers[last_done:]
            del words[:done]
        for i, sentence in self._matches(words, len(words)):
            yield numbers[bisect_right(starts, i) - 1], sentence

    def text(self, place: Place) -> str:
        """The characters at a place of the corpus."""
        return self._documents[place.document].text[place.start : place.end]

    def _matches(self, words: Sequence[str], stop: int) -> Iterator[tuple[int, Words]]:
        first_words, size = self._first_words, self._shortest
        for i in [i for i, word in enumerate(words[:stop]) if word in first_words]:
            for sentence in self._by_opening.get(tuple(words[i : i + size]), ()):
                if tuple(words[i : i + len(sentence)]) == sentence:
                    yield i, sentence

    def _all_places(self) -> dict[Words, list[Place]]:
        places: dict[Words, list[Place]] = {}
        for name, document in self._documents.items():
            spans = [(start, end, word) for start, end, word in words_with_offsets(document.text)]
            pieces = ((i, [word]) for i, (_, _, word) in enumerate(spans))
            for i, sentence in self.occurrences(pieces):
                place = Place(name, spans[i][0], spans[i + len(sentence) - 1][1])
                places.setdefault(sentence, []).append(place)
        return places


def find_repeats(index: SentenceIndex) -> list[Finding]:
    """Sentences with more than one place in the corpus, also inside a longer sentence."""
    return [
        Finding(index.text(places[0]), tuple(places), None, len(places))
        for places in index.places.values()
        if len(places) > 1
    ]


def find_elsewhere(index: SentenceIndex, path: Path) -> list[Finding]:
    """Sentences of the corpus that a file of other text holds; the file is streamed.

    Raises:
        DataError: as ``iter_running_texts``.
    """
    first_line: dict[Words, int] = {}
    times: Counter[Words] = Counter()
    for pieces in iter_running_texts(path):
        for line, sentence in index.occurrences(pieces):
            first_line.setdefault(sentence, line)
            times[sentence] += 1
    return [
        Finding(
            index.text(index.places[sentence][0]),
            tuple(index.places[sentence]),
            f"{path}:{line}",
            times[sentence],
        )
        for sentence, line in first_line.items()
    ]


def _sentences(documents: Iterable[Document], shortest: int) -> Iterator[Words]:
    for document in documents:
        for start, end in split_sentences(document.text):
            words = tuple(folded_words(document.text[start:end]))
            if len(words) >= shortest:
                yield words


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every finding; exit 1 where there is one, 2 where something cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_data.overlap",
        description="Find sentences that stand twice in a corpus, or in text from elsewhere.",
    )
    parser.add_argument("corpus", nargs="+", type=Path, metavar="CORPUS", help="folders or files")
    parser.add_argument(
        "--against", action="extend", nargs="+", type=Path, default=[], metavar="FOLDER", help="other text"
    )
    parser.add_argument("--words", type=int, default=8, help="words of the shortest sentence (default 8)")
    options = parser.parse_args(arguments)
    if options.words < 1:
        parser.error(f"--words must be 1 or more, got {options.words}")
    try:
        return _report(options.corpus, options.against, options.words)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _report(corpus: Sequence[Path], against: Sequence[Path], shortest: int) -> int:
    documents = read_corpus(corpus)
    index = SentenceIndex(documents, document_names(documents), shortest)
    files, others = find_texts(against)
    if others:
        shown = ", ".join(file.name for file in others[:_SHOWN_FILES])
        sys.stderr.write(f"not read: {len(others)} files of other kinds ({shown} …)\n")
    repeats = find_repeats(index)
    sys.stdout.writelines(f"{finding}\n" for finding in repeats)
    elsewhere = 0
    for file in files:
        for finding in find_elsewhere(index, file):
            sys.stdout.write(f"{finding}\n")
            elsewhere += 1
    sys.stdout.write(
        f"{len(repeats)} sentences repeated in the corpus, {elsewhere} found elsewhere; looked for"
        f" {len(index.places)} sentences of {shortest} words or more of {len(documents)} documents"
        f" in {len(files)} other files\n"
    )
    return int(bool(repeats or elsewhere))


if __name__ == "__main__":
    sys.exit(main())
