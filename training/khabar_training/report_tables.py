"""The tables of the evaluation report, each from its part of the report's plain types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from khabar.schema import ENTITY_LABELS, RELATIONS_BY_LABEL
from khabar_training.entity_errors import EntityKind
from khabar_training.evaluation_report import OVERALL
from khabar_training.report_charts import interval_bar, share_bar
from khabar_training.report_documents import KIND_NAMES
from khabar_training.report_markup import Html, arabic, joined, label_code, table, text

Report = Mapping[str, Any]

_DASH: Final = Html('<span class="quiet">–</span>')
_SCORE_COLUMNS: Final = ("P", "R", "F1", "95 %", "", "support", "predicted")
_MEANINGS: Final = {
    "ner_strict": "exact characters and label",
    "ner_overlap": "the label and at least one character, one to one",
    "rel_plus": "label and both ends to the letter, with their labels",
    "rel": "the same without the labels of the ends",
}


def overall_table(report: Report) -> Html:
    """Strict and lenient scores of entities and relations; by character here, by word from seqeval."""
    rows = [
        (Html(f"{text(name)} <small>{text(_MEANINGS[key])}</small>"), *_score_cells(report, key))
        for key, name in OVERALL.items()
    ]
    blank = (_DASH,) * 2
    for key, name in (
        ("strict_iob2", "NER by word, strict IOB2"),
        ("lenient", "NER by word, seqeval's default"),
    ):
        value = report["word_level_f1"][key]
        cells = (*blank, _number(value), _DASH, interval_bar(value, None), *blank)
        rows.append((Html(f"{text(name)} <small>words of the tokenizer, by seqeval</small>"), *cells))
    return table(("score", *_SCORE_COLUMNS), rows, "overall scores")


def label_table(report: Report, key: str) -> Html:
    """Scores of each label that occurs; ``key`` is ``entities`` or ``relations``."""
    intervals = report["intervals_95"][key]
    rows = [
        (_label(label), *_cells(row, intervals[label]))
        for label, row in report[key].items()
        if row["support"] or row["predicted"]
    ]
    return table(("label", *_SCORE_COLUMNS), rows, f"{key} by label")


def error_table(errors: Report, name: str) -> Html:
    """Kinds by label, the sum first; a bar shows shares without what is right, the line below its colours."""
    kinds = list(errors["kinds"])
    rows = [_kind_row(Html("<b>all</b>"), errors["kinds"], kinds)]
    rows += [_kind_row(_label(label), counts, kinds) for label, counts in errors["by_label"].items()]
    colours = (
        f'<li class="kind k-{text(kind)}">{text(KIND_NAMES[kind])}</li>'
        for kind in kinds
        if kind != EntityKind.CORRECT.value
    )
    counted = table(("label", *(KIND_NAMES[kind] for kind in kinds), "errors"), rows, name)
    return Html(f'{counted}<ul class="kinds">{"".join(colours)}</ul>\n')


def confusion_table(confusion: Mapping[str, Mapping[str, int]]) -> Html:
    """Gold labels against predicted ones; a cell is as dark as its part of the row."""
    occurring = {*confusion, *(label for row in confusion.values() for label in row)}
    edges = {EntityKind.MISSED.value, EntityKind.SPURIOUS.value}
    known = [label for label in ENTITY_LABELS if label in occurring]
    labels = [*known, *sorted(occurring - set(known) - edges)]
    columns = [*labels, EntityKind.MISSED.value]
    rows = []
    for label in [*labels, EntityKind.SPURIOUS.value]:
        counts = confusion.get(label, {})
        total = sum(counts.values())
        cells = (_confusion_cell(counts.get(column, 0), total, column == label) for column in columns)
        rows.append((label_code(label), *cells))
    return table(("gold \\ predicted", *columns), rows, "confusion of entity labels")


def wrong_label_table(wrong: Mapping[str, Mapping[str, int]]) -> Html:
    """Which relation was taken for which, the most frequent first."""
    pairs = [(count, gold, found) for gold, row in wrong.items() for found, count in row.items()]
    rows = [
        (_label(gold), _label(found), text(count))
        for count, gold, found in sorted(pairs, key=lambda pair: (-pair[0], *pair[1:]))
    ]
    return table(("gold", "predicted", "times"), rows, "relations with a wrong label")


def seen_table(seen: Report) -> Html:
    """Recall on names seen in training and on others, over all labels and by label."""
    groups = list(seen["groups"])
    names = [group.replace("_", " ") for group in groups]
    overall = [_recall_cell(seen["groups"][group]) for group in groups]
    rows = [(Html("<b>all</b>"), *overall)]
    rows += [
        (_label(label), *(_recall_cell(row[group]) for group in groups))
        for label, row in seen["by_label"].items()
    ]
    return table(("recall", *names), rows, "recall by what training showed")


def comparison_table(report: Report) -> Html:
    """Both models' F1, the difference with its interval, p, and in how many documents each is ahead."""
    other = report["comparison"]
    rows = []
    for key, name in OVERALL.items():
        test = other["tests"][key]
        ahead = f"{test['documents_better']} / {test['documents_equal']} / {test['documents_worse']}"
        rows.append(
            (
                text(name),
                _number(report[key]["f1"]),
                _number(other["scores"][key]["f1"]),
                _signed(test["difference"]),
                _between(test["interval_95"], signed=True),
                _DASH if test["p_value"] is None else text(_p(test["p_value"])),
                text(ahead),
            )
        )
    columns = ("F1", "this", "other", "difference", "95 %", "p", "documents better / equal / worse")
    return table(columns, rows, "comparison of the two models")


def compared_labels(report: Report) -> Html:
    """F1 of every label that occurs, in both models."""
    other = report["comparison"]
    rows = [
        (
            _label(label),
            text(row["support"]),
            _number(row["f1"]),
            _number(other[key][label]["f1"]),
            _signed(row["f1"] - other[key][label]["f1"]),
        )
        for key in ("entities", "relations")
        for label, row in report[key].items()
        if row["support"]
    ]
    return table(("label", "support", "this", "other", "difference"), rows, "F1 by label of both models")


def _score_cells(report: Report, key: str) -> Sequence[Html]:
    return _cells(report[key], report["intervals_95"].get(key))


def _cells(row: Report, interval: Sequence[float] | None) -> Sequence[Html]:
    return (
        _number(row["precision"]),
        _number(row["recall"]),
        Html(f"<b>{row['f1']:.1f}</b>"),
        _between(interval),
        interval_bar(row["f1"], interval),
        text(row["support"]),
        text(row["predicted"]),
    )


def _kind_row(first: Html, counts: Mapping[str, int], kinds: Sequence[str]) -> Sequence[Html]:
    wrong = {kind: counts[kind] for kind in kinds if kind != EntityKind.CORRECT.value}
    return (first, *(_count(counts[kind]) for kind in kinds), share_bar(wrong))


def _confusion_cell(count: int, total: int, diagonal: bool) -> Html:
    if not count:
        return Html('<span class="quiet">·</span>')
    side = "same" if diagonal else "other"
    return Html(f'<span class="cell {side}" style="--share:{count / total:.2f}">{count}</span>')


def _recall_cell(row: Report) -> Html:
    if not row["support"]:
        return _DASH
    interval = _between(row["interval_95"]) if row.get("interval_95") else Html("")
    return joined([Html(f"<b>{row['recall']:.1f}</b> <small>of {row['support']}</small> "), interval])


def _label(label: str) -> Html:
    known = RELATIONS_BY_LABEL.get(label)
    return Html(f"{label_code(label)}{' ↔' if known is not None and known.symmetric else ''}")


def _count(count: int) -> Html:
    return text(count) if count else Html('<span class="quiet">0</span>')


def _number(value: float) -> Html:
    return Html(f"{value:.1f}")


def _signed(value: float) -> Html:
    return Html(f"{value:+.1f}".replace("-", "−"))


def _between(interval: Sequence[float] | None, *, signed: bool = False) -> Html:
    if interval is None:
        return _DASH
    low, high = (_signed(end) if signed else _number(end) for end in interval)
    return Html(f'<span class="quiet">{low} to {high}</span>')


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def file_names(paths: Sequence[str]) -> Html:
    """Paths as they were given, separated by commas."""
    return Html(", ".join(arabic(path) for path in paths))
