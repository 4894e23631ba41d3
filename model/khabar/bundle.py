"""A bundle: the folder that holds a model, and the manifest that says what must be in it.

    manifest.json         schema version, window size, transitions, thresholds, sha256 and size of every file
    tokenizer.json        vocabulary and normalisation
    onnx/model*.onnx      encoder and taggers, full precision and int8
    onnx/relation_head.onnx

A bundle is read whole or not at all: a missing file, a wrong hash or another schema is a
``BundleError`` that names the file, before any weight is used.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from khabar.calibration import UNSCALED, PlattScaling
from khabar.schema import ENTITY_LABELS, RELATION_LABELS, SCHEMA_VERSION

FORMAT_VERSION: Final = 3
MANIFEST: Final = "manifest.json"
TOKENIZER: Final = "tokenizer.json"
MODEL: Final = "onnx/model.onnx"
QUANTIZED_MODEL: Final = "onnx/model_qint8_avx512_vnni.onnx"
RELATION_HEAD: Final = "onnx/relation_head.onnx"

_BLOCK: Final = 1 << 20
_STRONGEST_TRANSITION: Final = 10.0


class BundleError(RuntimeError):
    """A model folder that cannot be used; the message names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size in bytes and sha256 of one file of a bundle."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How a model's windows are cut and its relations chosen.

    Attributes:
        max_tokens: tokens of a window at most.
        overlap: pieces that two windows of one long sentence share.
        thresholds: the least score of each relation, by label.
        entity_scaling: raw entity score -> the score that is given out.
        relation_scaling: the same for relations, before their threshold.
        transitions: what a tag adds behind another one, by both («B-TITLE I-TITLE»); 0 where it is not named.
    """

    max_tokens: int
    overlap: int
    thresholds: Mapping[str, float]
    entity_scaling: PlattScaling = UNSCALED
    relation_scaling: PlattScaling = UNSCALED
    transitions: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``manifest.json`` says.

    Attributes:
        name: the model's name, for people.
        decoding: how its windows are cut and its relations chosen.
        files: every file of the bundle, by its path in it.
    """

    name: str
    decoding: DecodingOptions
    files: Mapping[str, FileRecord]

    def to_json(self) -> str:
        """The manifest as the text of ``manifest.json``."""
        record = {
            "format_version": FORMAT_VERSION,
            "schema_version": SCHEMA_VERSION,
            "entity_labels": ENTITY_LABELS,
            "relation_labels": RELATION_LABELS,
            **asdict(self),
        }
        return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def describe_file(path: Path) -> FileRecord:
    """Size and sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            digest.update(block)
    return FileRecord(path.stat().st_size, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model folder whose manifest has been read."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path | str) -> Bundle:
        """Read the manifest of ``folder``.

        Raises:
            BundleError: the folder or its manifest is missing, malformed, or of another version.
        """
        path = Path(folder) / MANIFEST
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise BundleError(f"{path}: not found; a model folder holds a {MANIFEST}") from error
        except (OSError, ValueError) as error:
            raise BundleError(f"{path}: cannot be read as JSON: {error}") from error
        return cls(Path(folder), _manifest(record, path))

    def model_file(self, *, quantized: bool) -> Path:
        """The encoder graph, checked; where only one precision is there, that one is not a substitute."""
        name = QUANTIZED_MODEL if quantized else MODEL
        if name not in self.manifest.files:
            other = "quantized=False" if quantized else "quantized=True"
            raise BundleError(f"{self.folder / name}: this bundle has no such graph; ask for {other}")
        return self.checked(name)

    def checked(self, name: str) -> Path:
        """The path of a file of the bundle, once its size and sha256 agree with the manifest."""
        record = self.manifest.files.get(name)
        path = self.folder / name
        if record is None:
            raise BundleError(f"{self.folder / MANIFEST}: does not list {name}")
        try:
            found = describe_file(path)
        except OSError as error:
            raise BundleError(
                f"{path}: missing or unreadable ({error.strerror}); fetch the model again"
            ) from error
        if found != record:
            # The cache of the Hub holds links; a damaged file behind one stays until it is deleted.
            first = f"delete {path.resolve()} and " if path.is_symlink() else ""
            raise BundleError(
                f"{path}: is damaged: {found.size} bytes with sha256 {found.sha256[:12]}…, the manifest says"
                f" {record.size} bytes with {record.sha256[:12]}…; {first}fetch the model again"
            )
        return path


def _manifest(record: object, path: Path) -> Manifest:
    if not isinstance(record, dict):
        raise BundleError(f"{path}: expected an object, got {type(record).__name__}")
    _expect(record, "format_version", FORMAT_VERSION, path)
    _expect(record, "schema_version", SCHEMA_VERSION, path)
    _expect(record, "entity_labels", list(ENTITY_LABELS), path)
    _expect(record, "relation_labels", list(RELATION_LABELS), path)
    try:
        decoding = record["decoding"]
        thresholds = {label: float(decoding["thresholds"][label]) for label in RELATION_LABELS}
        options = DecodingOptions(
            int(decoding["max_tokens"]),
            int(decoding["overlap"]),
            thresholds,
            _scaling(decoding["entity_scaling"]),
            _scaling(decoding["relation_scaling"]),
            checked_transitions(decoding.get("transitions", {})),
        )
        if not (options.max_tokens >= 8 and 0 <= options.overlap < options.max_tokens - 2):
            raise ValueError(f"windows of {options.max_tokens} tokens that overlap by {options.overlap}")
        if not all(0 <= threshold <= 1 for threshold in thresholds.values()):
            raise ValueError("a threshold is not between 0 and 1")
        files = {
            _inside(name, path): FileRecord(int(entry["size"]), str(entry["sha256"]))
            for name, entry in record["files"].items()
        }
        return Manifest(str(record["name"]), options, files)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"{path}: field missing or malformed: {error}") from error


def _scaling(record: Mapping[str, Any]) -> PlattScaling:
    scaling = PlattScaling(float(record["slope"]), float(record["bias"]), float(record["ends"]))
    # Written so that NaN fails too; a slope of 0 or less would turn the order of scores round.
    if not (0 < scaling.slope < math.inf and abs(scaling.bias) < math.inf and 0 <= scaling.ends < math.inf):
        raise ValueError(f"a scaling of slope {scaling.slope}, bias {scaling.bias} and ends {scaling.ends}")
    return scaling


def checked_transitions(record: Mapping[str, Any]) -> dict[str, float]:
    """Transitions by pair of tags, as a manifest holds them.

    Raises:
        ValueError: a tag is unknown, or a score would rule out or force a step.
    """
    known = {"O", *(f"{prefix}-{label}" for label in ENTITY_LABELS for prefix in "BI")}
    scores = {str(pair): float(score) for pair, score in record.items()}
    for pair, score in scores.items():
        tags = pair.split(" ")
        if len(tags) != 2 or not known.issuperset(tags) or not abs(score) < _STRONGEST_TRANSITION:
            raise ValueError(f"a transition {pair!r} of {score}")
    return scores


def _expect(record: Mapping[str, Any], field: str, wanted: object, path: Path) -> None:
    if record.get(field) != wanted:
        raise BundleError(
            f"{path}: {field} is {record.get(field)!r}, this version of khabar reads {wanted!r}"
        )


def _inside(name: str, path: Path) -> str:
    """A file name of the manifest, refused where it points out of the bundle."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts or "\\" in name:
        raise BundleError(f"{path}: file name {name!r} points out of the bundle")
    return name
