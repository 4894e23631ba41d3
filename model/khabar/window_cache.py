"""A bounded memory of short windows: menus, captions and by-lines come back on every page of a site."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

from khabar.session import EncoderSession, Floats, Indices

#: Longer windows are prose, which does not come twice; this also bounds an entry to some 50 kB.
_LONGEST: Final = 40

Read = tuple[Floats, Floats, Floats]


class CachedSession:
    """An ``EncoderSession`` that remembers what the encoder said about the last short windows.

    A window that comes again gets the very arrays of the first time, so results do not depend on it.
    Safe to call from several threads.

    Args:
        session: reads what is not remembered.
        size: windows at most; the one not asked for the longest goes first.
    """

    def __init__(self, session: EncoderSession, size: int) -> None:
        self._session, self._size = session, size
        self._known: OrderedDict[bytes, Read] = OrderedDict()
        self._lock = Lock()

    def encode(self, ids: Indices) -> Read:
        """As ``EncoderSession.encode``; the arrays are read-only."""
        if len(ids) > _LONGEST:
            return self._session.encode(ids)
        key = ids.tobytes()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        read = self._session.encode(ids)
        for array in read:
            array.flags.writeable = False
        with self._lock:
            self._known[key] = read
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return read

    def relate(
        self, hidden: Floats, spans: tuple[Indices, Indices, Indices], pairs: tuple[Indices, Indices]
    ) -> Floats:
        """As ``EncoderSession.relate``."""
        return self._session.relate(hidden, spans, pairs)
