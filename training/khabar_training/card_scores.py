"""The scores that a model card shows: a run's ``training.json``, and reports of ``evaluate --output``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from khabar_data.errors import DataError


class _Record(BaseModel):
    """Reads the fields that a card shows; the files hold many more."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class CardScore(_Record):
    """Precision, recall and F1 in percent, and the count of gold items."""

    precision: float
    recall: float
    f1: float
    support: int


class Scores(_Record):
    """Overall scores, and those of each label."""

    ner_strict: CardScore
    rel_plus: CardScore
    rel: CardScore
    entities: dict[str, CardScore]
    relations: dict[str, CardScore]


class Report(Scores):
    """What ``khabar_training.evaluate --output`` wrote.

    Attributes:
        model: the name of the bundle that was scored.
        quantized: whether it was the int8 graph.
        documents: how many there were.
        files: the annotated files, as the command was given them.
        intervals_95: bounds of F1 by the name of an overall score; the report has more kinds in it.
    """

    model: str
    quantized: bool
    documents: int
    files: tuple[str, ...]
    intervals_95: dict[str, Any] = {}

    def interval(self, key: str) -> str:
        """The bounds of one overall score as text, empty where the report has none."""
        bounds = self.intervals_95.get(key)
        return f" ({bounds[0]:.1f}-{bounds[1]:.1f})" if isinstance(bounds, list) and len(bounds) == 2 else ""


class _DataSet(_Record):
    path: Path


class Recipe(_Record):
    """The part of a recipe that a card tells."""

    encoder: str
    epochs: float
    seed: int
    max_tokens: int
    datasets: tuple[_DataSet, ...]
    development: tuple[Path, ...]


class Run(_Record):
    """What a card tells of a training run; its scores are of the full-precision model."""

    config: Recipe
    steps: int
    development: Scores


_Kind = TypeVar("_Kind", bound=_Record)


def read_run(path: Path) -> Run:
    """The ``training.json`` of a run.

    Raises:
        DataError: the file cannot be read, or is none.
    """
    return _read(path, Run, "a finished training run leaves one")


def read_report(path: Path, model: str) -> Report:
    """A report of ``khabar_training.evaluate --output``.

    Raises:
        DataError: the file cannot be read, is no such report, or scores another model than ``model``.
    """
    report = _read(path, Report, "python -m khabar_training.evaluate --output writes one")
    if report.model != model:
        raise DataError(path, None, f"field 'model': scores {report.model!r}, but this is {model!r}")
    return report


def _read(path: Path, kind: type[_Kind], source: str) -> _Kind:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}; {source}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(path, None, f"field {place!r}: {first['msg']}" if place else first["msg"]) from error
