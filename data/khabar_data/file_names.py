"""Document ids -> names of files: safe on every system, no two alike, and readable back as ids.

Letters of any script stay as they are. A character that a path, a shell or a file system would read
otherwise is written as ``%`` and the hexadecimal bytes of its UTF-8, as in a web address.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

_UNSAFE: Final = frozenset('/\\:*?"<>|%~$`')
#: Bytes of a name without its suffix; file systems end at 255.
_LONGEST: Final = 200
#: What Windows takes for devices, whatever the suffix.
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))]
)


def file_names(ids: Iterable[str | None]) -> list[str]:
    """A name without a suffix for each id, in order.

    A document without an id is called by its position from 1; of two names that a file system might
    hold to be one, the later gets ``~2`` behind it. ``id_of`` gives an id back unless its name had to
    be made up, cut or told apart.
    """
    names: list[str] = []
    taken: set[str] = set()
    for position, doc_id in enumerate(ids, start=1):
        base = _name(doc_id) if doc_id else f"document-{position}"
        name, copy = base, 1
        while _folded(name) in taken:
            copy += 1
            name = f"{base}~{copy}"
        taken.add(_folded(name))
        names.append(name)
    return names


def id_of(name: str) -> str:
    """The id that ``file_names`` wrote as ``name``; a name of other origin without ``%`` is itself."""
    try:
        return unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name


def _name(doc_id: str) -> str:
    last = len(doc_id) - 1
    name = "".join(
        _escaped(c) if _is_unsafe(c) or (i in (0, last) and c in ". ") else c for i, c in enumerate(doc_id)
    )
    if name.split(".")[0].casefold() in _DEVICES:
        name = _escaped(name[0]) + name[1:]
    if len(name.encode()) <= _LONGEST:
        return name
    return f"{name.encode()[:_LONGEST].decode(errors='ignore')}~{sha256(doc_id.encode()).hexdigest()[:8]}"


def _is_unsafe(character: str) -> bool:
    return character in _UNSAFE or (character != " " and unicodedata.category(character)[0] in "CZ")


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", errors="surrogatepass"))


def _folded(name: str) -> str:
    """Names that differ in case or in composition alone are one on some file systems."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
