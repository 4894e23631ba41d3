"""The report of a model, as JSON and as a page, through the command that a user types."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from khabar import Document, Entity, Relation
from khabar.tagger import Tagger
from khabar.tokenization import WordTokenizer
from khabar_data.jsonl import write_jsonl
from khabar_data.metrics import evaluate
from khabar_training import evaluate as command
from khabar_training.evaluate import evaluate_bundle
from khabar_training.evaluation_report import TaggedTexts, score_texts
from khabar_training.report_page import render_report
from tests.gold import gold_documents
from tests.tiny_model import tiny_tokenizer

EVIL = '<script>alert("1")</script>&\''


class Page(HTMLParser):
    """What a browser would find: tags, ids, links, and the text of both sides of the documents."""

    VOID = frozenset({"meta", "br", "rect", "circle", "line"})

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.marks: list[str] = []
        self.sides: list[tuple[str | None, str]] = []
        self.attributes: set[str] = set()
        self._open: list[str] = []
        self._side = False
        self.feed(source)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.attributes |= set(found)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found.get("href") or ""] if tag == "a" else []
        self.marks += [found.get("data-label") or ""] if tag == "mark" else []
        if tag not in self.VOID:
            self._open.append(tag)
        if tag == "div" and "data-side" in found:
            assert (found["lang"], found["dir"]) == ("ar", "rtl")
            self.sides.append((found["data-side"], ""))
            self._side = True

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop() == tag
        if tag == "div":
            self._side = False

    def handle_data(self, data: str) -> None:
        if self._side:
            side, before = self.sides[-1]
            self.sides[-1] = side, before + data


@pytest.fixture(scope="module")
def gold_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "gold <b>.jsonl"
    documents = gold_documents()
    write_jsonl([replace(documents[0], id=EVIL), *documents[1:]], path)
    return path


@pytest.fixture(scope="module")
def written(tiny_bundle, gold_file):
    """The report and the page of a model with random weights, against itself, on names that it has seen."""
    output, page = gold_file.with_name("report.json"), gold_file.with_name("report.html")
    arguments = [str(gold_file), "--model", str(tiny_bundle), "--compare", str(tiny_bundle)]
    arguments += ["--seen", str(gold_file), "--output", str(output), "--html", str(page), "--worst", "3"]
    assert command.main(arguments) == 0
    return json.loads(output.read_text(encoding="utf-8")), page.read_text(encoding="utf-8")


def test_the_report_agrees_with_the_metrics_and_with_itself(written, tiny_bundle):
    report, _ = written
    gold = gold_documents()
    predicted = Tagger.from_pretrained(tiny_bundle).predict_batch([document.text for document in gold])
    scores = evaluate(gold, predicted)
    assert {key: report[key] for key in scores.to_dict()} == json.loads(json.dumps(scores.to_dict()))
    for errors, key in (("entity_errors", "ner_strict"), ("relation_errors", "rel_plus")):
        kinds = report[errors]["kinds"]
        missed = sum(count for kind, count in kinds.items() if kind.startswith("missed"))
        assert sum(kinds.values()) - kinds["spurious"] == report[key]["support"]
        assert sum(kinds.values()) - missed == report[key]["predicted"]
    assert report["ner_overlap"]["f1"] >= report["ner_strict"]["f1"]
    assert report["calibration"]["entities"]["count"] == report["ner_strict"]["predicted"]
    assert set(report["intervals_95"]) == {
        "ner_strict",
        "ner_overlap",
        "rel_plus",
        "rel",
        "entities",
        "relations",
    }
    assert report["intervals_95"]["entities"]["MONEY"] is not None


def test_names_of_the_scored_file_itself_are_all_seen(written):
    groups = written[0]["seen_names"]["groups"]
    assert groups["seen"]["support"] == written[0]["ner_strict"]["support"]
    assert groups["seen"]["recall"] == written[0]["ner_strict"]["recall"]
    assert groups["unseen"]["support"] == groups["seen_with_another_label"]["support"] == 0


def test_a_model_does_not_differ_from_itself(written):
    for test in written[0]["comparison"]["tests"].values():
        assert (test["difference"], test["p_value"], test["documents_equal"]) == (0.0, 1.0, 8)
    assert written[0]["comparison"]["scores"]["ner_strict"] == written[0]["ner_strict"]


def test_the_json_holds_no_text(written):
    report, _ = written
    texts = [document.text for document in gold_documents()]
    assert not [text for text in texts if text[:20] in json.dumps(report, ensure_ascii=False)]
    assert len(report["worst_documents"]) == 3


def test_the_report_of_the_function_keeps_the_keys_that_others_read(tiny_bundle):
    report = evaluate_bundle(tiny_bundle, gold_documents(), quantized=True)
    assert set(report) >= {
        "model",
        "quantized",
        "documents",
        "words",
        "words_per_second",
        "intervals_95",
        "word_level_f1",
        "ner_strict",
        "rel_plus",
        "rel",
        "rel_plus_macro_f1",
        "proclitic_only_errors",
        "entities",
        "relations",
    }


def test_the_page_is_well_formed_loads_nothing_and_runs_nothing(written):
    source = written[1]
    page = Page(source)
    assert "default-src 'none'" in source
    assert not re.search(r"https?://|@import|url\(|\ssrc=|<script|<link", source)
    assert not {name for name in page.attributes if name.startswith("on")}
    assert "prefers-color-scheme: dark" in source
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} == {
        anchor for anchor in page.ids if not anchor.startswith("worst-")
    }


def cells(source: str, section: str) -> dict[str, list[str]]:
    """The rows of the first table of a section: name -> the text of its cells."""
    table = source[source.index(f'<section id="{section}">') :].partition("</table>")[0]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', table)
    return {
        plain(re.sub("<small>.*?</small>", "", name)): [
            plain(cell) for cell in re.findall("<td>(.*?)</td>", row)
        ]
        for name, row in rows
    }


def plain(markup: str) -> str:
    return re.sub("<[^>]+>", "", markup).strip()


def test_the_page_has_the_figures_of_the_json(written):
    report, source = written
    overall = cells(source, "scores")
    for key, name in (("ner_strict", "NER strict"), ("ner_overlap", "NER overlap"), ("rel_plus", "Rel+")):
        row, interval = report[key], report["intervals_95"][key]
        assert overall[name] == [
            *(f"{row[score]:.1f}" for score in ("precision", "recall", "f1")),
            f"{interval[0]:.1f} to {interval[1]:.1f}" if interval else "–",
            "",
            str(row["support"]),
            str(row["predicted"]),
        ]
    for key, section in (("entity_errors", "entity-errors"), ("relation_errors", "relation-errors")):
        rows = cells(source, section)
        assert rows["all"][:-1] == [str(count) for count in report[key]["kinds"].values()]
    assert cells(source, "comparison")["NER strict"][2:] == ["+0.0", "+0.0 to +0.0", "1.000", "0 / 8 / 0"]
    assert cells(source, "names")["all"][0].startswith(f"{report['ner_strict']['recall']:.1f} of ")
    for key in ("entities", "relations"):
        part = report["calibration"][key]
        shown = f"ECE {part['expected_calibration_error']:.3f} over {part['count']} predictions"
        assert (shown in source) == (part["count"] > 0)


def test_ids_and_file_names_are_escaped(written):
    source = written[1]
    assert "script" not in Page(source).tags
    assert "gold &lt;b&gt;.jsonl" in source


def scored(gold: list[Document], predicted: list[Document]) -> tuple[dict, str]:
    tokenizer = WordTokenizer(tiny_tokenizer().backend_tokenizer)
    tagged = TaggedTexts("m <i>", False, tuple(predicted), 0.5, tokenizer)
    report = {"files": ["a.jsonl"], **score_texts(gold, tagged)}
    return report, "".join(render_report(report, gold, predicted))


def entity(text: str, surface: str, label: str, score: float | None = None) -> Entity:
    start = text.index(surface)
    return Entity(start, start + len(surface), label, surface, score)


def test_both_sides_show_every_sentence_with_an_error_and_only_those():
    text = "زار سامي عمان. عادت ندى إلى عكار! نام الجميع؟ فاز الأهلي <أمس>."
    gold = Document(
        text,
        (entity(text, "سامي", "PER"), entity(text, "عكار", "GPE"), entity(text, "الأهلي", "ORG")),
        id="a",
    )
    found = Document(
        text,
        (
            entity(text, "سامي", "PER", 0.9),
            entity(text, "ندى", "PER", 0.4),
            entity(text, "عكار", "ORG", 0.6),
            entity(text, "الأهلي <أمس>", "ORG", 0.7),
        ),
    )
    page = Page(scored([gold], [found])[1])
    assert page.sides == [
        ("gold", "عادت ندى إلى عكار!"),
        ("prediction", "عادت ندى إلى عكار!"),
        ("gold", "فاز الأهلي <أمس>."),
        ("prediction", "فاز الأهلي <أمس>."),
    ]
    assert page.marks == ["GPE · type", "PER · spurious", "ORG · type", "ORG · boundary", "ORG · boundary"]


def test_a_row_is_never_cut_inside_an_entity():
    text = "قالت ياهو! نيوز أمس. وعادت ندى."
    gold = Document(text, (entity(text, "ندى", "PER"),), id="a")
    found = Document(text, (entity(text, "ياهو! نيوز", "ORG", 0.5),))
    assert Page(scored([gold], [found])[1]).sides == [
        ("gold", "قالت ياهو! نيوز أمس."),
        ("prediction", "قالت ياهو! نيوز أمس."),
        ("gold", "وعادت ندى."),
        ("prediction", "وعادت ندى."),
    ]


def test_wrong_relations_are_listed_with_both_sides():
    text = "التقت هالة مازن في إربد"
    ends = (entity(text, "هالة", "PER"), entity(text, "مازن", "PER"), entity(text, "إربد", "GPE"))
    gold = Document(text, ends, (Relation(0, 1, "MEETS_WITH"), Relation(0, 2, "PRESENT_AT")), "a")
    found = Document(text, ends, (Relation(1, 0, "CONFLICTS_WITH", 0.61),))
    report, source = scored([gold], [found])
    assert report["relation_errors"]["wrong_labels"] == {"MEETS_WITH": {"CONFLICTS_WITH": 1}}
    items = [re.sub("<[^>]+>", " ", item).split() for item in re.findall("<li><span.*?</li>", source)]
    assert [" ".join(item) for item in items] == [
        "wrong label gold هالة PER ↔ MEETS_WITH ↔ مازن PER"
        " prediction هالة PER ↔ CONFLICTS_WITH ↔ مازن PER 0.61",
        "missed, both entities found gold هالة PER → PRESENT_AT → إربد GPE",
    ]


def test_all_that_comes_from_outside_is_escaped():
    text = f"قال {EVIL} نعم"
    gold = Document(text, (entity(text, EVIL, "PER"),), id=EVIL)
    found = Document(text, (entity(text, EVIL, "ORG", 0.5),))
    source = scored([gold], [found])[1]
    page = Page(source)
    assert "script" not in page.tags
    assert "<i>" not in source
    assert page.sides == [("gold", text), ("prediction", text)]
    assert "<title>Evaluation of m &lt;i&gt;</title>" in source


def test_half_a_surrogate_pair_does_not_stop_the_report(tiny_bundle, tmp_path):
    path = tmp_path / "odd.jsonl"
    record = {
        "id": "\ud800",
        "text": "زار \ud800 سامي",
        "entities": [{"start": 6, "end": 10, "label": "PER"}],
    }
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    arguments = [str(path), "--model", str(tiny_bundle), "--output", str(tmp_path / "r.json")]
    assert command.main([*arguments, "--html", str(tmp_path / "r.html")]) == 0
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in report["worst_documents"]] in ([], ["\ud800"])
    assert report["intervals_95"]["ner_strict"] is None
    Page((tmp_path / "r.html").read_text(encoding="utf-8"))


def test_a_page_without_errors_has_no_worst_documents():
    gold = gold_documents()
    report, source = scored(gold, gold)
    assert report["worst_documents"] == []
    page = Page(source)
    assert "worst" not in page.ids
    assert "No prediction has a score." in source


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{empty}"], "empty.jsonl: holds no document"),
        (["{gold}", "--seen", "{missing}"], "missing.jsonl: cannot be read"),
        (["{gold}", "--compare", "{missing}"], "missing.jsonl"),
    ],
)
def test_what_cannot_be_scored_is_one_clear_line_and_leaves_no_file(
    arguments, message, tiny_bundle, gold_file, tmp_path, capsys
):
    (tmp_path / "empty.jsonl").write_text("\n")
    paths = {"empty": tmp_path / "empty.jsonl", "missing": tmp_path / "missing.jsonl", "gold": gold_file}
    given = [argument.format(**paths) for argument in arguments]
    given += ["--model", str(tiny_bundle), "--html", str(tmp_path / "page.html")]
    assert command.main(given) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "page.html").exists()


def test_a_negative_number_of_documents_is_refused(gold_file, capsys):
    with pytest.raises(SystemExit):
        command.main([str(gold_file), "--worst", "-1"])
    assert "--worst: -1 documents cannot be shown" in capsys.readouterr().err
