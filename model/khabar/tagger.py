"""The public entry point: ``Tagger.from_pretrained(...).predict(text)``.

str -> windows -> encoder graph -> entities -> candidate pairs -> relation graph -> Document
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from khabar.bundle import TOKENIZER, Bundle, BundleError, DecodingOptions
from khabar.candidates import LABEL_IDS, candidate_pairs
from khabar.decoding import FoundEntity, TaggedWords, decode_entities, decode_relations
from khabar.document import Document, Entity, Relation
from khabar.hub import resolve_model
from khabar.schema import RELATION_LABELS
from khabar.session import EncoderSession, Floats, ModelSession
from khabar.tokenization import WordTokenizer
from khabar.windows import Window, iter_windows

_WINDOWS_AHEAD = 16


@dataclass(frozen=True, slots=True)
class _ReadWindow:
    """A window with what the encoder said about it; logits by word, hidden state by token."""

    window: Window
    tag_logits: Floats
    proclitic_logits: Floats
    hidden: Floats


class Tagger:
    """Tags Arabic text. Load it once and share it: it holds no state between calls and is thread-safe."""

    def __init__(
        self, tokenizer: WordTokenizer, session: EncoderSession, options: DecodingOptions, *, threads: int = 1
    ) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}")
        self._tokenizer, self._session, self._options = tokenizer, session, options
        self._threads = threads
        self._thresholds = [options.thresholds[label] for label in RELATION_LABELS]

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path | None = None,
        *,
        revision: str | None = None,
        local_files_only: bool = False,
        threads: int = 1,
        quantized: bool = True,
    ) -> Tagger:
        """Load a model.

        Args:
            model: a model folder, or a name on the Hugging Face Hub; nothing for the embedded default.
            revision: branch, tag or commit of a Hub model.
            local_files_only: use the local Hub cache alone, never the network.
            threads: threads that read windows side by side; results do not depend on it.
            quantized: the int8 graph; ``False`` asks for the full-precision one.

        Raises:
            BundleError: the model is missing, damaged or of another schema; names the file.
        """
        folder = resolve_model(
            model, revision=revision, local_files_only=local_files_only, quantized=quantized
        )
        bundle = Bundle.open(folder)
        # One thread a session and several Python threads beat one session of several threads.
        session = ModelSession.of_bundle(bundle, quantized=quantized)
        return cls(read_tokenizer(bundle), session, bundle.manifest.decoding, threads=threads)

    def predict(self, text: str, *, id: str | None = None) -> Document:
        """Tag one text, whole, however long it is.

        Args:
            text: any string; an empty one gives an empty Document.
            id: travels into the Document.

        Raises:
            TypeError: ``text`` is no string.
        """
        _check_text(text)
        windows = iter_windows(text, self._tokenizer, self._options.max_tokens, self._options.overlap)
        entities: list[Entity] = []
        relations: list[Relation] = []
        for chain in _chains(self._read_all(windows)):
            found = decode_entities(text, _tagged_words(chain))
            offset = len(entities)
            entities.extend(item.entity for item in found)
            relations.extend(self._relations(chain, found, offset))
        return Document(text, tuple(entities), tuple(relations), id)

    def predict_batch(self, texts: Sequence[str]) -> list[Document]:
        """Tag several texts; the Documents come in the order of the texts and equal those of ``predict``.

        Raises:
            TypeError: ``texts`` is a single string, or an item is no string (the message names its index).
        """
        if isinstance(texts, str | bytes):
            raise TypeError("predict_batch() takes a list of strings; for one text call predict()")
        items = list(texts)
        for index, text in enumerate(items):
            _check_text(text, f"texts[{index}]")
        return list(self.stream(items))

    def stream(self, texts: Iterable[str]) -> Iterator[Document]:
        """Tag texts as they come, in order, holding only a few of them at a time."""
        if isinstance(texts, str | bytes):
            raise TypeError("stream() takes an iterable of strings; for one text call predict()")
        return (self.predict(text) for text in texts)

    def _read_all(self, windows: Iterable[Window]) -> Iterator[_ReadWindow]:
        if self._threads == 1:
            yield from map(self._read, windows)
            return
        source = iter(windows)
        with ThreadPoolExecutor(self._threads) as pool:
            while ahead := list(islice(source, _WINDOWS_AHEAD * self._threads)):
                yield from pool.map(self._read, ahead)

    def _read(self, window: Window) -> _ReadWindow:
        logits, hidden, proclitic = self._session.encode(window.input_ids(self._tokenizer))
        first = window.first_piece()[:-1]
        return _ReadWindow(window, logits[first], proclitic[first], hidden)

    def _relations(
        self, chain: Sequence[_ReadWindow], found: Sequence[FoundEntity], offset: int
    ) -> Iterator[Relation]:
        """Relations of a chain; a pair that two windows show whole keeps its higher score."""
        best: dict[tuple[int, int, str], float] = {}
        before = 0
        for read in chain:
            # Words of the chain count from its first owned word; the window's own from its first word.
            shift = before - read.window.owned[0]
            before += read.window.owned[1] - read.window.owned[0]
            for head, tail, label, score in self._window_relations(read, found, shift):
                key = (offset + head, offset + tail, label)
                best[key] = max(score, best.get(key, 0.0))
        return (Relation(*key, score) for key, score in sorted(best.items()))

    def _window_relations(
        self, read: _ReadWindow, found: Sequence[FoundEntity], shift: int
    ) -> Iterator[tuple[int, int, str, float]]:
        size = len(read.window.words)
        inside = [i for i, item in enumerate(found) if item.first >= shift and item.last <= shift + size]
        labels = [found[i].entity.label for i in inside]
        pairs = candidate_pairs(labels, [found[i].sentence for i in inside])
        if not len(pairs[0]):
            return
        pieces = read.window.first_piece()
        spans = (
            pieces[[found[i].first - shift for i in inside]],
            pieces[[found[i].last - shift for i in inside]],
            np.array([LABEL_IDS[label] for label in labels], dtype=np.int64),
        )
        logits = self._session.relate(read.hidden, spans, (pairs[0], pairs[1]))
        for head, tail, label, score in decode_relations(labels, pairs, logits, self._thresholds):
            yield inside[head], inside[tail], label, score


def read_tokenizer(bundle: Bundle) -> WordTokenizer:
    """The tokenizer of a bundle, checked."""
    path = bundle.checked(TOKENIZER)
    try:
        return WordTokenizer(Tokenizer.from_file(str(path)))
    except Exception as error:  # the tokenizers library raises bare Exception
        raise BundleError(f"{path}: is no tokenizer: {error}") from error


def _check_text(text: object, name: str = "text") -> None:
    if not isinstance(text, str):
        advice = "; decode it first" if isinstance(text, bytes) else ""
        raise TypeError(f"{name}: expected a string, got {type(text).__name__}{advice}")


def _chains(windows: Iterable[_ReadWindow]) -> Iterator[list[_ReadWindow]]:
    """Windows of one long sentence together, every other window alone."""
    chain: list[_ReadWindow] = []
    for read in windows:
        chain.append(read)
        if not read.window.continued:
            yield chain
            chain = []
    if chain:
        yield chain


def _tagged_words(chain: Sequence[_ReadWindow]) -> TaggedWords:
    """The owned words of a chain of windows, one after the other."""
    owned = [(read, slice(*read.window.owned)) for read in chain]
    return TaggedWords(
        np.concatenate([read.window.words.start[part] for read, part in owned]),
        np.concatenate([read.window.words.end[part] for read, part in owned]),
        np.concatenate([read.window.sentence[part] for read, part in owned]),
        np.concatenate([read.tag_logits[part] for read, part in owned]),
        np.concatenate([read.proclitic_logits[part] for read, part in owned]),
    )
