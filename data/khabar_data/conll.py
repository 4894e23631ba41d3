"""CoNLL: one token and its tag a line, a blank line between sentences.

Reading joins the tokens of a sentence with single spaces, so that every source becomes a Document
with character offsets; labels stay those of the source (``khabar_data.coverage`` maps them).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from khabar.document import Document, Entity
from khabar.render.conll import tokens_and_tags
from khabar_data.errors import DataError
from khabar_data.files import written_whole

_PREFIXES = frozenset("BIESLU")
#: What opens a document in the files of CoNLL-2003; no token of a sentence.
_DOCUMENT_START = "-DOCSTART-"


def read_conll(path: Path | str, *, columns: int | None = 2) -> list[Document]:
    """Read one Document a sentence; ids are the sentence's number in the file, from 0.

    The first column is the token, the last one its tag: IOB2, IOB1, IOBES or BILOU. The
    ``-DOCSTART-`` lines of CoNLL-2003 are passed over.

    Args:
        path: a UTF-8 file.
        columns: columns that every line must have, 4 for CoNLL-2003; ``None`` for as many as the first.

    Raises:
        DataError: the file cannot be read, or a line has another number of columns or a malformed tag.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, None, f"cannot be read: {error}") from error
    return [_document(rows, str(number)) for number, rows in enumerate(_sentences(lines, path, columns))]


def read_nested_conll(path: Path | str) -> list[Document]:
    """Read one Document a sentence from lines of a token and all tags of its nested entities.

    Wojood's form: the outermost entity's tag stands first, and it is the one that is read; a token
    outside of all has ``O``. Errors as in ``read_conll``.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, None, f"cannot be read: {error}") from error
    outermost = [" ".join(line.split()[:2]) for line in lines]
    return [_document(rows, str(number)) for number, rows in enumerate(_sentences(outermost, path, 2))]


def tagged_document(rows: Sequence[tuple[str, str]], doc_id: str) -> Document:
    """The Document of one sentence, its tokens joined by single spaces.

    Args:
        rows: each token with its tag, in any of the schemes of ``read_conll``.
        doc_id: becomes the id.

    Raises:
        ValueError: a tag is neither ``O`` nor of the form ``B-LABEL``.
    """
    for _, tag in rows:
        _check_tag(tag)
    return _document(rows, doc_id)


def _check_tag(tag: str) -> None:
    if tag != "O" and (len(tag) < 3 or tag[0] not in _PREFIXES or tag[1] != "-"):
        raise ValueError(f"tag {tag!r} is neither O nor of the form B-LABEL")


def _sentences(
    lines: Sequence[str], path: Path | str, columns: int | None
) -> Iterator[list[tuple[str, str]]]:
    rows: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            if rows:
                yield rows
            rows = []
            continue
        parts = line.split("\t") if "\t" in line else line.split()
        columns = columns or max(2, len(parts))
        if len(parts) != columns:
            raise DataError(
                path, number, f"{len(parts)} columns, expected {columns}: token and tag, parted by a tab"
            )
        if parts[0] == _DOCUMENT_START:
            continue
        tag = parts[-1].strip()
        try:
            _check_tag(tag)
        except ValueError as error:
            raise DataError(path, number, str(error)) from error
        rows.append((parts[0].strip(), tag))
    if rows:
        yield rows


def _document(rows: Sequence[tuple[str, str]], doc_id: str) -> Document:
    text = " ".join(token for token, _ in rows)
    entities: list[Entity] = []
    position, open_start, open_label, open_end = 0, 0, "", 0
    for token, tag in rows:
        label = tag[2:]
        if open_label and (tag[0] not in "IEL" or label != open_label):
            entities.append(Entity(open_start, open_end, open_label, text[open_start:open_end]))
            open_label = ""
        if label:
            open_start = open_start if open_label else position
            open_label, open_end = label, position + len(token)
        position += len(token) + 1
    if open_label:
        entities.append(Entity(open_start, open_end, open_label, text[open_start:open_end]))
    return Document(text, tuple(entities), id=doc_id)


def write_conll(documents: Iterable[Document], path: Path | str) -> None:
    """Write documents as sentences of tokens and IOB2 tags; ``read_conll`` finds the same entities.

    Tokens are those of ``khabar.render.conll``: a proclitic before an entity is one of its own.
    Relations, ids and the white space between tokens are not kept. The file appears under its name
    only when it is whole.

    Raises:
        ValueError: two entities overlap, or an entity is nothing but white space; names the document.
    """
    with written_whole(path) as target:
        for position, document in enumerate(documents):
            try:
                sentences = tokens_and_tags(document)
            except ValueError as error:
                raise ValueError(f"document {document.id or position}: {error}") from error
            for rows in sentences:
                target.writelines(f"{token}\t{tag}\n" for token, tag in rows)
                target.write("\n")
