import pytest

from khabar.span_edges import tidy_edges


def tidied(text, span, limit=None):
    start = text.index(span)
    start, end = tidy_edges(text, start, start + len(span), len(text) if limit is None else limit)
    return text[start:end]


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("في 26 شعبان 1443 هـ مساء", "26 شعبان 1443 ه", "26 شعبان 1443 هـ"),
        ("بين 2010ـ2011 مثلا", "2010", "2010"),
        ("الطائرة «بسارا» أقلعت", "بسارا»", "بسارا"),
        ("حزب «الأمة» فاز", "حزب «", "حزب"),
        ("حزب «الأمة» فاز", "حزب «الأمة", "حزب «الأمة»"),
        ("ملتقى « الغد » بدأ", "ملتقى « الغد", "ملتقى « الغد »"),
        ('ملتقى "غدا 2020 " بدأ', 'ملتقى "غدا 2020', 'ملتقى "غدا 2020 "'),
        ("المادة الخامسة من القانون", "المادة الخامسة من", "المادة الخامسة"),
        ("سالم بن عيسى - تونس", "سالم بن عيسى -", "سالم بن عيسى"),
        ("بلغت -5 درجات", "-5 درجات", "-5 درجات"),
        ("نسبة 20% من", "20%", "20%"),
        ("وقال د. سالم", "د.", "د."),
        ("نائب عن الحزب", "نائب عن", "نائب عن"),
        ("«حزب الأمة» فاز", "«حزب الأمة»", "«حزب الأمة»"),
        ("في من", "من", "من"),
        ("قال » و", "»", ""),
    ],
)
def test_edges_gain_what_belongs_and_lose_what_does_not(text, span, expected):
    assert tidied(text, span) == expected


def test_a_span_does_not_grow_into_the_next_one():
    text = 'حزب "الأمة" فاز'
    assert tidied(text, 'حزب "الأمة', limit=text.index("الأمة") + len("الأمة")) == 'حزب "الأمة'


def test_white_space_of_any_kind_goes_from_the_edges():
    assert tidied("كيري \u001c و", "كيري \u001c") == "كيري"
