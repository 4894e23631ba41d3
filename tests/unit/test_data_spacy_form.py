import json

import pytest

from khabar import Document, Entity
from khabar_data.errors import DataError
from khabar_data.spacy_form import read_spacy, write_spacy
from tests.annotated import annotated

TEXT = "زار كمال قسنطينة"
ENTITIES = (Entity(4, 8, "PER", "كمال"), Entity(9, 16, "GPE", "قسنطينة"))
TRIPLES = [[4, 8, "PER"], [9, 16, "GPE"]]
OBJECTS = [{"start": 4, "end": 8, "label": "PER"}, {"start": 9, "end": 16, "label": "GPE"}]


def lines(tmp_path, *records):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "record",
    [
        {"text": TEXT, "entities": TRIPLES},
        {"text": TEXT, "ents": OBJECTS},
        {"text": TEXT, "spans": OBJECTS, "answer": "accept"},
        [TEXT, {"entities": TRIPLES}],
        {"text": TEXT, "ents": [*OBJECTS[::-1]]},
    ],
)
def test_each_way_to_write_a_record(tmp_path, record):
    reading = read_spacy(lines(tmp_path, record))
    assert reading.documents == [Document(TEXT, ENTITIES)]
    assert not reading.notices
    for held in (record, [record]):
        (tmp_path / "a.json").write_text(json.dumps(held), encoding="utf-8")
        assert read_spacy(tmp_path / "a.json").documents == reading.documents


def test_what_has_no_place_is_counted(tmp_path):
    path = lines(
        tmp_path,
        {"text": TEXT, "ents": OBJECTS, "spans": OBJECTS, "tokens": [], "id": 7, "meta": {"theme": "x"}},
        {"text": TEXT, "entities": [[4, 8, "PER", "Q1"]], "tokens": []},
        {"text": TEXT, "spans": OBJECTS, "answer": "reject"},
    )
    reading = read_spacy(path)
    assert [(document.id, document.meta) for document in reading.documents] == [
        ("7", {"theme": "x"}),
        (None, None),
    ]
    assert list(reading.notices) == [
        f"2 x field 'tokens', not carried; the first: {path}:1",
        f"1 x field 'spans' beside 'ents', not carried; the first: {path}:1",
        f"1 x id of a knowledge base, not carried; the first: {path}:2",
        f"1 x example with the answer 'reject', left out; the first: {path}:3",
    ]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text": TEXT}, "no field of entities; expected one of ents, spans, entities"),
        (
            {"text": TEXT, "ents": [[4, 99, "PER"]]},
            r"field 'entities\[0\]': span \[4, 99\) is not inside the text of 16",
        ),
        ({"text": TEXT, "ents": [[4, 8, None]]}, r"field 'entities\[0\].label': expected a label"),
        (
            {"text": TEXT, "ents": [[4, 8]]},
            r"entity 0: expected \[start, end, label\] or an object, got \[4, 8\]",
        ),
        ({"text": TEXT, "spans": {"sc": []}}, "field 'spans': expected a list, got dict"),
        (
            {"text": TEXT, "ents": [{**OBJECTS[0], "text": "جمال"}]},
            r"field 'entities\[0\].text': 'جمال' is not what stands at",
        ),
        ({"ents": []}, "field 'text': expected a string"),
        (7, "expected an object with 'text', or a pair of a text and an object: 7"),
    ],
)
def test_a_malformed_record_names_file_line_and_field(tmp_path, record, message):
    good = {"text": TEXT, "ents": []}
    with pytest.raises(DataError, match=rf"a\.jsonl:2: {message}"):
        read_spacy(lines(tmp_path, good, record))
    (tmp_path / "a.json").write_text(json.dumps([good, record]), encoding="utf-8")
    with pytest.raises(DataError, match=rf"a\.json: record 1: {message}"):
        read_spacy(tmp_path / "a.json")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read"):
        read_spacy(tmp_path / "none.jsonl")
    (tmp_path / "a.jsonl").write_text('{"text": "x", "ents": []}\n{', encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:2: is not JSON"):
        read_spacy(tmp_path / "a.jsonl")


def test_documents_come_back_without_relations(tmp_path):
    wanted = [
        annotated("زار [1:PER كمال] [2:GPE قسنطينة]\n> 1 PRESENT_AT 2", "a_1"),
        Document("سطر\u2028آخر", meta={"theme": "x"}),
    ]
    write_spacy(wanted, tmp_path / "a.jsonl")
    found = read_spacy(tmp_path / "a.jsonl").documents
    assert found == [Document(d.text, d.entities, (), d.id) for d in wanted]
    assert found[1].meta == {"theme": "x"}
    first = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8").split("\n")[0])
    assert first["entities"] == TRIPLES
