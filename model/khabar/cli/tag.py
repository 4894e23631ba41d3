"""``khabar tag``: articles in, entities and relations out."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from khabar.cli.articles import STDIN, Article, Source, find_sources, read_articles
from khabar.cli.errors import CommandError
from khabar.cli.output import open_folder, open_output, refuse_overwriting, write_file
from khabar.document import Document
from khabar.render import FORMATS, Format

if TYPE_CHECKING:
    from khabar.tagger import Tagger

_DESCRIPTION: Final = """\
Tag Arabic news articles.

A FILE is UTF-8 text, one document a file. A FILE whose name ends in .jsonl holds one JSON record a
line: the article in "text"; "id", "meta" and any other field travel along. "-" is standard input.
"""
_EXAMPLES: Final = """\
examples:
  khabar tag article.txt                                      a table in the terminal
  khabar tag news/*.txt --format html --output news.html      one page to read in a browser
  khabar tag archive.jsonl --format jsonl --output tagged.jsonl
  khabar tag news/*.txt --format brat --output annotated/     NAME.txt and NAME.ann
  curl -s https://news.example/1.txt | khabar tag - --format conll
"""

#: An input of more bytes gets a progress bar: about 100,000 Arabic characters.
_LONG_INPUT: Final = 200_000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tag`` to the subcommands."""
    parser = commands.add_parser(
        "tag",
        help="tag articles",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    formats = ", ".join(f"{known.name} ({known.summary})" for known in FORMATS.values())
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="articles; '-' or nothing reads standard input"
    )
    parser.add_argument(
        "--format",
        choices=list(FORMATS),
        default="table",
        help=f"{formats}; default: table",
        metavar="FORMAT",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="write here, whole or not at all; brat: a folder, or a single .ann file",
    )
    model = parser.add_argument_group("model")
    model.add_argument("--model", metavar="NAME", help="a folder, or a Hub name; default: the embedded model")
    model.add_argument("--revision", metavar="REF", help="branch, tag or commit of a Hub model")
    model.add_argument("--local-files-only", action="store_true", help="never use the network")
    model.add_argument(
        "--full-precision", action="store_true", help="the float32 graph instead of the int8 one"
    )
    model.add_argument(
        "--threads",
        type=_positive,
        default=1,
        metavar="N",
        help="threads; results do not depend on it; default: 1",
    )
    parser.add_argument(
        "--min-score",
        type=_probability,
        default=0.0,
        metavar="P",
        help="leave out entities and relations with a lower score, from 0 to 1; default: 0",
    )
    parser.set_defaults(run=run, usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Tag what the arguments name.

    Raises:
        CommandError: an input cannot be read or the output not written.
        BundleError: the model cannot be used.
    """
    if arguments.revision is not None and arguments.model is None:
        arguments.usage_error("--revision needs --model with a name on the Hub")
    if not arguments.files and (sys.stdin is None or sys.stdin.isatty()):
        arguments.usage_error("nothing to tag: name a FILE, or pipe a text into 'khabar tag -'")
    sources = find_sources(arguments.files or [STDIN])
    chosen, output = FORMATS[arguments.format], arguments.output
    into_folder = chosen.file_a_document and _needs_folder(sources, output)
    if into_folder and output is None:
        raise CommandError(chosen.name, "each document needs a file of its own", "give --output FOLDER")
    refuse_overwriting(output, [source.path for source in sources if source.path is not None])
    if into_folder:
        _tag_into_folder(arguments, sources, chosen, output)
        return 0
    with open_output(output) as target:
        for piece in chosen.render(_tagged(arguments, sources)):
            target.write(piece)
    return 0


def _tag_into_folder(
    arguments: argparse.Namespace, sources: Sequence[Source], chosen: Format, folder: Path
) -> None:
    """Write each document as ``NAME.txt`` and its annotation as ``NAME.ann``."""
    originals = {source.path.resolve() for source in sources if source.path is not None}
    with open_folder(folder) as unfinished:
        for document in _tagged(arguments, sources):
            name = _file_name(document)
            text, annotation = unfinished / f"{name}.txt", unfinished / f"{name}.ann"
            if annotation.exists():
                raise CommandError(
                    folder, f"two documents would be named {name}", "give them different names"
                )
            write_file(text, document.text)
            write_file(annotation, "".join(chosen.render([document])))
            original = (folder / text.name).resolve()
            if original in originals and original.read_bytes() != text.read_bytes():
                raise CommandError(
                    original, "begins with a mark that shifts offsets", "choose another --output"
                )


def _tagged(arguments: argparse.Namespace, sources: Sequence[Source]) -> Iterator[Document]:
    tagger = _load_tagger(arguments)
    for article in _with_progress(read_articles(sources), sources, arguments.output):
        document = article.document
        tagged = tagger.predict(document.text, id=document.id, min_score=arguments.min_score)
        yield replace(tagged, meta=document.meta)


def _load_tagger(arguments: argparse.Namespace) -> Tagger:
    # ONNX Runtime takes a quarter of a second to import; --help and wrong usage never need it.
    from khabar.tagger import Tagger  # noqa: PLC0415

    return Tagger.from_pretrained(
        arguments.model,
        revision=arguments.revision,
        local_files_only=arguments.local_files_only,
        threads=arguments.threads,
        quantized=not arguments.full_precision,
    )


def _with_progress(
    articles: Iterable[Article], sources: Sequence[Source], output: Path | None
) -> Iterator[Article]:
    """Pass articles on; on a terminal that shows nothing else, long input gets a progress bar."""
    size = sum(source.size for source in sources)
    is_long = len(sources) > 1 or size > _LONG_INPUT
    if not is_long or not sys.stderr.isatty() or (output is None and sys.stdout.isatty()):
        yield from articles
        return
    from tqdm import tqdm  # noqa: PLC0415

    with tqdm(total=size or None, unit="B", unit_scale=True, file=sys.stderr) as bar:
        for article in articles:
            yield article
            bar.update(article.size)


def _needs_folder(sources: Sequence[Source], output: Path | None) -> bool:
    is_many = len(sources) > 1 or any(source.is_jsonl for source in sources)
    return is_many or (output is not None and output.suffix != ".ann")


def _file_name(document: Document) -> str:
    """A file name made of the id, without ``.txt`` and without what a file name cannot hold."""
    plain = re.sub(r'[\x00-\x1f/\\:*?"<>|]', "_", document.id or "").removesuffix(".txt").lstrip(".")
    return plain or "document"


def _positive(value: str) -> int:
    number = int(value) if value.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 up, got {value!r}")
    return number


def _probability(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {value!r}")
    return number
