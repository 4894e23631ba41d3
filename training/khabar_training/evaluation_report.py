"""Gold and predictions -> the report: plain types, ready for JSON, without any text of a document.

documents, predictions -> scores and errors of each document -> sums, intervals, tables, tests
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from khabar.document import Document
from khabar.schema import ENTITY_LABELS, RELATION_LABELS
from khabar.tokenization import WordTokenizer
from khabar_data.metrics import Evaluation, Score, evaluate
from khabar_training.calibration_error import DEFINITION, entity_calibration, relation_calibration
from khabar_training.confidence import Interval, count_interval, count_table, f1_percent
from khabar_training.error_kinds import DocumentErrors, entity_error_table, relation_error_table
from khabar_training.significance import compare
from khabar_training.word_metrics import word_f1
from khabar_training.worst_documents import worst_documents

WORST: Final = 6
#: Keys of the report that hold one score each, and their names.
OVERALL: Final = {
    "ner_strict": "NER strict",
    "ner_overlap": "NER overlap",
    "rel_plus": "Rel+",
    "rel": "Rel",
}


@dataclass(frozen=True, slots=True)
class TaggedTexts:
    """What a bundle made of the texts of gold documents.

    Attributes:
        model: the bundle's name.
        quantized: whether the int8 graph was used.
        documents: predictions in the order of gold.
        seconds: time it took, one thread.
        tokenizer: the bundle's, for scores by word.
    """

    model: str
    quantized: bool
    documents: tuple[Document, ...]
    seconds: float
    tokenizer: WordTokenizer


def score_texts(gold: Sequence[Document], tagged: TaggedTexts, worst: int = WORST) -> dict[str, Any]:
    """The report of ``evaluate_bundle`` from predictions that are there; ``worst`` documents are named."""
    found = tagged.documents
    by_document = [evaluate([one], [other]) for one, other in zip(gold, found, strict=True)]
    errors = [DocumentErrors.between(one, other) for one, other in zip(gold, found, strict=True)]
    overlap = [document.overlap_score() for document in errors]
    words = sum(len(document.text.split()) for document in gold)
    return {
        "model": tagged.model,
        "quantized": tagged.quantized,
        "documents": len(gold),
        "words": words,
        "words_per_second": round(words / tagged.seconds),
        "intervals_95": {"ner_overlap": _interval(overlap), **_intervals(by_document)},
        "word_level_f1": word_f1(gold, found, tagged.tokenizer),
        **evaluate(gold, found).to_dict(),
        "ner_overlap": _sum(overlap).to_dict(),
        "entity_errors": entity_error_table(errors),
        "relation_errors": relation_error_table(errors),
        "calibration": {
            "definition": DEFINITION,
            "entities": entity_calibration(gold, found).to_dict(),
            "relations": relation_calibration(gold, found).to_dict(),
        },
        "worst_documents": [score.to_dict() for score in worst_documents(gold, by_document, worst)],
    }


def compare_models(gold: Sequence[Document], first: TaggedTexts, second: TaggedTexts) -> dict[str, Any]:
    """The scores of the second model, and for each overall score a paired test of the first against it."""
    sides = [_overall_scores(gold, tagged) for tagged in (first, second)]
    tables = [evaluate(gold, tagged.documents).to_dict() for tagged in (first, second)]
    return {
        "model": second.model,
        "quantized": second.quantized,
        "scores": {key: _sum(scores).to_dict() for key, scores in sides[1].items()},
        "tests": {
            key: compare(count_table(sides[0][key]), count_table(sides[1][key])).to_dict() for key in OVERALL
        },
        "entities": tables[1]["entities"],
        "relations": tables[1]["relations"],
    }


def _overall_scores(gold: Sequence[Document], tagged: TaggedTexts) -> dict[str, list[Score]]:
    pairs = list(zip(gold, tagged.documents, strict=True))
    by_document = [evaluate([one], [other]) for one, other in pairs]
    return {
        "ner_strict": [scores.entities.micro() for scores in by_document],
        "ner_overlap": [DocumentErrors.between(one, other).overlap_score() for one, other in pairs],
        "rel_plus": [scores.relations_strict.micro() for scores in by_document],
        "rel": [scores.relations_boundaries.micro() for scores in by_document],
    }


def _intervals(by_document: Sequence[Evaluation]) -> dict[str, Any]:
    """95 % intervals of the overall scores and of every label that occurs."""
    entities = [scores.entities.by_label(ENTITY_LABELS) for scores in by_document]
    relations = [scores.relations_strict.by_label(RELATION_LABELS) for scores in by_document]
    return {
        "ner_strict": _interval([scores.entities.micro() for scores in by_document]),
        "rel_plus": _interval([scores.relations_strict.micro() for scores in by_document]),
        "rel": _interval([scores.relations_boundaries.micro() for scores in by_document]),
        "entities": {label: _interval([row[label] for row in entities]) for label in ENTITY_LABELS},
        "relations": {label: _interval([row[label] for row in relations]) for label in RELATION_LABELS},
    }


def _interval(scores: Sequence[Score]) -> Interval | None:
    total = _sum(scores)
    return count_interval(count_table(scores), f1_percent) if total.gold + total.predicted else None


def _sum(scores: Sequence[Score]) -> Score:
    return Score(
        sum(score.true_positives for score in scores),
        sum(score.predicted for score in scores),
        sum(score.gold for score in scores),
    )
