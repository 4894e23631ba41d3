import json
from xml.etree import ElementTree

import pytest

from khabar import ENTITY_LABELS, RELATION_LABELS, Document, Entity, Relation
from khabar_data.errors import DataError
from khabar_data.label_studio import labeling_interface, read_label_studio, write_label_studio
from tests.annotated import annotated

TEXT = "زارت نوال الدمام أمس"


def region(key, start, end, text, *labels, **more):
    value = {"start": start, "end": end, "text": text, "labels": list(labels)}
    return {
        "value": value, "id": key, "from_name": "label", "to_name": "text", "type": "labels",
        "origin": "manual", **more,
    }  # fmt: skip


def arrow(start, end, *labels, direction="right"):
    return {
        "from_id": start,
        "to_id": end,
        "type": "relation",
        "direction": direction,
        "labels": list(labels),
    }


NAWAL, DAMMAM = region("Dx_aB9", 5, 9, "نوال", "PER"), region("q1", 10, 16, "الدمام", "GPE")


def annotation(*results, **more):
    return {
        "id": 7, "completed_by": 1, "result": list(results), "was_cancelled": False, "ground_truth": False,
        "created_at": "2024-03-09T22:16:08.728353Z", "updated_at": "2024-03-09T22:16:08.728378Z",
        "lead_time": 4.2, **more,
    }  # fmt: skip


def task(*annotations, text=TEXT, number=12, **more):
    return {
        "id": number, "annotations": list(annotations), "drafts": [], "predictions": [],
        "data": {"text": text}, "meta": {}, "project": 3, "total_annotations": len(annotations), **more,
    }  # fmt: skip


def export(tmp_path, *tasks):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def read_one(tmp_path, *results, text=TEXT):
    reading = read_label_studio(export(tmp_path, task(annotation(*results), text=text)))
    (document,) = reading.documents
    return document, list(reading.notices)


def test_an_export_is_read_in_text_order(tmp_path):
    document, notices = read_one(tmp_path, arrow("Dx_aB9", "q1", "PRESENT_AT"), DAMMAM, NAWAL)
    assert (document.id, document.text) == ("12", TEXT)
    assert document.entities == (Entity(5, 9, "PER", "نوال"), Entity(10, 16, "GPE", "الدمام"))
    assert document.relations == (Relation(0, 1, "PRESENT_AT"),)
    assert notices == []


@pytest.mark.parametrize(
    ("direction", "label", "expected"),
    [
        ("right", "PRESENT_AT", [(0, 1)]),
        ("left", "PRESENT_AT", [(1, 0)]),
        ("bi", "MEETS_WITH", [(0, 1)]),
        ("bi", "MEMBER_OF", [(0, 1), (1, 0)]),
    ],
)
def test_directions(tmp_path, direction, label, expected):
    document, notices = read_one(tmp_path, NAWAL, DAMMAM, arrow("Dx_aB9", "q1", label, direction=direction))
    assert [(relation.head, relation.tail) for relation in document.relations] == expected
    assert ["points both ways" in notice for notice in notices] == [True] * (len(expected) - 1)


def test_the_last_completed_annotation_is_taken_and_the_others_said(tmp_path):
    old = annotation(NAWAL, updated_at="2024-03-10T08:00:00.000000Z")
    new = annotation(DAMMAM, updated_at="2024-03-11T08:00:00.000000Z")
    cancelled = annotation(NAWAL, was_cancelled=True, updated_at="2024-05-01T08:00:00.000000Z")
    path = export(tmp_path, task(new, old, cancelled, predictions=[{"result": []}]))
    reading = read_label_studio(path)
    assert [entity.text for entity in reading.documents[0].entities] == ["الدمام"]
    assert list(reading.notices) == [
        f"1 x item of 'predictions', not carried; the first: {path}: task 12",
        f"1 x cancelled annotation, not carried; the first: {path}: task 12",
        f"1 x annotation besides the last completed one, not carried; the first: {path}: task 12",
    ]


def test_without_times_the_last_of_the_list_is_taken(tmp_path):
    first, last = {"result": [NAWAL]}, {"result": [DAMMAM]}
    (document,) = read_label_studio(export(tmp_path, task(first, last))).documents
    assert document.entities[0].text == "الدمام"


def test_skipped_and_open_tasks_are_said(tmp_path):
    path = export(
        tmp_path,
        task(annotation(NAWAL, was_cancelled=True), number=1),
        task(number=2),
        task(number=3),
        task(annotation(), number=4),
    )
    reading = read_label_studio(path)
    assert [document.id for document in reading.documents] == ["4"]
    assert list(reading.notices)[1:] == [
        f"1 x skipped task, left out; the first: {path}: task 1",
        f"2 x task without annotation, left out; the first: {path}: task 2",
    ]


def test_utf16_and_shifted_offsets_are_mended_and_said(tmp_path):
    text = "🏆🎉🏆🎉🏆🎉🏆🎉🏆🎉 فازت نهى"
    document, notices = read_one(tmp_path, region("a", 26, 29, "نهى", "PER"), text=text)
    assert document.entities == (Entity(16, 19, "PER", "نهى"),)
    assert "1 x region counted in UTF-16 code units; the first" in notices[0]
    # The end lies one past the text, as selections of right-to-left text have come out.
    document, notices = read_one(tmp_path, region("a", 18, 21, "أمس", "DATE"))
    assert document.entities == (Entity(17, 20, "DATE", "أمس"),)
    assert "task 12: result[0]" in notices[0]
    assert "moved by 1" in notices[0]


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (
            [region("a", 5, 99, "سمرقند", "PER")],
            r"result\[0\]: span \[5, 99\) is not inside the text of 20 char",
        ),
        (
            [region("a", 5, 9, "سمرقند", "PER")],
            r"'سمرقند' is not what stands at \[5, 9\): 'نوال', nor just be",
        ),
        ([region("a", 5, 5, "", "PER")], r"span \[5, 5\) is not inside"),
        ([region("a", "5", 9, "نوال", "PER")], "'start' and 'end' are '5' and 9, expected code points"),
        ([{**NAWAL, "value": None}], "field 'value': expected an object, got NoneType"),
        (
            [{**NAWAL, "value": {**NAWAL["value"], "labels": "PER"}}],
            "'value.labels': expected a list of labels",
        ),
        ([{**NAWAL, "type": "hypertextlabels"}], "marked in <HyperText>; annotate the text in <Text>"),
        ([NAWAL, arrow("Dx_aB9", "gone", "X")], r"result\[1\]: to_id 'gone' is no labelled region"),
        ([NAWAL, arrow("Dx_aB9", "Dx_aB9", "X", direction="up")], "direction 'up'; Label Studio knows right"),
        (["x"], "annotation 7: field 'result': expected a list of objects"),
    ],
)
def test_what_cannot_be_placed_names_file_task_and_region(tmp_path, results, message):
    with pytest.raises(DataError, match=rf"export\.json: task 12: .*{message}"):
        read_one(tmp_path, *results)


def test_what_has_no_place_is_counted(tmp_path):
    choices = {
        "id": "c",
        "from_name": "theme",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["x"]},
    }
    bare = region("e", 17, 20, "أمس")
    double = region("d", 17, 20, "أمس", "DATE", "EVENT")
    unchecked = {**NAWAL, "value": {"start": 5, "end": 9, "labels": ["PER"]}}
    document, notices = read_one(tmp_path, choices, bare, double, unchecked, arrow("d", "d"))
    assert [(e.label, e.text) for e in document.entities] == [
        ("PER", "نوال"),
        ("DATE", "أمس"),
        ("EVENT", "أمس"),
    ]
    assert [notice.partition(";")[0] for notice in notices] == [
        "1 x result of type 'choices', not carried",
        "1 x region without a label, not carried",
        "1 x region with several labels, an entity each",
        "1 x region without a stored text to check its offsets by",
        "1 x relation without a label, not carried",
    ]


def test_the_text_may_stand_in_another_field(tmp_path):
    done = annotation(NAWAL)
    alone = export(tmp_path, task(done, data={"Full_Text": TEXT, "id": "w_1", "meta": {"theme": "travel"}}))
    (document,) = read_label_studio(alone).documents
    assert (document.id, document.meta) == ("w_1", {"theme": "travel"})
    several = export(tmp_path, task(done, data={"title": "عنوان", "body": TEXT}))
    assert read_label_studio(several, text_field="body").documents[0].text == TEXT
    with pytest.raises(
        DataError,
        match=r"task 12: which field of 'data' is the text\? name one with --text-field: title, body",
    ):
        read_label_studio(several)
    with pytest.raises(DataError, match=r"task 12: no text in data\.lead name one with --text-field: title"):
        read_label_studio(several, text_field="lead")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"id": 1,]', r"export\.json:1: is not JSON: .* at column"),
        (
            '[{"id": 1, "text": "x", "label": []}]',
            "task number 0 is no object with 'data': export as JSON; JSON_MIN",
        ),
        ("[7]", "task number 0 is no object with 'data'"),
        ('[{"data": {"text": "x", "meta": 5}, "annotations": [{"result": []}]}]', "number 0: field 'meta'"),
    ],
)
def test_a_file_that_is_no_export_is_named(tmp_path, content, message):
    (tmp_path / "export.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_label_studio(tmp_path / "export.json")
    with pytest.raises(DataError, match=r"none\.json: cannot be read: No such file"):
        read_label_studio(tmp_path / "none.json")


def written(tmp_path, documents, **options):
    notices = write_label_studio(documents, tmp_path / "tasks.json", **options)
    return json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8")), list(notices)


def test_documents_come_back_with_ids_and_meta(tmp_path):
    wanted = [
        annotated("التقى [1:PER عمر] [2:PER زيد] في [3:GPE مراكش]\n> 1 MEETS_WITH 2; 2 PRESENT_AT 3", "d_1"),
        Document("", id="d_2", meta={"theme": "sport"}),
        Document("نص\r\nآخر 🎉", (Entity(8, 9, "EVENT", "🎉"),)),
    ]
    tasks, notices = written(tmp_path, wanted)
    reading = read_label_studio(tmp_path / "tasks.json")
    assert reading.documents == wanted
    assert reading.documents[1].meta == {"theme": "sport"}
    assert notices == list(reading.notices) == []
    assert [item.get("direction") for item in tasks[0]["annotations"][0]["result"][3:]] == ["bi", "right"]


def test_ids_of_results_never_repeat(tmp_path):
    tasks, _ = written(tmp_path, [annotated("[PER عمر] [PER زيد]", name) for name in "abc"])
    ids = [item["id"] for held in tasks for item in held["annotations"][0]["result"]]
    assert len(ids) == len(set(ids)) == 6


def test_a_pair_of_entities_has_one_arrow_with_all_its_labels(tmp_path):
    document = annotated(
        "[1:ORG أ] [2:ORG ب]\n> 1 MEMBER_OF 2; 1 COOPERATES_WITH 2; 2 PART_OF 1; 1 MEMBER_OF 2"
    )
    tasks, notices = written(tmp_path, [document])
    arrows = [item for item in tasks[0]["annotations"][0]["result"] if item["type"] == "relation"]
    assert [(item["labels"], item["direction"]) for item in arrows] == [
        (["MEMBER_OF", "COOPERATES_WITH"], "right"),
        (["PART_OF"], "right"),
    ]
    assert notices == ["1 x relation that stands twice, written once; the first: d_1: relations[3]"]


def test_predictions_carry_their_scores(tmp_path):
    document = Document(
        "سلمى في صنعاء",
        (Entity(0, 4, "PER", "سلمى", 0.9), Entity(8, 13, "GPE", "صنعاء", 0.6)),
        (Relation(0, 1, "PRESENT_AT", 0.5),),
    )
    tasks, notices = written(tmp_path, [document, Document("لا شيء")], predicted_by="tiny")
    (prediction,) = tasks[0]["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("tiny", 0.75)
    assert [item.get("score") for item in prediction["result"]] == [0.9, 0.6, None]
    assert "annotations" not in tasks[0]
    assert "score" not in tasks[1]["predictions"][0]
    assert notices == ["1 x score of a relation, not carried; the first: None: relations[0]"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    written(tmp_path, [Document("أول")])

    def failing():
        yield Document("ثان")
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        write_label_studio(failing(), tmp_path / "tasks.json")
    assert [file.name for file in tmp_path.iterdir()] == ["tasks.json"]
    assert read_label_studio(tmp_path / "tasks.json").documents[0].text == "أول"


def test_no_documents_give_an_empty_list(tmp_path):
    assert written(tmp_path, []) == ([], [])


def test_the_interface_names_every_label_and_reads_what_tasks_say():
    view = ElementTree.fromstring(labeling_interface())
    assert tuple(label.get("value") for label in view.iter("Label")) == ENTITY_LABELS
    assert tuple(relation.get("value") for relation in view.iter("Relation")) == RELATION_LABELS
    (text,), (labels,) = view.iter("Text"), view.iter("Labels")
    assert (text.get("name"), text.get("value")) == ("text", "$text")
    assert (labels.get("name"), labels.get("toName")) == ("label", "text")
