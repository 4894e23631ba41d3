import pytest

from khabar_data.offsets import Placed, place_surface

TEXT = "فازت 🏆🎉 نهى بسباق العين"


@pytest.mark.parametrize(
    ("start", "end", "surface", "expected"),
    [
        (8, 11, "نهى", Placed(8, 11)),
        # The browser counts each emoji twice.
        (10, 13, "نهى", Placed(8, 11, "counted in UTF-16 code units")),
        (5, 9, "🏆🎉", Placed(5, 7, "counted in UTF-16 code units")),
        (9, 12, "نهى", Placed(8, 11, "moved by 1 to where its text stands")),
        (20, 25, "العين", Placed(18, 23, "counted in UTF-16 code units")),
        (19, 24, "العين", Placed(18, 23, "moved by 1 to where its text stands")),
        # What a tool trimmed or folded is no other text.
        (7, 12, "نهى", Placed(7, 12)),
        (0, 3, "نهى", Placed(8, 11, "moved by 8 to where its text stands")),
        (0, 5, "العين", None),
        (8, 12, "نهى", Placed(8, 12)),
        (8, 14, "نهى", Placed(8, 11, "moved by 3 to where its text stands")),
        (8, 40, "نهى", None),
        (8, 11, "ليلى", None),
        (90, 93, "نهى", None),
        (-2, 1, "", None),
    ],
)
def test_a_surface_is_found_where_it_was_marked(start, end, surface, expected):
    assert place_surface(TEXT, start, end, surface) == expected


def test_line_breaks_of_two_characters_that_a_browser_counts_once():
    text = "سطر\r\nآخر\r\nفيه هدى"
    folded = text.replace("\r\n", "\n")
    start = folded.index("هدى")
    placed = place_surface(text, start, start + 3, "هدى")
    assert placed == Placed(14, 17, "counted with a line break of two characters as one")
    assert text[14:17] == "هدى"


def test_both_at_once():
    text = "🎉" * 20 + "\r\n" * 20 + "هدى"
    placed = place_surface(text, 60, 63, "هدى")
    assert placed == Placed(60, 63)
    text = "🎉" * 20 + "\r\n" * 3 + "هدى"
    placed = place_surface(text, 43, 46, "هدى")
    assert placed is not None
    assert (placed.start, placed.end) == (26, 29)
    assert "UTF-16 code units, with a line break" in placed.mended


def test_of_two_equally_near_places_none_is_taken():
    assert place_surface("هدى سعد هدى", 4, 7, "هدى") is None
    assert place_surface("هدى سعد هدى", 5, 8, "هدى") == Placed(8, 11, "moved by 3 to where its text stands")
