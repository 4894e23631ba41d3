"""The committed page on the schema is what the schema says now."""

from pathlib import Path

import pytest

from khabar.schema import ENTITY_LABELS, RELATION_TYPES, SCHEMA_VERSION
from khabar_data import schema_reference
from khabar_data.errors import DataError
from khabar_data.schema_reference import read_one_lines, render_schema

ROOT = Path(__file__).resolve().parents[2]
GUIDELINES = ROOT / "data/GUIDELINES.md"


def table(page, heading):
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| [")]
    return {row[0].strip(" [").split("]")[0]: [cell.strip() for cell in row[1:]] for row in rows}


def test_the_committed_page_is_the_generated_one():
    command = "python -m khabar_data.schema_reference --output docs/schema.md"
    page = (ROOT / "docs/schema.md").read_text(encoding="utf-8")
    assert page == render_schema(GUIDELINES), f"the page is stale; run {command}"
    assert f"Version {SCHEMA_VERSION}:" in page


def test_every_label_stands_on_the_page_with_its_line():
    page = render_schema(GUIDELINES)
    entities, relations = table(page, "Entity types"), table(page, "Relations")
    assert list(entities) == list(ENTITY_LABELS)
    assert list(relations) == [relation.label for relation in RELATION_TYPES]
    assert all(row[-1] for row in [*entities.values(), *relations.values()])


def test_the_ends_of_a_relation_are_those_that_the_schema_allows():
    relations = table(render_schema(GUIDELINES), "Relations")
    for relation in RELATION_TYPES:
        head, tail, symmetric, _ = relations[relation.label]
        assert (symmetric == "yes") == relation.symmetric
        heads = ENTITY_LABELS if head == "any" else head.split(", ")
        for label in ENTITY_LABELS:
            tails = [label] if tail == "the head's type" else tail.split(", ")
            allowed = {other for other in ENTITY_LABELS if relation.allows(label, other)}
            assert allowed == (set(tails) if label in heads else set())


def test_a_label_that_the_guidelines_leave_out_is_named(tmp_path):
    text = GUIDELINES.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("| [HAS_WEAPON](")]
    (tmp_path / "rules.md").write_text(text.replace(line + "\n", ""), encoding="utf-8")
    with pytest.raises(DataError, match=r"rules.md: no table says 'in one line' what HAS_WEAPON is"):
        read_one_lines(tmp_path / "rules.md")


def test_a_table_of_another_kind_tells_nothing(tmp_path):
    path = tmp_path / "rules.md"
    path.write_text(
        "| type | in one line |\n|---|---|\n| [PER](#per) | a |\n\n| x | y |\n| [ORG](#org) | b |\n"
    )
    with pytest.raises(DataError, match="what TITLE is"):
        read_one_lines(path)


def test_the_command_writes_a_file_or_to_standard_output(tmp_path, capsys):
    arguments = ["--guidelines", str(GUIDELINES)]
    assert schema_reference.main(arguments) == 0
    assert capsys.readouterr().out == render_schema(GUIDELINES)
    assert schema_reference.main([*arguments, "--output", str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == render_schema(GUIDELINES)


def test_the_command_away_from_the_project_says_where_to_start(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert schema_reference.main(["--output", "page.md"]) == 2
    assert "data/GUIDELINES.md: cannot be read: No such file or directory" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()
