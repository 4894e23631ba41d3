"""Where a model is: the embedded default, a folder, or a repository on the Hugging Face Hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from khabar.bundle import MANIFEST, MODEL, QUANTIZED_MODEL, RELATION_HEAD, TOKENIZER, BundleError

DEFAULT_BUNDLE: Final = Path(__file__).parent / "default"

_HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")


def resolve_model(
    model: str | Path | None, *, revision: str | None, local_files_only: bool, quantized: bool
) -> Path:
    """The folder of a model, fetched from the Hub where ``model`` is a name there.

    Raises:
        BundleError: no such folder, and no such model on the Hub or in its local cache.
    """
    folder = DEFAULT_BUNDLE if model is None else Path(model)
    if model is None or folder.is_dir():
        if revision is not None:
            raise BundleError(f"{folder}: a folder has no revisions; revision= goes with a Hub name")
        return folder
    if isinstance(model, Path) or not _HUB_NAME.fullmatch(model):
        raise BundleError(f"{model}: no such folder, and no Hub name of the form 'organisation/name'")
    return _fetch(model, revision, local_files_only, quantized)


def _fetch(name: str, revision: str | None, local_files_only: bool, quantized: bool) -> Path:
    # The Hub client takes a quarter of a second to import; the embedded model never needs it.
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    wanted = [MANIFEST, TOKENIZER, RELATION_HEAD, QUANTIZED_MODEL if quantized else MODEL]
    try:
        return Path(
            snapshot_download(
                name, revision=revision, local_files_only=local_files_only, allow_patterns=wanted
            )
        )
    except Exception as error:  # network, HTTP and cache errors of several libraries
        place = "in the local Hub cache" if local_files_only else "on the Hub"
        raise BundleError(f"{name}: not a local folder, and not found {place}: {error}") from error
