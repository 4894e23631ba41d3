"""The tutorial's commands, run in their order as they stand, in a folder of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from khabar.bundle import Bundle
from khabar_data.jsonl import read_jsonl
from khabar_training.train_config import TrainConfig

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```(\w+)\n(.*?)^ *```", TUTORIAL, flags=re.MULTILINE | re.DOTALL)
#: What the commands read; everything else they make themselves.
GIVEN = ("data", "examples", "model")


def run(language, block, folder):
    """Standard output of a block; it must end well."""
    command = ["bash", "-euo", "pipefail", "-c", block] if language == "sh" else [sys.executable, "-c", block]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=folder, env=environment
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def without_figures(text):
    """Counts move when the corpus is mended; the words around them do not."""
    return re.sub(r"\d+", "0", text)


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """A folder in which the whole tutorial has been worked through; output is compared where it is shown."""
    folder = tmp_path_factory.mktemp("tutorial")
    for name in GIVEN:
        (folder / name).symlink_to(ROOT / name)
    printed = ""
    for language, block in BLOCKS:
        if language in ("sh", "python"):
            printed = run(language, block, folder)
        elif language == "text":
            assert without_figures(printed) == without_figures(block)
    return folder


def test_it_leads_from_brat_to_a_model(worked):
    work = worked / "runs/tutorial"
    assert sorted(path.name for path in worked.iterdir()) == sorted([*GIVEN, "runs"])
    assert len(list(work.glob("brat/*.ann"))) == len(read_jsonl(work / "articles.jsonl")) == 10
    assert all(read_jsonl(work / f"split/{name}.jsonl") for name in ("train", "dev", "test"))
    assert Bundle.open(work / "model").manifest.name == "my-desk"
    assert Bundle.open(work / "model").manifest.decoding == Bundle.open(work / "run/bundle").manifest.decoding


def test_brat_gives_back_what_it_was_given(worked):
    work = worked / "runs/tutorial"
    for before, after in zip(
        read_jsonl(work / "sample.jsonl"), read_jsonl(work / "articles.jsonl"), strict=True
    ):
        assert (before.id, before.text, before.entities) == (after.id, after.text, after.entities)
        assert sorted(before.relations, key=repr) == sorted(after.relations, key=repr)


def test_the_pages_are_whole(worked):
    for name in ("report.html", "article.html"):
        page = (worked / "runs/tutorial" / name).read_text(encoding="utf-8")
        assert page.rstrip().endswith("</html>")


def test_what_it_proposes_for_later_is_a_recipe_too():
    recipe = yaml.safe_load(TUTORIAL.split("<<'EOF'\n")[1].split("EOF\n")[0])
    proposals = [block for language, block in BLOCKS if language == "yaml"]
    assert len(proposals) == 1
    for block in proposals:
        config = TrainConfig.model_validate({**recipe, **yaml.safe_load(block)})
        assert [data_set.repeat for data_set in config.datasets] == [5, 1]


def test_every_block_is_of_a_kind_that_is_run_or_compared():
    assert {language for language, _ in BLOCKS} == {"sh", "text", "python", "yaml"}
    assert TUTORIAL.count("```") == 2 * len(BLOCKS)
