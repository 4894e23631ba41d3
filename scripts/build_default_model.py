"""Build the embedded default model from nothing, in stages that resume.

    raw text -> model/encoder -> fourteen fine-tuning runs -> model/khabar/default -> report -> MODEL_CARD.md

A stage whose product is there is skipped; delete the product (model/encoder, and under runs/) to run it
again.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from khabar.hub import DEFAULT_BUNDLE
from khabar.tagger import Tagger
from khabar_data.errors import DataError
from khabar_data.jsonl import write_jsonl
from khabar_data.standoff import join_texts
from khabar_training.config import load_config
from khabar_training.datasets import read_checked
from khabar_training.encoder_store import store_encoder
from khabar_training.evaluate import evaluate_bundle
from khabar_training.export import copy_embedded
from khabar_training.model_card import render_model_card
from khabar_training.pretrain_config import PretrainConfig
from khabar_training.train_config import TrainConfig

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "reports/default.json"
CARD = ROOT / "MODEL_CARD.md"
LARGEST_BUNDLE = 25_000_000
#: The runs in their order, each going on from an earlier one; the bundle of the last one ships. From the
#: fourth on they are named after the newest part of the real news that they learn from.
RUNS = (
    "configs/default.yaml",
    "configs/default-news.yaml",
    "configs/default-more.yaml",
    "configs/default-all.yaml",
    "configs/default-world.yaml",
    "configs/default-fourth.yaml",
    "configs/default-fifth.yaml",
    "configs/default-sixth.yaml",
    "configs/default-seventh.yaml",
    "configs/default-ninth.yaml",
    "configs/default-tenth.yaml",
    "configs/default-eleventh.yaml",
    "configs/default-twelfth.yaml",
    "configs/default-final.yaml",
)
TEXTS = ROOT.parent / "shared/text"
#: Our marks on real news, apart from their texts and joined with them.
NEWS = {
    path.stem: (path, ROOT / "runs/news" / path.name) for path in sorted((ROOT / "data/news").glob("*.jsonl"))
}
SETS = {
    "real news, development": ROOT.parent / "shared/dev/real_news_dev.jsonl",
    "more real news, development": NEWS["dev"][1],
    "more real news, test": NEWS["test"][1],
    "own corpus, development": ROOT / "data/corpus/dev.jsonl",
    "own corpus, test": ROOT / "data/corpus/test.jsonl",
}
FAILURES_SHOWN = 12

logger = logging.getLogger(__name__)


def run_stage(module: str, config: Path, product: Path) -> None:
    """Run ``python -m module config`` unless its product is there."""
    if product.exists():
        logger.info("%s is there: %s skipped", product, module)
        return
    logger.info("%s %s", module, config)
    subprocess.run([sys.executable, "-m", module, str(config)], check=True, cwd=ROOT)


def join_news() -> None:
    """Bring our marks on other people's news together with its text."""
    for apart, whole in NEWS.values():
        write_jsonl(join_texts(apart, TEXTS), whole)


def evaluations(bundle: Path) -> list[dict[str, Any]]:
    """Scores of both graphs on every set that is there."""
    rows = []
    for name, path in SETS.items():
        if not path.exists():
            logger.warning("%s is not there: %s left out of the report", path, name)
            continue
        gold = read_checked(path)
        rows += [
            {"set": name, **evaluate_bundle(bundle, gold, quantized=quantized)} for quantized in (True, False)
        ]
    return rows


def stage_scores(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """What each run brought: strict NER and Rel+ of its int8 bundle on every set that is there."""
    gold = {name: read_checked(path) for name, path in SETS.items() if path.exists()}
    rows = []
    for folder in folders:
        for name, documents in gold.items():
            scores = evaluate_bundle(folder / "bundle", documents, quantized=True)
            found = {key: scores[key]["f1"] for key in ("ner_strict", "rel_plus")}
            rows.append({"run": folder.name, "set": name, **found})
    return rows


def failures() -> list[str]:
    """Some errors on the corpus' development split, one a document."""
    found = []
    tagger = Tagger.from_pretrained(DEFAULT_BUNDLE)
    for gold in read_checked(SETS["own corpus, development"]):
        if len(found) == FAILURES_SHOWN:
            break
        predicted = tagger.predict(gold.text).entities
        for entity in gold.entities:
            clash = next((e for e in predicted if e.start < entity.end and entity.start < e.end), None)
            if entity not in predicted:
                said = f"tagged [{clash.label} {clash.text}]" if clash else "not tagged"
                found.append(f"[{entity.label} {entity.text}] in `{gold.id}`: {said}")
                break
    return found


def main() -> int:
    """Run the stages that are still to do."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder-config", type=Path, default=ROOT / "configs/encoder-cpu.yaml")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    encoder = load_config(options.encoder_config, PretrainConfig)
    recipes = {ROOT / path: load_config(ROOT / path, TrainConfig) for path in RUNS}
    outputs = [ROOT / recipe.output for recipe in recipes.values()]
    encoder_folder, output = ROOT / "model/encoder", outputs[-1]
    if (encoder_folder / "pretraining.json").exists():
        logger.info("%s is there: pre-training skipped", encoder_folder)
    else:
        pretrained = ROOT / encoder.output / "encoder"
        run_stage("khabar_training.pretrain", options.encoder_config, pretrained / "pretraining.json")
        store_encoder(pretrained, encoder_folder)
    try:
        join_news()
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for path, folder in zip(recipes, outputs, strict=True):
        run_stage("khabar_training.train", path, folder / "training.json")
        made_by = json.loads((folder / "training.json").read_text(encoding="utf-8"))["config"]
        if TrainConfig.model_validate(made_by) != recipes[path]:
            logger.warning("%s was made by another recipe than %s: delete it to run it again", folder, path)
    size = copy_embedded(output / "bundle", DEFAULT_BUNDLE, LARGEST_BUNDLE)
    report = {
        "name": recipes[ROOT / RUNS[-1]].name,
        "bundle_bytes": size,
        "pretraining": json.loads((encoder_folder / "pretraining.json").read_text(encoding="utf-8")),
        "training": [
            json.loads((folder / "training.json").read_text(encoding="utf-8")) for folder in outputs
        ],
        "stages": stage_scores(outputs),
        "evaluations": evaluations(output / "bundle"),
        "failures": failures(),
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    CARD.write_text(render_model_card(report), encoding="utf-8")
    logger.info("wrote %s and %s", REPORT, CARD)
    return 0


if __name__ == "__main__":
    sys.exit(main())
