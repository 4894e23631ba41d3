"""Split a text into sentences, as the annotation guidelines define them.

``.`` ``؟`` ``!`` ``؛`` and a line break end a sentence. A dot inside a number, after a one-letter
abbreviation («د.») or inside a Latin word (U.S., khabar.example) does not.
"""

from __future__ import annotations

import re
from typing import Final

_CLOSERS: Final = "»”\"'’)\\]"
_END: Final = re.compile(rf"\n|[؟!؛]+[{_CLOSERS}]*|[.…]+[{_CLOSERS}]*")
#: One letter, or «د» behind a proclitic («ود.»).
_ABBREVIATION: Final = re.compile(r"(?:^|[\s(«\"“.])(?:[^\W\d_]|[وفبل]د)ـ?$")
_LATIN_OR_DIGIT: Final = re.compile(r"[A-Za-z0-9٠-٩]")
#: What ends a line.
LINE_BREAKS: Final = frozenset("\n\r\u2028\u2029\x0b\x0c\x85")
_TO_NEWLINE: Final = str.maketrans(dict.fromkeys(LINE_BREAKS, "\n"))


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the sentences of ``text`` as half-open ranges ``[start, end)``, in order.

    The ranges do not overlap; what lies between them is white space only, and none of them begins
    or ends in white space. A text without any letter, digit or mark gives an empty list.
    """
    plain = text.translate(_TO_NEWLINE)
    sentences: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(plain):
        if match[0][0] in ".…" and not _ends_sentence(plain, match):
            continue
        _append_trimmed(plain, start, match.end(), sentences)
        start = match.end()
    _append_trimmed(plain, start, len(plain), sentences)
    return sentences


def _ends_sentence(text: str, dot: re.Match[str]) -> bool:
    """Whether a match that starts with a dot closes its sentence."""
    before, after = text[max(0, dot.start() - 3) : dot.start()], text[dot.end() : dot.end() + 1]
    if dot[0][:2] in ("..", ".…", "…"):
        return True
    inside_token = len(dot[0]) == 1 and _LATIN_OR_DIGIT.match(after) and _LATIN_OR_DIGIT.search(before[-1:])
    return not inside_token and _ABBREVIATION.search(before) is None


def _append_trimmed(text: str, start: int, end: int, sentences: list[tuple[int, int]]) -> None:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right:
        sentences.append((left, right))
