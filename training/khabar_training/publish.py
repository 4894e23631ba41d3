"""Publish a finished run on the Hugging Face Hub.

    python -m khabar_training.publish RUN NAME [--private] [--revision BRANCH] [--report report.json …]
        [--dry-run FOLDER]

checkpoint, bundle, scores -> one folder, opened once as users will -> one commit of the repository NAME
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from khabar import __version__
from khabar.bundle import BundleError
from khabar.hub import one_line
from khabar_data.errors import DataError
from khabar_training.card_scores import read_report, read_run
from khabar_training.hub_card import CardFacts, render_hub_card
from khabar_training.hub_folder import assemble, read_bundle
from khabar_training.parity import ExportError

_LICENCE: Final = "apache-2.0"
#: Weights, graphs and tokenizers that an older model may have left in the repository.
_REPLACED: Final = ["*.safetensors", "onnx/*", "special_tokens_map.json", "added_tokens.json", "vocab.txt"]


class PublishError(RuntimeError):
    """The Hub did not take a model; the message says why, and what to do."""


def upload(folder: Path, name: str, message: str, *, private: bool, revision: str | None) -> str:
    """Put a folder on the Hub, in the place of the model that is there; returns the commit.

    Args:
        folder: what ``assemble`` wrote.
        name: ``organisation/name``; made where it is missing.
        message: of the commit.
        private: nobody else may see the repository.
        revision: a branch, begun where it is missing; without it the main one.

    Raises:
        PublishError: no permission, no network, the repository is public, or the Hub refused the files.
    """
    api = HfApi(library_name="khabar", library_version=__version__)
    try:
        api.create_repo(name, private=private or None, exist_ok=True)
        if private and not api.model_info(name).private:
            raise PublishError(
                f"{name}: is there and public; make it private in its settings, or name another"
            )
        if revision is not None:
            api.create_branch(name, branch=revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=name,
            folder_path=folder,
            revision=revision,
            commit_message=message,
            delete_patterns=_REPLACED,
        )
    except PublishError:
        raise
    except Exception as error:  # network and HTTP errors of several libraries
        raise PublishError(f"{name}: {_refusal(error, name)}") from error
    return str(commit.oid)


def _refusal(error: Exception, name: str) -> str:
    """What went wrong, in one line, and what to do."""
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set; unset it to publish"
    said = getattr(error, "server_message", None)
    reason = " ".join(said.split()) if said else one_line(error)
    # The client's error on a failed upload names the file, and the one behind it says why.
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        reason = f"{reason} {one_line(error.__cause__)}"
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if status == 401:
        return f"the Hub does not know the token ({reason}); use `hf auth login` again, or another HF_TOKEN"
    if status == 403:
        advice = f"use one with permission to write for {name.partition('/')[0]!r}"
        return f"the token may not write there ({reason}); {advice}"
    return f"the Hub did not take it: {reason}"


def _licence_text(identifier: str, path: Path | None) -> str | None:
    """The text for LICENSE: of a file, or for Apache-2.0 the one that came with this package."""
    if path is not None:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(path, None, f"cannot be read as text: {error}") from error
    return distribution("khabar").read_text("licenses/LICENSE") if identifier == _LICENCE else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m khabar_training.publish",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="output folder of a finished training run")
    parser.add_argument("name", metavar="NAME", help="organisation/name on the Hub")
    parser.add_argument("--private", action="store_true", help="nobody else may see the repository")
    parser.add_argument("--revision", metavar="BRANCH", help="a branch; begun where it is missing")
    parser.add_argument(
        "--report",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="reports of khabar_training.evaluate --output for the card",
    )
    parser.add_argument("--base-model", metavar="NAME", help="Hub name of the encoder, for the card")
    parser.add_argument(
        "--license", default=_LICENCE, metavar="ID", help="as the Hub writes it (default: %(default)s)"
    )
    parser.add_argument("--license-file", type=Path, metavar="FILE", help="its text, published as LICENSE")
    parser.add_argument(
        "--dry-run", type=Path, metavar="FOLDER", help="write FOLDER to look at, and publish nothing"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish a run; exit 2 where that cannot be."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.name.count("/") != 1 or not all(options.name.split("/")):
        parser.error(f"argument NAME: {options.name!r} is not of the form organisation/name")
    try:
        if options.dry_run is not None:
            model = _prepare(options, options.dry_run.resolve())
            sys.stdout.write(f"{options.dry_run}: {model}, {_listing(options.dry_run)}; nothing published\n")
            return 0
        # Said before the model is loaded and compared, which takes its time.
        if get_token() is None:
            raise PublishError("no token for the Hub: log in with `hf auth login`, or set HF_TOKEN")
        with tempfile.TemporaryDirectory(prefix="khabar-") as place:
            folder = Path(place) / "model"
            model = _prepare(options, folder)
            commit = upload(
                folder,
                options.name,
                f"{model}, with khabar {__version__}",
                private=options.private,
                revision=options.revision,
            )
            sys.stdout.write(f"{options.name}: {model}, {_listing(folder)}; commit {commit}\n")
    except (BundleError, DataError, ExportError, PublishError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _prepare(options: argparse.Namespace, folder: Path) -> str:
    """Write the folder; returns the model's name."""
    run, bundle = read_run(options.run / "training.json"), read_bundle(options.run)
    name = bundle.manifest.name
    reports = [read_report(path, name) for path in options.report]
    licence = _licence_text(options.license, options.license_file)
    facts = CardFacts(name, options.name, options.license, options.base_model)
    assemble(options.run, bundle, folder, render_hub_card(run, reports, facts), licence)
    return name


def _listing(folder: Path) -> str:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return f"{len(sizes)} files of {sum(sizes) / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
