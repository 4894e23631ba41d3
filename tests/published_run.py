"""The folder of a finished run around the tiny model, and an environment that publishes it on loopback."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from khabar.schema import RELATION_LABELS
from khabar_data.metrics import evaluate
from tests.gold import gold_documents
from tests.hub_handler import WRITER

ROOT = Path(__file__).resolve().parent.parent


def finished_run(folder: Path, checkpoint: Path, bundle: Path) -> Path:
    """What ``khabar_training.train`` leaves, with a report whose scores are all 100."""
    shutil.copytree(checkpoint, folder / "checkpoint")
    shutil.copytree(bundle, folder / "bundle")
    gold = gold_documents()
    report = {
        "config": {
            "name": "tiny",
            "encoder": str(folder / "encoder"),
            "epochs": 8,
            "seed": 17,
            "max_tokens": 32,
            "datasets": [{"path": str(folder / "train.jsonl")}],
            "development": [str(folder / "dev.jsonl")],
        },
        "steps": 3,
        "development": evaluate(gold, gold).to_dict(),
        "thresholds": dict.fromkeys(RELATION_LABELS, 0.5),
    }
    (folder / "training.json").write_text(json.dumps(report), encoding="utf-8")
    return folder


def hub_environment(url: str, home: Path, **more: str) -> dict[str, str]:
    """The environment of a process that knows no other Hub than the one at ``url``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HF_") and not name.lower().endswith("_proxy")
    }
    hub = {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return {**kept, **hub, "PYTHONPATH": str(ROOT), "HF_TOKEN": WRITER, **more}
