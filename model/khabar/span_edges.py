"""Where a span begins and ends, letter by letter: what words cannot say.

The encoder tags words. A word without its last letter, half a pair of quotes or a preposition that
hangs on at the end are mended here, in the original text.
"""

from __future__ import annotations

import re
from typing import Final

_TATWEEL: Final = "\u0640"
_PARTNERS: Final = {"«": "»", "“": "”", "(": ")", "[": "]", '"': '"'}
_OPENING: Final = re.compile("[" + re.escape("".join(_PARTNERS)) + "]")
_OPENERS: Final = {closer: opener for opener, closer in _PARTNERS.items()}
#: Marks that part one thing from the next. A full stop is none: it belongs to abbreviations («د.»).
_SEPARATORS: Final = frozenset("،,؛;:|•-–—")
#: A name ends on «من» or «في» by mistake only; «عن» and «أو» end some («نائب عن», «حزب أو»).
_LAST_PREPOSITION: Final = re.compile(r"(?<!\s)\s+(?:من|في|فى|على|إلى|الى|مع)$")


def tidy_edges(text: str, start: int, end: int, limit: int) -> tuple[int, int]:
    """The span without what does not belong at its edges, and with what it lacks there.

    * White space, separators, and quotes or brackets without their partner go from both edges.
    * A bare preposition goes from the end, where something stands before it.
    * The partner of a quote or bracket inside is taken in, where it follows at once.
    * Tatweel after the last letter is taken in: the «ه» of a Hijri year is written «هـ».

    Args:
        text: the whole text.
        start: first character of the span.
        end: the character after its last one.
        limit: the character that the span must not reach beyond, at least ``end``.

    Returns:
        The new ``(start, end)``; ``start == end`` where nothing is left.
    """
    end = _with_last_letters(text, start, end, limit)
    before = (-1, -1)
    while start < end and before != (start, end):
        before = (start, end)
        start, end = _without_marks(text, start, end)
        if hanging := _LAST_PREPOSITION.search(text, start, end):
            end = hanging.start()
    return start, end


def _with_last_letters(text: str, start: int, end: int, limit: int) -> int:
    """The end of the span with the tatweel and the closing mark that follow and belong to it."""
    letters = end
    while letters < limit and text[letters] == _TATWEEL:
        letters += 1
    # Between two numbers or words it is a dash: «2010ـ2011».
    if not text[letters : letters + 1].isalnum():
        end = letters
    missing = _unclosed(text[start:end])
    if missing is None:
        return end
    after = end + 1 if text[end : end + 1] == " " else end
    return after + 1 if after < limit and text[after] == missing else end


def _unclosed(span: str) -> str | None:
    """The partner of the last quote or bracket that is open in a span; one at its edges does not count."""
    for mark in reversed(_OPENING.findall(span, 1, max(1, len(span) - 1))):
        if not _paired(span, mark, _PARTNERS[mark]):
            return _PARTNERS[mark]
    return None


def _paired(span: str, opener: str, closer: str) -> bool:
    if opener == closer:
        return span.count(opener) % 2 == 0
    return span.count(opener) <= span.count(closer)


def _without_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """One mark or blank less at each edge that has one to lose."""
    span = text[start:end]
    if _is_loose(span[-1], span):
        return start, end - 1
    # A sign before a number stays: «-5 درجات».
    if _is_loose(span[0], span) and not (span[0] in "-–" and span[1:2].isdigit()):
        return start + 1, end
    return start, end


def _is_loose(mark: str, span: str) -> bool:
    """Whether a mark at the edge of a span does not belong to it."""
    if mark.isalnum():
        return False
    if mark.isspace() or mark in _SEPARATORS:
        return True
    if mark in _PARTNERS:
        return not _paired(span, mark, _PARTNERS[mark])
    return mark in _OPENERS and span.count(mark) > span.count(_OPENERS[mark])
