import json

import pytest

from khabar import Document, Entity
from khabar_data.brat import read_brat
from khabar_data.preannotate import main, most_uncertain_first, write_for
from khabar_data.uncertainty import uncertainty

RAW = {
    "a.txt": "التقى وزير الخارجية المصري سامي عزيز نظيره السوداني في القاهرة أمس.",
    "b.txt": "قالت وزارة الدفاع العراقية إن قوات البيشمركة تسلمت 40 صاروخا يوم الخميس.",
    "empty.txt": "",
}


def tagged(doc_id, *scores):
    text = "ابجد" * 3
    return Document(text, tuple(Entity(i, i + 1, "PER", text[i], s) for i, s in enumerate(scores)), id=doc_id)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [((1.0,), 0.0), ((0.5, 0.75), 0.375), ((0.5, None), 0.5), ((), None), ((None,), None)],
)
def test_uncertainty_is_the_mean_of_what_scores_lack(scores, expected):
    assert uncertainty(tagged("a", *scores)) == expected


def test_a_long_article_is_not_more_uncertain_for_its_length():
    assert uncertainty(tagged("a", 0.5)) == uncertainty(tagged("b", *[0.5] * 9))


def test_the_least_sure_comes_first_and_nothing_found_last():
    documents = [tagged("sure", 1.0), tagged("empty"), tagged("unsure", 0.25), tagged("same", 0.25)]
    assert [document.id for document in most_uncertain_first(documents)] == [
        "unsure",
        "same",
        "sure",
        "empty",
    ]


def test_brat_lists_files_by_rank(tmp_path):
    documents = [tagged(f"../d{n}.txt", 0.5) for n in range(11)]
    write_for("brat", documents, tmp_path / "out", "tiny")
    found = read_brat(tmp_path / "out")
    assert [document.id for document in found.documents][:2] == ["01-../d0", "02-../d1"]
    assert "11 x note (#), not carried" in next(iter(found.notices))


def test_label_studio_gets_scores_and_an_interface(tmp_path):
    documents = [tagged("a", 0.5, 0.75), tagged("b")]
    assert not write_for("label-studio", documents, tmp_path / "tasks.json", "tiny")
    first, second = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    assert first["predictions"][0]["score"] == 0.625
    assert [item["score"] for item in first["predictions"][0]["result"]] == [0.5, 0.75]
    assert first["data"]["id"] == "a"
    assert second["predictions"] == [{"model_version": "tiny", "result": []}]
    assert (tmp_path / "tasks.interface.xml").read_text(encoding="utf-8").startswith("<View>")


@pytest.fixture
def raw(tmp_path):
    for name, text in RAW.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    lines = [{"id": "j_1", "text": RAW["a.txt"], "theme": "visit"}]
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return [str(tmp_path / name) for name in (*RAW, "c.jsonl")]


def test_raw_articles_are_tagged_and_ordered(tmp_path, raw, tiny_bundle, capsys):
    status = main([*raw, str(tmp_path / "tasks.json"), "--to", "label-studio", "--model", str(tiny_bundle)])
    out = capsys.readouterr().out
    assert status == 0, out
    tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    assert sorted(task["data"]["id"] for task in tasks) == ["a.txt", "b.txt", "empty.txt", "j_1"]
    scores = [task["predictions"][0].get("score") for task in tasks]
    known = [score for score in scores if score is not None]
    assert known == sorted(known)
    assert known + [None] * (4 - len(known)) == scores
    assert tasks[-1]["data"]["id"] == "empty.txt"
    assert next(task for task in tasks if task["data"]["id"] == "j_1")["data"]["meta"] == {"theme": "visit"}
    assert "empty.txt: nothing found, 0 entities\n" in out
    assert f"{tmp_path / 'tasks.json'}: 4 documents\n" in out


def test_raw_articles_for_brat(tmp_path, raw, tiny_bundle):
    assert main([*raw[:2], str(tmp_path / "out"), "--to", "brat", "--model", str(tiny_bundle)]) == 0
    documents = read_brat(tmp_path / "out").documents
    assert {document.text for document in documents} == {RAW["a.txt"], RAW["b.txt"]}
    assert [document.id[:2] for document in documents] == ["1-", "2-"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.txt", "out.json", "--to", "label-studio"], "none.txt: no such file"),
        (
            ["a.txt", "out.txt", "--to", "label-studio"],
            "out.txt: Label Studio imports .json files; end the name",
        ),
        (["a.txt", ".", "--to", "brat"], "is a folder that holds files"),
        (["a.txt", "out.json", "--to", "label-studio", "--model", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(tmp_path, raw, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nowhere").mkdir()
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
