"""A run's checkpoint and bundle in one folder, laid out as users of the Hub expect a model.

    README.md LICENSE
    config.json model.safetensors tokenizer*.json        what stock transformers loads
    relation_head.safetensors relation_config.json       the heads, to train on from here
    manifest.json onnx/…                                 with tokenizer.json: a bundle

checkpoint, bundle -> pieces there, whole and of one model -> copies -> the folder opened once as users will
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from khabar.bundle import MANIFEST, MODEL, QUANTIZED_MODEL, RELATION_HEAD, TOKENIZER, Bundle
from khabar.modeling import HEADS_CONFIG, HEADS_WEIGHTS, JointModel
from khabar.tagger import Tagger
from khabar_data.errors import DataError
from khabar_training.parity import check_parity

CARD: Final = "README.md"
LICENCE: Final = "LICENSE"
_CHECKPOINT: Final = (
    "config.json",
    "model.safetensors",
    HEADS_WEIGHTS,
    HEADS_CONFIG,
    TOKENIZER,
    "tokenizer_config.json",
)
#: What some tokenizers leave beside their tokenizer.json.
_MORE_TOKENIZER: Final = ("special_tokens_map.json", "added_tokens.json", "vocab.txt", "chat_template.jinja")
_GRAPHS: Final = (MODEL, QUANTIZED_MODEL, RELATION_HEAD)


def read_bundle(run: Path) -> Bundle:
    """The bundle of a finished run, once every piece that is published with it is known to be there.

    Raises:
        BundleError: the bundle's manifest is missing or of another version.
        DataError: a file is missing from the checkpoint or the bundle, or theirs are two tokenizers.
    """
    checkpoint, folder = run / "checkpoint", run / "bundle"
    for name in _CHECKPOINT:
        if not (checkpoint / name).is_file():
            raise DataError(checkpoint / name, None, "not found; name the folder of a finished training run")
    bundle = Bundle.open(folder)
    export = f"write the bundle again: python -m khabar_training.export {checkpoint} {folder}"
    for name in (TOKENIZER, *_GRAPHS):
        if name not in bundle.manifest.files:
            raise DataError(folder / MANIFEST, None, f"lists no {name}; {export}")
    if bundle.checked(TOKENIZER).read_bytes() != (checkpoint / TOKENIZER).read_bytes():
        raise DataError(folder / TOKENIZER, None, f"is not the tokenizer of {checkpoint}; {export}")
    return bundle


def assemble(run: Path, bundle: Bundle, folder: Path, card: str, licence: str | None) -> None:
    """Write ``folder``, which must not be there yet; it appears under its name only whole and opened once.

    Args:
        run: the folder of the run.
        bundle: what ``read_bundle`` gave for it.
        folder: where to.
        card: text of README.md.
        licence: text of LICENSE; none writes no such file.

    Raises:
        BundleError: a file of the bundle does not agree with its manifest.
        DataError: the folder is there, or the checkpoint cannot be loaded.
        ExportError: the graphs are not of this checkpoint.
    """
    if folder.exists():
        raise DataError(folder, None, "is there already; name a new folder")
    _check_same_model(run / "checkpoint", bundle)
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        (unfinished / "onnx").mkdir(parents=True)
        for name in (*_CHECKPOINT, *_MORE_TOKENIZER):
            if name in _CHECKPOINT or (run / "checkpoint" / name).is_file():
                shutil.copyfile(run / "checkpoint" / name, unfinished / name)
        for name in _GRAPHS:
            shutil.copyfile(bundle.checked(name), unfinished / name)
        shutil.copyfile(bundle.folder / MANIFEST, unfinished / MANIFEST)
        (unfinished / CARD).write_text(card, encoding="utf-8")
        if licence is not None:
            (unfinished / LICENCE).write_text(licence, encoding="utf-8")
        Tagger.from_pretrained(unfinished)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check_same_model(checkpoint: Path, bundle: Bundle) -> None:
    """Weights and graphs go out side by side: a bundle of an older run must not be among them."""
    try:
        model = JointModel.load(checkpoint)
    except Exception as error:  # transformers and safetensors raise many kinds
        reason = " ".join(str(error).split())
        raise DataError(checkpoint, None, f"cannot be loaded: {reason}; let the run finish again") from error
    check_parity(model, bundle.checked(MODEL), bundle.checked(RELATION_HEAD))
