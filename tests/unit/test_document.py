import json

import pytest

from khabar import Document, DocumentError, Entity, Relation

RECORD = {
    "id": "a",
    "text": "زار سامي القاهرة",
    "entities": [{"start": 9, "end": 16, "label": "GPE"}, {"start": 4, "end": 8, "label": "PER"}],
    "relations": [{"head": 1, "tail": 0, "label": "PRESENT_AT"}],
    "meta": {"theme": "politics"},
}


def test_entities_are_put_in_text_order_and_relations_follow_them():
    document = Document.from_dict(RECORD)
    assert [entity.text for entity in document.entities] == ["سامي", "القاهرة"]
    assert document.relations == (Relation(0, 1, "PRESENT_AT"),)
    assert document.meta == {"theme": "politics"}


def test_the_json_form_round_trips():
    document = Document.from_dict(RECORD)
    assert Document.from_dict(json.loads(json.dumps(document.to_dict()))) == document


def test_a_score_takes_no_part_in_comparison():
    assert Entity(0, 4, "PER", "سامي", 0.7) == Entity(0, 4, "PER", "سامي")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": None}, "field 'text': expected a string, got NoneType"),
        ({"id": 5}, "field 'id'"),
        ({"meta": []}, "field 'meta'"),
        ({"entities": {}}, "field 'entities': expected a list"),
        ({"entities": [7]}, r"field 'entities\[0\]': expected an object"),
        ({"entities": [{"start": 4, "end": 99, "label": "PER"}]}, r"span \[4, 99\) is not inside the text"),
        ({"entities": [{"start": 4, "end": 4, "label": "PER"}]}, r"span \[4, 4\)"),
        (
            {"entities": [{"start": "4", "end": 8, "label": "PER"}]},
            r"entities\[0\].start': expected an integer",
        ),
        ({"entities": [{"start": True, "end": 8, "label": "PER"}]}, r"entities\[0\].start'"),
        ({"entities": [{"start": 4, "end": 8}]}, r"entities\[0\].label'"),
        ({"entities": [{"start": 4, "end": 8, "label": "PER", "text": "سالم"}]}, r"entities\[0\].text'"),
        ({"entities": [{"start": 4, "end": 8, "label": "PER", "score": "x"}]}, r"entities\[0\].score'"),
        ({"relations": [{"head": 1, "tail": 5, "label": "PRESENT_AT"}]}, r"relations\[0\].tail': 5 is not"),
    ],
)
def test_a_malformed_record_names_the_field(change, message):
    with pytest.raises(DocumentError, match=message):
        Document.from_dict({**RECORD, **change})


def test_a_record_that_is_no_object():
    with pytest.raises(DocumentError, match="got list"):
        Document.from_dict([])
