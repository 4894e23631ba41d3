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

    Of a repository only the files that the tagger opens are fetched: the manifest, the tokenizer, the
    relation head and the graph of the precision that was asked for.

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
        folder = Path(
            snapshot_download(
                name, revision=revision, local_files_only=local_files_only, allow_patterns=wanted
            )
        )
    except Exception as error:  # network, HTTP and cache errors of several libraries
        problem = _problem(error, revision, local_files_only)
        raise BundleError(f"{name}: not a local folder, and {problem}") from error
    if not (folder / MANIFEST).exists():
        raise BundleError(f"{name}: is no model of khabar: revision {folder.name} holds no {MANIFEST}")
    return folder


def _problem(error: Exception, revision: str | None, local_files_only: bool) -> str:
    """One line for an error of the Hub client, whose own messages run over several lines."""
    from huggingface_hub import constants, errors  # noqa: PLC0415

    match error:
        case errors.GatedRepoError():
            return f"access to it is given on request: ask on its page at {constants.ENDPOINT}, then log in"
        case errors.RepositoryNotFoundError():
            advice = "a private model needs a token (`hf auth login`, or HF_TOKEN)"
            return f"not found on the Hub ({constants.ENDPOINT}); {advice}"
        case errors.RevisionNotFoundError():
            return f"on the Hub there is no revision {revision!r} of it; name a branch, tag or commit"
        case errors.LocalEntryNotFoundError(__cause__=cause):
            cache = f"in the local Hub cache ({constants.HF_HUB_CACHE})"
            partly = getattr(error, "snapshot_path", None)
            missing = f"only part of it found {cache}" if partly else f"not found {cache}"
            if local_files_only or isinstance(cause, errors.OfflineModeIsEnabled):
                return f"{missing}; fetch it once with the network"
            return f"{missing}; the Hub ({constants.ENDPOINT}) could not be used: {one_line(cause or error)}"
    return f"it could not be fetched: {one_line(error)}"


def one_line(error: BaseException) -> str:
    """The text of an error without its line breaks."""
    return " ".join(str(error).split()) or type(error).__name__
