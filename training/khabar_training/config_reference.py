"""The page on every recipe key: ``python -m khabar_training.config_reference [--output FILE]``.

pydantic models -> JSON schema (types, defaults, bounds) with docstrings (meaning) -> one Markdown page
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from khabar_data.files import written_whole
from khabar_training.distill_config import DistillConfig
from khabar_training.pretrain_config import PretrainConfig
from khabar_training.train_config import TrainConfig
from khabar_training.word_tagger_config import WordTaggingConfig

#: What a recipe file may hold, and the module that runs it.
RECIPES: Final[tuple[tuple[type[BaseModel], str], ...]] = (
    (TrainConfig, "khabar_training.train"),
    (PretrainConfig, "khabar_training.pretrain"),
    (DistillConfig, "khabar_training.distill"),
    (WordTaggingConfig, "khabar_training.word_tagger"),
)

_OPENING: Final = """\
# Configuration

Every key of every recipe. A recipe is one YAML file, and the shipped ones are in [configs](../configs). A key
that is not on this page, or a value out of its bounds, is an error that names the file and the place.
Relative paths start at the working folder. Values and defaults are written as in YAML.

This page is made from the models in `training/khabar_training/*_config.py`; after a change there, make it
anew:

```
python -m khabar_training.config_reference --output docs/configuration.md
```
"""
_REFERENCE: Final = "#/$defs/"
_ENTRY: Final = re.compile(r" {4}(\w+): (.+)")
_WORDS: Final = {
    "string": "text",
    "path": "path",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}
_BOUNDS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minItems": "{} or more of them",
}
_READ: Final = _BOUNDS.keys() | {
    *("$ref", "additionalProperties", "anyOf", "const", "default", "enum", "format", "items", "title", "type")
}


def render_reference(recipes: Sequence[tuple[type[BaseModel], str]] = RECIPES) -> str:
    """The page: a section a recipe, and one for each model that its keys hold, where it first comes up.

    Raises:
        ValueError: a key without a description, a description without a key, or a constraint that this
            page has no words for.
    """
    sections, seen = [_OPENING], set[str]()
    for model, module in recipes:
        schema = model.model_json_schema()
        parts: dict[str, Any] = schema.get("$defs", {})
        sections.append(_section(f"## {model.__name__}", schema, f"Run by `python -m {module} RECIPE.yaml`."))
        for name in _mentioned(schema, parts):
            if name not in seen:
                seen.add(name)
                sections.append(_section(f"### {name}", parts[name], ""))
    return "\n".join(sections)


def describe_keys(schema: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """What a model's docstring says of the whole, and of each key in its Attributes.

    Args:
        schema: the model's JSON schema, whose description is the docstring.

    Raises:
        ValueError: keys and Attributes are not the same set.
    """
    summary, _, listing = str(schema.get("description", "")).partition("\n\nAttributes:\n")
    described: dict[str, str] = {}
    name = ""
    for line in listing.split("\n"):
        if line and not line.startswith(" "):
            break
        if entry := _ENTRY.fullmatch(line):
            name = entry[1]
            described[name] = entry[2].strip()
        elif name:
            described[name] = f"{described[name]} {line.strip()}".strip()
    keys = schema["properties"].keys()
    if missing := keys - described.keys():
        raise ValueError(
            f"{schema['title']}: nothing says what {', '.join(sorted(missing))} is;"
            " add a line to the Attributes of its docstring"
        )
    if unknown := described.keys() - keys:
        raise ValueError(f"{schema['title']}: the docstring describes {sorted(unknown)}, which is no key")
    return summary, described


def _section(heading: str, schema: Mapping[str, Any], note: str) -> str:
    summary, described = describe_keys(schema)
    rows = "".join(
        f"| `{key}` | {_kind(value)} | {_default(value)} | {'; '.join(_bounds(value))} "
        f"| {_cell(described[key])} |\n"
        for key, value in schema["properties"].items()
    )
    return (
        f"{heading}\n\n{_markdown(' '.join(f'{summary} {note}'.split()))}\n\n"
        f"| key | type | default | bounds | meaning |\n|---|---|---|---|---|\n{rows}"
    )


def _mentioned(schema: Any, parts: Mapping[str, Any]) -> Iterator[str]:
    """Names of the models that a schema's keys hold, in the order of the keys, with those inside them."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_REFERENCE)
            yield name
            yield from _mentioned(parts[name], parts)
        for key, value in schema.items():
            if key != "$defs":
                yield from _mentioned(value, parts)
    elif isinstance(schema, list):
        for item in schema:
            yield from _mentioned(item, parts)


def _kind(schema: Mapping[str, Any]) -> str:
    """The type of a value in plain words."""
    if unread := schema.keys() - _READ:
        raise ValueError(f"{schema.get('title', schema)}: no words for {', '.join(sorted(unread))}")
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REFERENCE)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(choice) for choice in schema["anyOf"])
    if choices := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return " or ".join(f"`{choice}`" for choice in choices)
    if schema["type"] == "array":
        return f"list of {_several(schema['items'])}"
    if schema["type"] == "object":
        return f"map from text to {_kind(schema['additionalProperties'])}"
    return _WORDS[schema.get("format", schema["type"])]


def _several(schema: Mapping[str, Any]) -> str:
    word = _kind(schema)
    return f"{word}s" if word in _WORDS.values() and word != _WORDS["boolean"] else word


def _default(schema: Mapping[str, Any]) -> str:
    if "default" not in schema:
        return "required"
    return f"`{json.dumps(schema['default'], ensure_ascii=False)}`"


def _bounds(schema: Mapping[str, Any]) -> list[str]:
    """What a value must keep to, beyond its type."""
    found = [bound for choice in schema.get("anyOf", ()) for bound in _bounds(choice)]
    found += [words.format(schema[key]) for key, words in _BOUNDS.items() if key in schema]
    inner = [schema[key] for key in ("items", "additionalProperties") if key in schema]
    return found + [f"each {bound}" for value in inner for bound in _bounds(value)]


def _cell(text: str) -> str:
    return _markdown(text).replace("|", "\\|")


def _markdown(text: str) -> str:
    return text.replace("``", "`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page to a file, or to standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_training.config_reference", description="Write the page on recipe keys."
    )
    parser.add_argument("--output", type=Path, help="the file to write; standard output without it")
    output: Path | None = parser.parse_args(arguments).output
    page = render_reference()
    if output is None:
        sys.stdout.write(page)
        return 0
    with written_whole(output) as target:
        target.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
