"""What the ``training.json`` of a run says of its model: the name, and how to decode with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from khabar.bundle import DecodingOptions, checked_transitions
from khabar.calibration import PlattScaling
from khabar.schema import RELATION_LABELS
from khabar_data.errors import DataError


class _Record(BaseModel):
    """Reads the fields it knows: the report of a run holds many more."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class _Recipe(_Record):
    name: str
    max_tokens: Annotated[int, Field(ge=8)]
    overlap: Annotated[int, Field(ge=0)]


class _Scaling(_Record):
    slope: Annotated[float, Field(gt=0)] = 1.0
    bias: float = 0.0
    ends: Annotated[float, Field(ge=0)] = 0.0


class _Scalings(_Record):
    entities: _Scaling = _Scaling()
    relations: _Scaling = _Scaling()


class _Training(_Record):
    config: _Recipe
    thresholds: dict[str, Annotated[float, Field(ge=0, le=1)]]
    # A run from before scores were scaled has none; its thresholds are for scores as they are.
    scaling: _Scalings = _Scalings()
    transitions: Annotated[dict[str, float], AfterValidator(checked_transitions)] = {}

    @model_validator(mode="after")
    def _every_relation_has_a_threshold(self) -> _Training:
        if missing := [label for label in RELATION_LABELS if label not in self.thresholds]:
            raise ValueError(f"'thresholds' lacks {', '.join(missing)}")
        if self.config.overlap >= self.config.max_tokens - 2:
            raise ValueError("'overlap' must be less than 'max_tokens' - 2")
        return self


def read_trained_options(path: Path) -> tuple[str, DecodingOptions]:
    """The name of a trained model, with the window sizes, transitions, thresholds and scaling of its scores.

    Raises:
        DataError: the file cannot be read, or is no report of a training run under this schema.
    """
    try:
        training = _Training.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(
            path, None, f"cannot be read: {error.strerror}; a finished training run leaves one"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(path, None, f"field {place!r}: {first['msg']}" if place else first["msg"]) from error
    recipe, scaling = training.config, training.scaling
    return recipe.name, DecodingOptions(
        recipe.max_tokens,
        recipe.overlap,
        {label: training.thresholds[label] for label in RELATION_LABELS},
        PlattScaling(scaling.entities.slope, scaling.entities.bias),
        PlattScaling(scaling.relations.slope, scaling.relations.bias, scaling.relations.ends),
        training.transitions,
    )
