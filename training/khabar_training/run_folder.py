"""A run's folder belongs to one recipe: resuming under another one would mix two runs in silence."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from khabar_data.files import written_whole
from khabar_training.config import ConfigError

_RECIPE = "recipe.json"


def claim_folder(folder: Path, config: BaseModel, may_change: set[str]) -> None:
    """Write the recipe into ``folder``, or check that it is the one that was begun there.

    A key that did not exist when the run was begun counts with its default.

    Args:
        folder: where the run keeps its checkpoints.
        config: its recipe.
        may_change: keys that a resumed run may set anew.

    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    path = folder / _RECIPE
    if not path.exists():
        # Processes that start together write the same text, each into a file of its own first.
        with written_whole(path) as target:
            target.write(config.model_dump_json(indent=2, exclude=may_change) + "\n")
    elif _begun(path, config, may_change) != config.model_dump_json():
        raise ConfigError(
            f"{folder}: holds a run of another recipe ({_RECIPE}); delete it or choose another output"
        )


def _begun(path: Path, config: BaseModel, may_change: set[str]) -> str | None:
    """The recipe in ``path``, with what may change from ``config``; ``None`` where it is none of its kind."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        changed = config.model_dump(mode="json", include=may_change)
        return type(config).model_validate({**record, **changed}).model_dump_json()
    except (ValueError, TypeError):
        return None
