import numpy as np
import pytest

from khabar.window_cache import CachedSession


class Counting:
    """Says the ids back, and counts how often it was asked."""

    def __init__(self):
        self.asked = 0

    def encode(self, ids):
        self.asked += 1
        return ids * 1.0, ids * 2.0, ids * 3.0

    def relate(self, hidden, spans, pairs):
        return hidden


def window(*ids):
    return np.array(ids, dtype=np.int64)


def test_a_window_that_comes_again_is_not_read_again():
    session = Counting()
    cached = CachedSession(session, 4)
    first, again = cached.encode(window(1, 2)), cached.encode(window(1, 2))
    assert session.asked == 1
    assert first is again
    cached.encode(window(2, 1))
    assert session.asked == 2


def test_the_one_not_asked_for_the_longest_goes_first():
    session = Counting()
    cached = CachedSession(session, 2)
    for ids in ((1,), (2,), (1,), (3,), (1,)):
        cached.encode(window(*ids))
    assert session.asked == 3
    cached.encode(window(2))
    assert session.asked == 4


def test_long_windows_are_not_kept():
    session = Counting()
    cached = CachedSession(session, 4)
    long = np.arange(41)
    cached.encode(long)
    cached.encode(long)
    assert session.asked == 2


def test_what_is_remembered_cannot_be_written_to():
    cached = CachedSession(Counting(), 4)
    with pytest.raises(ValueError, match="read-only"):
        cached.encode(window(1))[0][0] = 9
