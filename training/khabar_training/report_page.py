"""The evaluation report as one page: the facts of the JSON, and the worst documents with their texts.

The page loads nothing and runs no script; texts, names, ids and paths are escaped. Its lines are
English and run from left to right, the texts of the documents have the direction of Arabic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from khabar.document import Document
from khabar.render.captions import ENTITY_CAPTIONS
from khabar.render.page import page_head
from khabar_training.calibration_error import DEFINITION
from khabar_training.report_charts import reliability_diagram
from khabar_training.report_documents import document_errors
from khabar_training.report_markup import NOTHING, Html, arabic, heading, joined, note, section, text
from khabar_training.report_tables import (
    compared_labels,
    comparison_table,
    confusion_table,
    error_table,
    file_names,
    label_table,
    overall_table,
    seen_table,
    wrong_label_table,
)

Report = Mapping[str, Any]

_SECTIONS: Final = {
    "scores": "Scores",
    "comparison": "Against the other model",
    "entities": "Entities by label",
    "relations": "Relations by label",
    "entity-errors": "Kinds of entity errors",
    "relation-errors": "Kinds of relation errors",
    "calibration": "Calibration",
    "names": "Names seen in training",
    "worst": "Worst documents",
}


def render_report(report: Report, gold: Sequence[Document], predicted: Sequence[Document]) -> Iterator[str]:
    """The pieces of the page.

    Args:
        report: what ``khabar_training.evaluation_report.score_texts`` gives, with ``files``, and
            where they were asked for ``seen_names`` and ``comparison``.
        gold: the documents that were scored, in their order.
        predicted: what the model found in them.
    """
    # Half of a surrogate pair cannot be written as UTF-8; the page shows a question mark for it.
    for piece in _pieces(report, gold, predicted):
        yield piece.encode("utf-8", "replace").decode("utf-8")


def _pieces(report: Report, gold: Sequence[Document], predicted: Sequence[Document]) -> Iterator[str]:
    title = f"Evaluation of {report['model']}"
    parts = {
        "scores": _scores(report),
        "comparison": _comparison(report) if "comparison" in report else NOTHING,
        "entities": label_table(report, "entities"),
        "relations": joined([note("Rel+ of each label."), label_table(report, "relations")]),
        "entity-errors": _entity_errors(report["entity_errors"]),
        "relation-errors": _relation_errors(report["relation_errors"]),
        "calibration": _calibration(report["calibration"]),
        "names": _names(report["seen_names"]) if "seen_names" in report else NOTHING,
        "worst": _worst(report["worst_documents"], gold, predicted),
    }
    shown = {anchor: body for anchor, body in parts.items() if body}
    links = "".join(f'<li><a href="#{anchor}">{text(_SECTIONS[anchor])}</a></li>\n' for anchor in shown)
    yield page_head(title, _style(), language="en")
    yield f'<header class="page">\n<h1>Evaluation of {arabic(report["model"])}</h1>\n{_facts(report)}'
    yield f'<nav class="sections"><ul>\n{links}</ul></nav>\n</header>\n<main>\n'
    for anchor, body in shown.items():
        yield section(anchor, _SECTIONS[anchor], body)
    yield "</main>\n</body>\n</html>\n"


def _style() -> str:
    """The sheet of ``khabar tag --format html``, and what this page needs besides."""
    tagged = files("khabar.render").joinpath("page.css").read_text(encoding="utf-8")
    own = files("khabar_training").joinpath("report_page.css").read_text(encoding="utf-8")
    hues = (f".e-{label} {{ --hue: {hue}; --colour: 1; }}\n" for label, (_, hue) in ENTITY_CAPTIONS.items())
    return tagged + own + "".join(hues)


def _facts(report: Report) -> Html:
    graph = "int8" if report["quantized"] else "fp32"
    return Html(
        f'<p class="totals"><span>{file_names(report.get("files", []))}</span>'
        f"<span>{report['documents']:,} documents</span><span>{report['words']:,} words</span>"
        f"<span>{graph}</span><span>{report['words_per_second']:,} words/s, one thread</span></p>\n"
    )


def _scores(report: Report) -> Html:
    return joined(
        [
            overall_table(report),
            note(
                "F1 in percent. 95 % intervals by bootstrap over whole documents, 2,000 draws, percentiles."
                f" Macro F1 of Rel+ over labels with support: {report['rel_plus_macro_f1']:.1f}."
            ),
        ]
    )


def _comparison(report: Report) -> Html:
    other = report["comparison"]
    return joined(
        [
            Html(
                f"<p>This: {arabic(report['model'])}. Other: {arabic(other['model'])}. A difference above 0"
                " is in favour of this model.</p>\n"
            ),
            comparison_table(report),
            note(
                "p by approximate randomization: documents change sides between the two models at random,"
                " 9,999 times, or in every possible way where there are fewer (Noreen 1989; Yeh 2000);"
                " two-sided, not corrected for the number of tests. The interval is a paired bootstrap over"
                " documents."
            ),
            heading("By label"),
            compared_labels(report),
        ]
    )


def _entity_errors(errors: Report) -> Html:
    return joined(
        [
            error_table(errors, "kinds of entity errors"),
            note(
                "Gold and predicted entities that overlap are paired one to one. Proclitic only: the label"
                " and the end are right, the start is up to three characters off. Spurious ones stand in the"
                " row of the predicted label, all others in gold's."
            ),
            heading("Confusion of labels"),
            confusion_table(errors["confusion"]),
            note("All pairs, whatever their boundaries: the diagonal has boundary errors in it as well."),
        ]
    )


def _relation_errors(errors: Report) -> Html:
    pieces = [
        error_table(errors, "kinds of relation errors"),
        note(
            "Right is what Rel+ counts. Wrong direction and wrong label: between the right pair of entities."
            " Wrong entity: the label is right, but an end was found with a wrong boundary or type. Missed:"
            " nothing of the kind was predicted, though both entities were found to the letter, or since one"
            " of them was not."
        ),
    ]
    if errors["wrong_labels"]:
        pieces += [heading("Labels taken for one another"), wrong_label_table(errors["wrong_labels"])]
    return joined(pieces)


def _calibration(calibration: Report) -> Html:
    figures = []
    for key, name in (("entities", "Entity scores"), ("relations", "Relation scores")):
        part = calibration[key]
        side = "too high" if part["overconfidence"] > 0 else "too low"
        summary = (
            f"ECE {part['expected_calibration_error']:.3f} over {part['count']} predictions; on average the"
            f" scores are {abs(part['overconfidence']):.3f} {side}."
            if part["count"]
            else "No prediction has a score."
        )
        figures.append(
            f"<figure>\n<figcaption><b>{text(name)}</b><br>{text(summary)}</figcaption>\n"
            f"{reliability_diagram(part, name)}\n</figure>\n"
        )
    return joined(
        [
            Html(f'<div class="figures">\n{"".join(figures)}</div>\n'),
            note(
                f"{calibration.get('definition', DEFINITION)}. Bars: part of the predictions that is right;"
                " dots: that part over the mean score; red: the gap between the two; below: how many"
                " predictions. Right is strict for entities and Rel+ for relations, so a relation's score"
                " also answers for its entities. Only what the model gave out is here, above its thresholds."
            ),
        ]
    )


def _names(seen: Report) -> Html:
    return joined(
        [
            Html(f"<p>{seen['distinct_names']:,} distinct names in {file_names(seen['files'])}.</p>\n"),
            seen_table(seen),
            note(
                "Strict recall of gold entities by whether their surface, harakat and the hamza of an alef"
                " aside, is annotated in the training files: with the same label, with another one only, or"
                " not at all."
            ),
        ]
    )


def _worst(rows: Sequence[Report], gold: Sequence[Document], predicted: Sequence[Document]) -> Html:
    if not rows:
        return NOTHING
    articles = (document_errors(row, gold[row["position"]], predicted[row["position"]]) for row in rows)
    return joined(
        [
            note(
                "The lowest F1 over entities and relations together. Sentences without an entity error are"
                " counted, not shown. Framed marks are errors; their kind stands behind the label."
            ),
            *articles,
        ]
    )
