"""MODEL_CARD.md from the report of the run that made the shipped bundle: no figure is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

_FRONT: Final = """\
---
language: ar
license: apache-2.0
library_name: khabar
pipeline_tag: token-classification
tags: [arabic, news, ner, relation-extraction, onnx]
---
"""

_PURPOSE: Final = """\
## Use

Tagging Arabic news on CPUs: persons, titles, bodies, places, groups, events, laws, weapons, dates, money
and quantities, and 14 relations between them, with character offsets into the text as it was given.
`khabar.predict(text)` uses this model; it is inside the package.

Out of scope: dialect chat, poetry, classical text, other languages; decisions about persons on the
strength of a tag; reading a relation as a fact about the world (the model reports what a sentence seems
to say, and is often wrong).
"""

_DATA: Final = """\
## Training data

Sentences of these sources are not part of the project; the weights were trained on them.

| source | used for | licence as stated at its source |
|---|---|---|
| The project's own corpus (`data/corpus`) | entities, relations | CC BY 4.0 |
| Real news annotated with the full schema: ANERcorp articles | entities, relations | CC BY-SA 4.0 |
| Real news annotated with the full schema: Tunisian radio news 2015-17 (ANT Corpus)\
 | entities, relations | Apache-2.0 |
| Real news annotated with the full schema: Hespress, Al Jazeera, papers of 19 countries, a Saudi paper,\
 Moroccan sites | entities, relations | none stated |
| Real news whose full annotation is in `data/news`, without its text: Hespress, Al Jazeera, papers of 19\
 countries, a Saudi paper, Moroccan sites | entities, relations | none stated |
| Real news whose full annotation is in `data/news`, without its text: ANT Corpus | entities, relations |\
 Apache-2.0 |
| ANERcorp, CAMeL split, train part | entities (PER, LOC, ORG) | CC BY-SA 4.0 |
| NewsFANE Gold, projected onto ANERcorp's train tokens | entities (fine types) | CC BY-SA 3.0 |
| Wojood, public sample | entities (PER) | MIT |
| Name lists: ArWikiCats; person-name tokens of Wikidata | names for mention replacement | MIT; CC0 |
| Raw text: ANT Corpus | pre-training | Apache-2.0 |
| Raw text: Arabic Wikipedia 2017; question-answering contexts from Wikipedia | pre-training |\
 CC BY-SA 4.0; MIT, CC BY-SA |
| Raw text: Hespress and Al Jazeera 2021-22; papers of 19 countries 2011-12; Al-Jazirah 2022;\
 Moroccan sites; Hindawi books | pre-training | none stated |
| Raw text: a UAE newspaper (SANAD, Khaleej) | pre-training | none in its repository; SANAD is CC BY 4.0 |
| Raw text: essays and Wikipedia paragraphs (AraPlagDet) | pre-training | CC BY-NC-SA; none stated |
"""


def render_model_card(report: Mapping[str, Any]) -> str:
    """The card as Markdown.

    Args:
        report: what ``scripts/build_default_model.py`` wrote to ``reports/default.json``.
    """
    parts = [_FRONT, f"# {report['name']}\n", _PURPOSE, _model(report), _scores(report)]
    parts += [_table(report, "entities", "Entities"), _table(report, "relations", "Relations (Rel+)"), _DATA]
    parts.append(_limits(report))
    return "\n".join(parts)


def _model(report: Mapping[str, Any]) -> str:
    encoder, runs = report["pretraining"], report["training"]
    passes = ", then ".join(
        f"{epochs} {'epoch' if epochs == 1 else 'epochs'} ({run['steps']} steps)"
        for run in runs
        for epochs in [run["config"]["epochs"]]
    )
    averaged = [PurePath(folder).name for folder in runs[-1]["config"].get("average_with", ())]
    mean = (
        f" The weights are the mean of the last run's and those of {' and '.join(averaged)}."
        if averaged
        else ""
    )
    shape = encoder["config"]["encoder"]
    return (
        "## Model\n\n"
        f"- A ModernBERT-shaped encoder of {shape['layers']} layers of {shape['hidden']},"
        f" {encoder['parameters'] / 1e6:.1f} M parameters,"
        f" {encoder['config']['vocabulary_size']:,} word pieces,"
        " trained from nothing by masked language modelling on"
        f" {encoder['tokens'] / 1e6:.1f} M tokens ({encoder['minutes']:.0f} minutes on a CPU, embeddings"
        f" started from skip-gram vectors; held-out loss {encoder['held_out_loss']:.2f}).\n"
        "- A token classifier on 27 IOB2 tags, a proclitic head, a relation head; trained in turn:"
        f" {passes}.{mean}\n"
        f"- The shipped bundle is int8, {report['bundle_bytes'] / 1e6:.1f} MB.\n"
    )


def _scores(report: Mapping[str, Any]) -> str:
    lines = [
        "## Scores\n",
        "Strict: exact characters and label; Rel+ needs both ends with their labels, on predicted entities.",
        "95 % intervals by bootstrap over documents. Relation thresholds, transitions between tags and the",
        "choice of the recipe come from development documents.\n",
        "| set | graph | documents | NER strict F1 | Rel+ F1 | Rel F1 | words/s, one thread |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in report["evaluations"]:
        intervals = row["intervals_95"]
        lines.append(
            f"| {row['set']} | {'int8' if row['quantized'] else 'fp32'} | {row['documents']} |"
            f" {_with_interval(row['ner_strict']['f1'], intervals['ner_strict'])} |"
            f" {_with_interval(row['rel_plus']['f1'], intervals['rel_plus'])} |"
            f" {row['rel']['f1']:.2f} | {row['words_per_second']:,} |"
        )
    return "\n".join(lines) + "\n"


def _with_interval(value: float, interval: list[float] | None) -> str:
    return f"{value:.2f} ({interval[0]:.1f}-{interval[1]:.1f})" if interval else f"{value:.2f}"


def _table(report: Mapping[str, Any], key: str, title: str) -> str:
    shipped = [row for row in report["evaluations"] if row["quantized"]]
    names = " | ".join(f"{row['set']}: P / R / F1 (support)" for row in shipped)
    lines = [f"### {title}, int8\n", f"| label | {names} |", "|---|" + "---|" * len(shipped)]
    for label in shipped[0][key]:
        cells = (row[key][label] for row in shipped)
        written = (
            f"{cell['precision']:.1f} / {cell['recall']:.1f} / {cell['f1']:.1f} ({cell['support']})"
            for cell in cells
        )
        lines.append(f"| {label} | " + " | ".join(written) + " |")
    return "\n".join(lines) + "\n"


def _calibration(report: Mapping[str, Any]) -> str:
    """The expected calibration errors on the last set, which chose nothing."""
    row = [row for row in report["evaluations"] if row["quantized"]][-1]["calibration"]
    errors = {key: row[key]["expected_calibration_error"] for key in ("entities", "relations")}
    return (
        f"the expected calibration error is {errors['entities']:.3f} for entities and"
        f" {errors['relations']:.3f} for relations"
    )


def _limits(report: Mapping[str, Any]) -> str:
    examples = report.get("failures", [])
    lines = [
        "## Known limits\n",
        "- A small encoder with little pre-training: rare names, long coordinated titles and relations whose",
        "  words stand far apart are often missed. The tables above say which labels to trust.",
        "- The development articles were used to choose thresholds and transitions; the corpus' own test",
        "  split was not, but it was written by the authors of its training part.",
        "- Scores are calibrated on development documents; on the corpus' test split",
        f"  {_calibration(report)}.",
        "- What the training text says about groups and persons, the model may repeat.",
    ]
    if examples:
        lines.append("\nErrors on the corpus' development split, as they are:\n")
        lines += [f"- {example}" for example in examples]
    return "\n".join(lines) + "\n"
