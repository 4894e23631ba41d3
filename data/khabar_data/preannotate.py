"""Tag raw articles for people to correct: ``python -m khabar_data.preannotate RAW … OUT --to brat``.

Raw articles are text files, or ``.jsonl`` files with an article in ``text`` on each line. The article
that the model is least sure of comes first (``khabar_data.uncertainty``); those in which it found
nothing come last. Label Studio gets the score in ``predictions.score`` and with each region, and its
labelling interface beside OUT as ``.interface.xml``; brat gets notes with the marks, and names that
begin with the rank.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from khabar.bundle import BundleError
from khabar.cli.articles import find_sources, read_articles
from khabar.cli.errors import CommandError
from khabar.document import Document
from khabar.tagger import Tagger
from khabar_data.brat import write_brat
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.folders import refuse_filled
from khabar_data.label_studio import labeling_interface, write_label_studio
from khabar_data.notices import Notices
from khabar_data.uncertainty import uncertainty

TOOLS: Final = ("label-studio", "brat")
#: What the labelling interface of OUT is called.
INTERFACE: Final = ".interface.xml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Tag and write; exit 2 where an article or the model cannot be read, or OUT not be written."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_data.preannotate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("raw", nargs="+", metavar="RAW", help="text files, or .jsonl files with 'text'")
    parser.add_argument("output", type=Path, metavar="OUT", help="a .json file, or a new folder for brat")
    parser.add_argument("--to", dest="tool", choices=TOOLS, required=True, help="the tool to write for")
    parser.add_argument("--model", help="a model folder or a name on the Hub (default: the embedded model)")
    options = parser.parse_args(arguments)
    try:
        _refuse_output(options.tool, options.output)
        sources = find_sources(options.raw)
        tagger = Tagger.from_pretrained(options.model)
        raw = (article.document for article in read_articles(sources))
        documents = most_uncertain_first(_tagged(raw, tagger))
        notices = write_for(options.tool, documents, options.output, options.model or "khabar")
    except (BundleError, CommandError, DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(_summary(documents, options.output))
    sys.stdout.writelines(f"  {line}\n" for line in notices)
    return 0


def most_uncertain_first(documents: Iterable[Document]) -> list[Document]:
    """Documents by falling uncertainty, those without any score last; equal ones in their order."""

    def key(document: Document) -> float:
        found = uncertainty(document)
        return 1.0 if found is None else -found

    return sorted(documents, key=key)


def write_for(tool: str, documents: Sequence[Document], output: Path, model: str) -> Notices:
    """Write tagged documents for ``label-studio`` or ``brat``, in their order; says what was left behind.

    Raises:
        DataError: ``output`` is a folder that holds files.
    """
    if tool == "brat":
        digits = len(str(len(documents)))
        names = ((document.id or "document").removesuffix(".txt") for document in documents)
        ranked = (f"{rank:0{digits}}-{name}" for rank, name in enumerate(names, start=1))
        return write_brat((replace(d, id=name) for d, name in zip(documents, ranked, strict=True)), output)
    # The tasks come last: where they stand, all stands.
    with written_whole(output.with_suffix(INTERFACE)) as target:
        target.write(labeling_interface())
    return write_label_studio(documents, output, predicted_by=model)


def _refuse_output(tool: str, output: Path) -> None:
    """Say what is wrong with OUT before an hour of tagging, not after."""
    if tool == "brat":
        refuse_filled(output)
    elif output.suffix.lower() != ".json" or output.is_dir():
        raise DataError(output, None, "Label Studio imports .json files; end the name of OUT so")


def _tagged(documents: Iterable[Document], tagger: Tagger) -> Iterator[Document]:
    for document in documents:
        yield replace(tagger.predict(document.text, id=document.id), meta=document.meta)


def _summary(documents: Sequence[Document], output: Path) -> Iterator[str]:
    for document in documents:
        found = uncertainty(document)
        doubt = "nothing found" if found is None else f"uncertainty {found:.3f}"
        yield f"{document.id}: {doubt}, {len(document.entities)} entities\n"
    yield f"{output}: {len(documents)} documents\n"


if __name__ == "__main__":
    sys.exit(main())
