"""The build of the default model: what its recipes read is there, or is made by it."""

import importlib.util
from pathlib import Path

from khabar_training.config import load_config
from khabar_training.train_config import TrainConfig

ROOT = Path(__file__).resolve().parents[2]


def test_every_run_finds_what_it_reads():
    spec = importlib.util.spec_from_file_location("build", ROOT / "scripts/build_default_model.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    made = {str(whole.relative_to(ROOT)) for _, whole in build.NEWS.values()}
    assert all(apart.exists() for apart, _ in build.NEWS.values())
    encoders = {"model/encoder"}
    for path in build.RUNS:
        recipe = load_config(ROOT / path, TrainConfig)
        assert recipe.encoder in encoders
        encoders.add(f"{recipe.output}/checkpoint")
        read = [str(data_set.path) for data_set in recipe.datasets] + [str(p) for p in recipe.development]
        for name in read:
            assert name in made or name.startswith("../shared/") or (ROOT / name).exists(), name
