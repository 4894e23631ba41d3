"""A run's folder belongs to one recipe: resuming under another one would mix two runs in silence."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from khabar_data.files import written_whole
from khabar_training.config import ConfigError

_RECIPE = "recipe.json"


def claim_folder(folder: Path, config: BaseModel, may_change: set[str]) -> None:
    """Write the recipe into ``folder``, or check that it is the one that was begun there.

    Args:
        folder: where the run keeps its checkpoints.
        config: its recipe.
        may_change: keys that a resumed run may set anew.

    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    wanted = config.model_dump_json(indent=2, exclude=may_change) + "\n"
    path = folder / _RECIPE
    if not path.exists():
        with written_whole(path) as target:
            target.write(wanted)
    elif path.read_text(encoding="utf-8") != wanted:
        raise ConfigError(
            f"{folder}: holds a run of another recipe ({_RECIPE}); delete it or choose another output"
        )
