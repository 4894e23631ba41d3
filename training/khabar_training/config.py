"""Typed, closed configurations: an unknown or misspelt key is an error that names its path."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PositiveInt = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class ConfigError(ValueError):
    """A configuration file that cannot be used; names the file, the key and what was expected."""


class ClosedModel(BaseModel):
    """A frozen model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Config = TypeVar("Config", bound=BaseModel)


def load_config(path: Path | str, kind: type[Config]) -> Config:
    """Read a YAML file as ``kind``; relative paths in it are left as they are (to the working folder).

    Raises:
        ConfigError: the file cannot be read, is not YAML, or has a wrong key or value.
    """
    try:
        record: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {error}") from error
    try:
        return kind.model_validate(record)
    except ValidationError as error:
        problems = "\n".join(f"  {_place(item['loc'])}: {item['msg']}" for item in error.errors())
        raise ConfigError(f"{path}:\n{problems}") from error


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the file"
