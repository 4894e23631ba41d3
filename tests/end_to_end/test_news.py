"""Our marks on other people's news: they fit the texts where those are at hand, and hold no word of them."""

import json
import re
from pathlib import Path

import pytest

from khabar.schema import ENTITY_LABELS, RELATION_LABELS
from khabar.tagger import Tagger
from khabar_data.folding import folded_words
from khabar_data.jsonl import read_jsonl
from khabar_data.metrics import evaluate
from khabar_data.standoff import join_texts
from khabar_data.statistics import Statistics
from khabar_data.validation import validate

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "data/news").glob("*.jsonl"))
#: What is learnt from; ``dev`` and ``test`` are measured on.
PARTS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
)
RUN = 8


@pytest.fixture(scope="module")
def news(shared):
    return {path.stem: join_texts(path, shared / "text") for path in FILES}


def runs_of_words(text):
    words = folded_words(text)
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def is_mark(item):
    start, end, label = item
    return isinstance(start, int) and isinstance(end, int) and label in ENTITY_LABELS


def is_triple(item):
    head, label, tail = item
    return isinstance(head, int) and isinstance(tail, int) and label in RELATION_LABELS


def test_the_records_hold_no_word_of_the_texts():
    assert [path.stem for path in FILES] == sorted([*PARTS, "dev", "test"])
    for path in FILES:
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            assert set(record) == {"id", "sha256", "entities", "relations"}
            assert re.fullmatch("[0-9a-f]{64}", record["sha256"])
            assert all(map(is_mark, record["entities"]))
            assert all(map(is_triple, record["relations"]))


def test_no_document_stands_in_two_files():
    ids = [json.loads(line)["id"] for path in FILES for line in path.read_text("utf-8").splitlines()]
    assert len(ids) == len(set(ids))


def test_the_marks_keep_the_rules(news):
    assert validate(document for documents in news.values() for document in documents) == []


def test_the_data_statement_counts_them(news):
    statement = (ROOT / "data/README.md").read_text(encoding="utf-8")
    counted = Statistics.of([document for documents in news.values() for document in documents])
    figures = (counted.documents, counted.words, counted.entities.total(), counted.relations.total())
    articles, words, entities, relations = (f"{figure:,}" for figure in figures)
    assert f"{articles} articles" in statement
    assert f"({words} words, {entities} entities, {relations} relations)" in statement


def test_what_is_learnt_from_is_not_what_is_measured_on(news, shared):
    measured = [document.text for document in read_jsonl(shared / "dev/real_news_dev.jsonl")]
    measured += [document.text for name in ("dev", "test") for document in news[name]]
    known = set().union(*map(runs_of_words, measured))
    learnt = [document for name in PARTS for document in news[name]]
    assert [document.id for document in learnt if runs_of_words(document.text) & known] == []


def test_quality_on_it_stays_above_its_floor(news):
    tagger = Tagger.from_pretrained()
    scores = evaluate(news["dev"], [tagger.predict(document.text) for document in news["dev"]])
    assert scores.entities.micro().f1 >= 0.87
    assert scores.relations_strict.micro().f1 >= 0.63
