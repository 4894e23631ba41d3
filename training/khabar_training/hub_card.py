"""The model card of a published run: README.md with the metadata that the Hub reads.

training.json, evaluation reports -> model index (F1, precision, recall by data set) and tables
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from khabar.bundle import MODEL, QUANTIZED_MODEL, RELATION_HEAD, TOKENIZER
from khabar.modeling import HEADS_CONFIG, HEADS_WEIGHTS
from khabar_training.card_scores import CardScore, Report, Run, Scores

_TAGS: Final = ["arabic", "news", "ner", "relation-extraction", "onnx"]

_HEAD: Final = """\
# {name}

Tags Arabic news with 13 entity types and 14 relations, and gives character offsets into the text as it came.

## Use

Entities and relations, on a CPU (`pip install khabar`):

```python
from khabar import Tagger

tagger = Tagger.from_pretrained("{repository}")
document = tagger.predict("التقى وزير الخارجية المصري نظيره السوداني في القاهرة.")
```

This fetches the int8 graphs and the tokenizer alone; `quantized=False` takes full precision, `revision=` a
branch, tag or commit, `local_files_only=True` stays off the network.

Entities alone, with stock transformers:

```python
from transformers import pipeline

tagger = pipeline("token-classification", "{repository}", aggregation_strategy="first")
```

It cuts no long texts into windows and leaves the letters و ف ب ل ك on the names that they stand before; the
second head, which parts them, and the relations are beyond it.
"""

_LIMITS: Final = """\
## Limits

Made for news in standard Arabic. A tag is no ground for a decision about a person, and a relation tells what
a sentence seems to say. The labels with low scores or little support above are not to be relied on.
"""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the report of a run does not know.

    Attributes:
        name: of the model, as its manifest has it.
        repository: the name on the Hub.
        licence: its identifier there, such as ``apache-2.0``.
        base_model: the Hub name of the encoder, where it has one.
    """

    name: str
    repository: str
    licence: str
    base_model: str | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    """Scores of one graph on the documents of some files; with a report, they are more than development."""

    files: tuple[Path | str, ...]
    graph: str
    scores: Scores
    report: Report | None = None

    @property
    def data(self) -> str:
        return ", ".join(map(_short, self.files))

    @property
    def title(self) -> str:
        return self.data if self.report else f"development: {self.data}"

    def cell(self, key: str) -> str:
        """An overall F1 with its interval, where there is one."""
        return f"{getattr(self.scores, key).f1:.2f}{self.report.interval(key) if self.report else ''}"


def render_hub_card(run: Run, reports: Sequence[Report], facts: CardFacts) -> str:
    """README.md of a published model.

    Args:
        run: its ``training.json``.
        reports: evaluations of its bundle, in the order to show; may be none.
        facts: names and licence.
    """
    rows = [_development(run), *map(_evaluated, reports)]
    data = ModelCardData(
        language="ar",
        license=facts.licence,
        library_name="khabar",
        pipeline_tag="token-classification",
        tags=_TAGS,
        metrics=["precision", "recall", "f1"],
        base_model=facts.base_model,
        model_name=facts.name,
        eval_results=[result for row in rows for result in _results(row)],
    )
    head = _HEAD.format(name=facts.name, repository=facts.repository)
    # Labels by label of what was measured last: a test set, where there is one.
    last = rows[-1]
    tables = [
        _labels(f"Entities: {last.title}, {last.graph}", last.scores.entities),
        _labels(f"Relations (Rel+): {last.title}, {last.graph}", last.scores.relations),
    ]
    body = "\n".join([head, _files(), _overall(rows), *tables, _training(run), _LIMITS])
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}"))


def _development(run: Run) -> _Row:
    return _Row(run.config.development, "fp32", run.development)


def _evaluated(report: Report) -> _Row:
    return _Row(report.files, "int8" if report.quantized else "fp32", report, report)


def _short(path: Path | str) -> str:
    """A file with its folder; of a place outside the project its name alone, since that is the machine's."""
    path = Path(path)
    return path.name if path.is_absolute() else "/".join(part for part in path.parts[-2:] if part != "..")


def _results(row: _Row) -> Iterator[EvalResult]:
    """The entries of the model index; values are fractions, as most cards of the Hub have them."""
    tasks = (
        ("token-classification", "Named entity recognition", "strict", row.scores.ner_strict),
        ("relation-extraction", "Relation extraction", "Rel+", row.scores.rel_plus),
        ("relation-extraction", "Relation extraction", "Rel", row.scores.rel),
    )
    for task, name, match, score in tasks:
        for metric, title in (("f1", "F1"), ("precision", "Precision"), ("recall", "Recall")):
            yield EvalResult(
                task_type=task,
                task_name=name,
                dataset_type=row.data.replace(", ", "+").replace("/", "-"),
                dataset_name=row.title,
                dataset_split=None if row.report else "validation",
                metric_type=metric,
                metric_name=f"{title} ({match}, {row.graph})",
                metric_value=round(getattr(score, metric) / 100, 4),
            )


def _files() -> str:
    rows = {
        "`config.json`, `model.safetensors`, the tokenizer": "the token classifier, for stock transformers",
        f"`{HEADS_WEIGHTS}`, `{HEADS_CONFIG}`": "the proclitic head and the relation head, for training on",
        f"`{QUANTIZED_MODEL}`": "encoder and taggers, int8",
        f"`{MODEL}`": "the same, full precision",
        f"`{RELATION_HEAD}`": "the relation head",
        "`manifest.json`": f"windows, thresholds, and the sha256 of the graphs and of `{TOKENIZER}`",
    }
    lines = [f"| {files} | {meaning} |" for files, meaning in rows.items()]
    return "\n".join(["## Files\n", "| file | what it holds |", "|---|---|", *lines]) + "\n"


def _overall(rows: Sequence[_Row]) -> str:
    lines = [
        "## Scores\n",
        "Strict: exact characters and label. Rel+ wants both ends with their labels, on predicted entities;",
        "Rel asks for the spans alone. Thresholds were fitted on the development documents, so their scores",
        "flatter. In brackets, 95 % intervals by bootstrap over documents.\n",
        "| documents | graph | count | NER strict F1 | Rel+ F1 | Rel F1 |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        count = row.report.documents if row.report else ""
        cells = " | ".join(row.cell(key) for key in ("ner_strict", "rel_plus", "rel"))
        lines.append(f"| {row.title} | {row.graph} | {count} | {cells} |")
    return "\n".join(lines) + "\n"


def _labels(title: str, scores: Mapping[str, CardScore]) -> str:
    lines = [f"### {title}\n", "| label | precision | recall | F1 | support |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {label} | {score.precision:.1f} | {score.recall:.1f} | {score.f1:.1f} | {score.support} |"
        for label, score in scores.items()
    ]
    return "\n".join(lines) + "\n"


def _training(run: Run) -> str:
    recipe = run.config
    files = "".join(f"- {_short(data.path)}\n" for data in recipe.datasets)
    return (
        "## Training\n\n"
        f"Encoder `{_short(recipe.encoder)}`, {recipe.epochs:g} epochs ({run.steps} steps),"
        f" seed {recipe.seed}, windows of {recipe.max_tokens} pieces, on\n\n{files}"
    )
