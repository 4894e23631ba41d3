"""Fixtures shared by all tests: a tiny model, and the real data where it is beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "khabar", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("khabar")

# No test may reach a hub; the few that need one serve it on loopback and say so.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A joint model with random weights, as a training run leaves it."""
    from tests.tiny_model import tiny_checkpoint

    return tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "checkpoint")


@pytest.fixture(scope="session")
def tiny_bundle(tiny_checkpoint: Path) -> Path:
    """A bundle of that model, full precision and int8."""
    from khabar_training.export import export_bundle
    from tests.tiny_model import tiny_options

    bundle = tiny_checkpoint.with_name("bundle")
    export_bundle(tiny_checkpoint, bundle, "tiny", tiny_options(), quantize=True)
    return bundle


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout; tests that need it say that they were skipped."""
    if not SHARED.is_dir():
        pytest.skip("the real data is not beside this checkout (../shared)")
    return SHARED
