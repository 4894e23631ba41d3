"""The public entry point: ``Tagger.from_pretrained(...).predict(text)``, and many texts at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

from tokenizers import Tokenizer

from khabar.bundle import TOKENIZER, Bundle, BundleError, DecodingOptions
from khabar.document import Document
from khabar.hub import resolve_model
from khabar.pipeline import Pipeline
from khabar.session import EncoderSession, ModelSession
from khabar.tagging import word_tags
from khabar.tokenization import WordTokenizer
from khabar.window_cache import CachedSession

#: Texts that ``stream`` reads ahead, for each thread.
_TEXTS_AHEAD = 2
#: Short windows that are remembered: some 20 MB at most.
_CACHED_WINDOWS = 512

OnError = Literal["raise", "return"]


@dataclass(frozen=True, slots=True)
class FailedText:
    """What stands in place of a Document where a text could not be tagged.

    Attributes:
        index: place of the text among those given.
        error: what went wrong.
    """

    index: int
    error: Exception


class Tagger:
    """Tags Arabic text. Load it once and share it: it is thread-safe, and no text colours another.

    All it keeps between calls is what the encoder said about short windows (``cache``).
    """

    def __init__(
        self, tokenizer: WordTokenizer, session: EncoderSession, options: DecodingOptions, *, threads: int = 1
    ) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}")
        self._pipeline = Pipeline(tokenizer, session, options)
        self._threads = threads

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path | None = None,
        *,
        revision: str | None = None,
        local_files_only: bool = False,
        threads: int = 1,
        quantized: bool = True,
        cache: int = _CACHED_WINDOWS,
    ) -> Tagger:
        """Load a model.

        Args:
            model: a model folder, or a name on the Hugging Face Hub; nothing for the embedded default.
            revision: branch, tag or commit of a Hub model.
            local_files_only: use the local Hub cache alone, never the network.
            threads: threads that read windows side by side; results do not depend on it.
            quantized: the int8 graph; ``False`` asks for the full-precision one.
            cache: short windows to remember, since pages of one site repeat their furniture; 0 turns it
                off. Results do not depend on it.

        Raises:
            BundleError: the model is missing, damaged or of another schema; names the file.
        """
        folder = resolve_model(
            model, revision=revision, local_files_only=local_files_only, quantized=quantized
        )
        bundle = Bundle.open(folder)
        # One thread a session and several Python threads beat one session of several threads.
        session: EncoderSession = ModelSession.of_bundle(bundle, quantized=quantized)
        if cache:
            session = CachedSession(session, cache)
        return cls(read_tokenizer(bundle), session, bundle.manifest.decoding, threads=threads)

    def predict(self, text: str, *, id: str | None = None, min_score: float = 0.0) -> Document:
        """Tag one text, whole, however long it is.

        Args:
            text: any string; an empty one gives an empty Document.
            id: travels into the Document.
            min_score: leave out entities and relations with a lower score.

        Raises:
            TypeError: ``text`` is no string.
            ValueError: ``min_score`` is not between 0 and 1.
        """
        _check_text(text)
        _check_score(min_score)
        return self._tag(text, id, min_score, self._threads)

    def _tag(self, text: str, id: str | None, min_score: float, threads: int) -> Document:
        document = self._pipeline.tag(text, id, threads=threads)
        return document.with_min_score(min_score) if min_score else document

    def predict_tokens(self, words: Sequence[str], *, min_score: float = 0.0) -> list[str]:
        """Tag a text that comes in words: one IOB2 tag for each, ``O``, ``B-PER``, ``I-PER`` and so on.

        A word that holds a proclitic and a name gets the tag of the name; of two names in one word the
        first counts. A word of nothing but white space gets a tag as well.

        Args:
            words: the words of one text, in order.
            min_score: leave out entities with a lower score.

        Raises:
            TypeError: ``words`` is a single string, or an item is no string.
        """
        _check_texts(words, "predict_tokens", "words")
        return word_tags(words, self.predict(" ".join(words), min_score=min_score).entities)

    @overload
    def predict_batch(
        self, texts: Sequence[str], *, min_score: float = 0.0, on_error: Literal["raise"] = "raise"
    ) -> list[Document]: ...
    @overload
    def predict_batch(
        self, texts: Sequence[str], *, min_score: float = 0.0, on_error: Literal["return"]
    ) -> list[Document | FailedText]: ...
    def predict_batch(
        self, texts: Sequence[str], *, min_score: float = 0.0, on_error: OnError = "raise"
    ) -> list[Document] | list[Document | FailedText]:
        """Tag several texts; the Documents come in the order of the texts and equal those of ``predict``.

        Args:
            texts: any number of strings.
            min_score: as in ``predict``.
            on_error: ``"raise"`` stops at the first text that cannot be tagged, before any work where it
                is no string; ``"return"`` puts a ``FailedText`` in its place and goes on.

        Raises:
            TypeError: ``texts`` is a single string, or an item is no string (the message names its index).
        """
        items = list(texts) if not isinstance(texts, str | bytes) else texts
        if on_error == "raise":
            _check_texts(items, "predict_batch", "texts")
            return list(self.stream(items, min_score=min_score))
        return list(self.stream(items, min_score=min_score, on_error="return"))

    @overload
    def stream(
        self, texts: Iterable[str], *, min_score: float = 0.0, on_error: Literal["raise"] = "raise"
    ) -> Iterator[Document]: ...
    @overload
    def stream(
        self, texts: Iterable[str], *, min_score: float = 0.0, on_error: Literal["return"]
    ) -> Iterator[Document | FailedText]: ...
    def stream(
        self, texts: Iterable[str], *, min_score: float = 0.0, on_error: OnError = "raise"
    ) -> Iterator[Document] | Iterator[Document | FailedText]:
        """Tag texts as they come, in order, holding at most a few of them for each thread.

        Arguments and errors as in ``predict_batch``; an error of the iterable itself is always raised.
        """
        if isinstance(texts, str | bytes):
            raise TypeError("stream() takes an iterable of strings; for one text call predict()")
        if on_error not in ("raise", "return"):
            raise ValueError(f"on_error must be 'raise' or 'return', got {on_error!r}")
        _check_score(min_score)
        results = self._each(texts, min_score)
        return results if on_error == "return" else _raising(results)

    def _each(self, texts: Iterable[str], min_score: float) -> Iterator[Document | FailedText]:
        if self._threads == 1:
            for index, text in enumerate(texts):
                yield self._attempt(index, text, min_score)
            return
        # A thread takes a whole text: texts side by side need no waiting for one another.
        waiting: deque[Future[Document | FailedText]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                for index, text in enumerate(texts):
                    waiting.append(pool.submit(self._attempt, index, text, min_score))
                    if len(waiting) == _TEXTS_AHEAD * self._threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                # Whoever stops early does not wait for what was read ahead.
                for future in waiting:
                    future.cancel()

    def _attempt(self, index: int, text: str, min_score: float) -> Document | FailedText:
        try:
            _check_text(text, f"texts[{index}]")
            return self._tag(text, None, min_score, 1)
        except Exception as error:  # one broken text must not lose the others
            return FailedText(index, error)


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


def _check_texts(texts: Sequence[object], function: str, name: str) -> None:
    if isinstance(texts, str | bytes):
        raise TypeError(f"{function}() takes a list of strings; for one text call predict()")
    for index, text in enumerate(texts):
        _check_text(text, f"{name}[{index}]")


def _check_score(min_score: float) -> None:
    if not 0 <= min_score <= 1:
        raise ValueError(f"min_score must be between 0 and 1, got {min_score}")


def _raising(results: Iterator[Document | FailedText]) -> Iterator[Document]:
    for result in results:
        if isinstance(result, FailedText):
            raise result.error
        yield result
