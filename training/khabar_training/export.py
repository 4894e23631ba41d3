"""A trained checkpoint -> a bundle: ``python -m khabar_training.export CHECKPOINT BUNDLE``.

checkpoint -> onnx/model.onnx, onnx/relation_head.onnx -> parity with torch -> int8 -> manifest.json
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import onnx
from tokenizers import Tokenizer

from khabar.bundle import (
    MANIFEST,
    MODEL,
    QUANTIZED_MODEL,
    RELATION_HEAD,
    TOKENIZER,
    Bundle,
    DecodingOptions,
    Manifest,
    describe_file,
)
from khabar.modeling import HEADS_CONFIG, JointModel
from khabar_data.errors import DataError
from khabar_data.folders import folder_replaced_whole
from khabar_training.fused_graph import can_fuse, fused_graph
from khabar_training.graphs import export_encoder, export_relations, quantize_graph
from khabar_training.parity import ExportError, check_finite, check_parity
from khabar_training.trained_options import read_trained_options


def export_bundle(
    checkpoint: Path, bundle: Path, name: str, options: DecodingOptions, *, quantize: bool
) -> None:
    """Write ``bundle`` from what ``JointModel.save`` and the tokenizer left in ``checkpoint``.

    The folder appears under its name only when every graph agrees with torch to 1e-4.

    Raises:
        ExportError: a graph differs from the model by more than that.
    """
    with folder_replaced_whole(bundle) as unfinished:
        (unfinished / "onnx").mkdir()
        model = JointModel.load(checkpoint)
        export_encoder(model, unfinished / MODEL)
        export_relations(model, unfinished / RELATION_HEAD)
        _check_vocabulary(checkpoint, model.classifier.config.vocab_size)
        shutil.copyfile(checkpoint / TOKENIZER, unfinished / TOKENIZER)
        write_manifest(unfinished, name, options)
        check_parity(model, unfinished / MODEL, unfinished / RELATION_HEAD)
        if quantize:
            _quantize(model, unfinished)
            write_manifest(unfinished, name, options)
            check_finite(unfinished / QUANTIZED_MODEL, unfinished / RELATION_HEAD)


def _quantize(model: JointModel, folder: Path) -> None:
    """The int8 graph: of the fused form where there is one for this encoder, checked before it is rounded."""
    if not can_fuse(model):
        quantize_graph(folder / MODEL, folder / QUANTIZED_MODEL)
        return
    fused = folder / "fused.onnx"
    onnx.save(fused_graph(model), str(fused))
    check_parity(model, fused, folder / RELATION_HEAD)
    quantize_graph(fused, folder / QUANTIZED_MODEL)
    fused.unlink()


def write_manifest(folder: Path, name: str, options: DecodingOptions) -> None:
    """Describe every file of ``folder`` in its manifest."""
    names = (TOKENIZER, MODEL, QUANTIZED_MODEL, RELATION_HEAD)
    files = {file: describe_file(folder / file) for file in names if (folder / file).exists()}
    (folder / MANIFEST).write_text(Manifest(name, options, files).to_json(), encoding="utf-8")


def copy_embedded(bundle: Path, target: Path, largest: int) -> int:
    """Copy the part of a bundle that ships inside the package: the int8 graph without the full one.

    Returns:
        Bytes of the copy.

    Raises:
        ExportError: it has more than ``largest`` bytes; ``target`` is left as it was.
    """
    source = Bundle.open(bundle)
    with folder_replaced_whole(target) as unfinished:
        (unfinished / "onnx").mkdir()
        for name in (TOKENIZER, QUANTIZED_MODEL, RELATION_HEAD):
            shutil.copyfile(source.checked(name), unfinished / name)
        write_manifest(unfinished, source.manifest.name, source.manifest.decoding)
        size = sum(path.stat().st_size for path in unfinished.rglob("*") if path.is_file())
        if size > largest:
            raise ExportError(f"{target}: would have {size} bytes, more than {largest}")
    return size


def _check_vocabulary(checkpoint: Path, embeddings: int) -> None:
    """Every id of the tokenizer must have an embedding: a graph fails on one it does not know."""
    size = Tokenizer.from_file(str(checkpoint / TOKENIZER)).get_vocab_size()
    if size > embeddings:
        raise ExportError(f"{checkpoint / TOKENIZER}: {size} entries, but the encoder embeds {embeddings}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m khabar_training.export",
        description="Write the bundle of a trained checkpoint, checked against torch; training does so too.",
    )
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="'checkpoint' folder of a run")
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the folder to write")
    parser.add_argument("--name", help="the model's name; that of the run's recipe without it")
    parser.add_argument("--no-int8", action="store_true", help="write the full-precision graph alone")
    parser.add_argument(
        "--thresholds",
        type=Path,
        metavar="FILE",
        help="window sizes, transitions, thresholds and scaling: training.json beside CHECKPOINT without it",
    )
    return parser


def _check_folders(checkpoint: Path, bundle: Path) -> None:
    if not (checkpoint / HEADS_CONFIG).exists():
        raise ExportError(f"{checkpoint}: holds no {HEADS_CONFIG}; name the 'checkpoint' folder of a run")
    # Export replaces the folder: only an older bundle may be lost.
    if bundle.exists() and not (bundle / MANIFEST).exists():
        raise ExportError(f"{bundle}: is there and is no bundle; name a new folder")


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a checkpoint; exit 2 where that cannot be, with the old bundle as it was."""
    options = _parser().parse_args(arguments)
    checkpoint, bundle = options.checkpoint.resolve(), options.bundle.resolve()
    try:
        _check_folders(checkpoint, bundle)
        name, decoding = read_trained_options(options.thresholds or checkpoint.parent / "training.json")
        name = name if options.name is None else options.name
        export_bundle(checkpoint, bundle, name, decoding, quantize=not options.no_int8)
    except (DataError, ExportError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    graphs = [file for file in (MODEL, QUANTIZED_MODEL) if (bundle / file).exists()]
    sys.stdout.write(f"{options.bundle}: {name}, with {' and '.join(graphs)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
