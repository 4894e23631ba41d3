"""The corpus that ships: sound, consistent, large enough, and nobody else's sentences."""

from collections import Counter
from pathlib import Path

import pytest

from khabar.schema import ENTITY_LABELS, RELATION_LABELS
from khabar_data import agreement, consistency, overlap
from khabar_data.jsonl import read_jsonl
from khabar_data.metrics import evaluate
from khabar_data.statistics import Statistics
from khabar_data.validation import validate

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "data/corpus"
SPLITS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def corpus():
    return {split: read_jsonl(CORPUS / f"{split}.jsonl") for split in SPLITS}


def test_it_keeps_the_rules(corpus):
    assert validate(document for split in SPLITS for document in corpus[split]) == []


def test_it_is_as_large_as_the_data_statement_says(corpus):
    statement = (ROOT / "data/README.md").read_text(encoding="utf-8")
    for row, counted in (
        ("documents", [len(corpus[split]) for split in SPLITS]),
        ("words", [Statistics.of(corpus[split]).words for split in SPLITS]),
        ("entities", [Statistics.of(corpus[split]).entities.total() for split in SPLITS]),
        ("relations", [Statistics.of(corpus[split]).relations.total() for split in SPLITS]),
    ):
        assert f"| {row} | " + " | ".join(f"{count:,}" for count in counted) + " |" in statement


def test_every_label_is_there_in_numbers(corpus):
    counts = Statistics.of(corpus["train"])
    assert sum(Statistics.of(corpus[split]).words for split in SPLITS) >= 80_000
    assert min(counts.entities[label] for label in ENTITY_LABELS) >= 500
    assert min(counts.relations[label] for label in RELATION_LABELS) >= 150


def test_every_article_says_what_it_is(corpus):
    for split in SPLITS:
        for document in corpus[split]:
            assert document.meta["invented"] == "yes"
            assert {"theme", "voice", "orthography", "furniture", "story"} <= set(document.meta)


def test_no_story_is_in_two_splits(corpus):
    stories = Counter(document.meta["story"] for split in SPLITS for document in corpus[split])
    assert [story for story, count in stories.items() if count > 1] == []


def test_its_marks_are_consistent_or_explained(capsys):
    explained = ["--explained", str(CORPUS / "explained.tsv")]
    files = [str(CORPUS / f"{split}.jsonl") for split in SPLITS]
    assert consistency.main([*explained, *files]) == 0, capsys.readouterr().out


def test_no_sentence_stands_twice(capsys):
    assert overlap.main([str(CORPUS / f"{split}.jsonl") for split in SPLITS]) == 0, capsys.readouterr().out


def test_no_sentence_is_from_the_annotated_news(shared, capsys):
    files = [str(CORPUS / f"{split}.jsonl") for split in SPLITS]
    against = [
        part for name in ("train", "dev", "ner", "articles") for part in ("--against", str(shared / name))
    ]
    assert overlap.main([*files, *against]) == 0, capsys.readouterr().out


def test_two_annotators_agree():
    pairing = agreement.pair_documents(
        ROOT / "data/agreement/first.jsonl", ROOT / "data/agreement/second.jsonl"
    )
    assert len(pairing.pairs) >= 40
    scores = evaluate([first for first, _ in pairing.pairs], [second for _, second in pairing.pairs])
    assert scores.entities.micro().f1 >= 0.93
    assert scores.relations_strict.micro().f1 >= 0.80
