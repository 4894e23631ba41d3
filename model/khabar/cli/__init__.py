"""The ``khabar`` command: one subcommand a module, each with ``add_parser`` and ``run``.

Exit codes: 0 done, 2 wrong usage or input that cannot be read, 130 interrupted, 141 nobody reads the
output any more.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from typing import Final

from khabar import __version__
from khabar.bundle import BundleError
from khabar.cli import tag
from khabar.cli.errors import CommandError

_BAD_INPUT: Final = 2
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141

_DESCRIPTION: Final = "Tag Arabic news: entities of 13 types and 14 relations, with exact character offsets."
_EXAMPLES: Final = """\
examples:
  khabar tag article.txt
  khabar tag news/*.txt --format html --output news.html
  khabar tag --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments without the program's name; those of the process if left out.

    Returns:
        The exit code.

    Raises:
        SystemExit: for ``--help``, ``--version`` and wrong options, as argparse does.
    """
    _speak_utf8()
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except (CommandError, BundleError) as error:
        # Messages of the Hub client run over many lines.
        sys.stderr.write(f"khabar: {' '.join(str(error).split())}\n")
        return _BAD_INPUT
    except BrokenPipeError:
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="khabar",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"khabar {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    tag.add_parser(commands)
    return parser


def _speak_utf8() -> None:
    """UTF-8 out whatever the locale says; what UTF-8 cannot hold is replaced one for one."""
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
