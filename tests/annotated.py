"""Documents for the tests of the data package, written in the authoring form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from khabar import Document
from khabar_data.authoring import parse_authored


def annotated(body: str, doc_id: str = "d_1") -> Document:
    """One document from a text with marks, and the relations of a line below it."""
    (document,) = parse_authored([f"=== {doc_id}", "---", *body.split("\n")], "test")
    return document


def jsonl(path: Path, documents: Iterable[Document]) -> str:
    """Write documents one a line; the path as a command takes it."""
    lines = [json.dumps(document.to_dict(), ensure_ascii=False) for document in documents]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)
