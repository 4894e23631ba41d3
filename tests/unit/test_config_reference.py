"""The committed page on recipe keys is what the models say now, and says it of every key."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from khabar_training import (
    config,
    config_reference,
    distill_config,
    pretrain_config,
    train_config,
    word_tagger_config,
)
from khabar_training.config_reference import describe_keys, render_reference

PAGE = Path(__file__).resolve().parents[2] / "docs/configuration.md"
MODELS = [
    kind
    for module in (distill_config, pretrain_config, train_config, word_tagger_config)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, config.ClosedModel) and kind is not config.ClosedModel
]


def rows(page, heading):
    section = page.split(f"# {heading}\n")[1].split("\n#")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): [cell.strip() for cell in row[1:]] for row in cells}


def test_the_committed_page_is_the_generated_one():
    command = "python -m khabar_training.config_reference --output docs/configuration.md"
    assert PAGE.read_text(encoding="utf-8") == render_reference(), f"the page is stale; run {command}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_every_model_is_on_the_page_with_its_meaning(model):
    found = rows(render_reference(), model.__name__)
    assert list(found) == list(model.model_fields)
    assert all(row[-1] for row in found.values())


def test_types_defaults_and_bounds_are_those_of_the_models():
    page = render_reference()
    train, data_set = rows(page, "TrainConfig"), rows(page, "DataSet")
    assert train["name"][:2] == ["text", "required"]
    assert train["epochs"][:3] == ["whole number", "`8`", "above 0"]
    assert train["warmup"][:3] == ["number", "`0.1`", "at least 0; at most 1"]
    assert train["datasets"][:3] == ["list of [DataSet](#dataset)", "required", "1 or more of them"]
    assert train["max_steps"][:3] == ["whole number or null", "`null`", "above 0"]
    assert data_set["format"][:2] == ["`jsonl` or `conll` or `nested-conll`", '`"jsonl"`']
    assert data_set["labels"][0] == "map from text to list of texts or null"


def test_a_long_description_is_one_line_and_a_bar_does_not_end_its_cell():
    class Told(BaseModel):
        """A model.

        Attributes:
            a: first half,
                second half: with a colon.
            b: this | that, as ``code``.

        Something else.
        """

        a: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)] = (1, 2)
        b: Literal["x"]

    page = render_reference([(Told, "told")])
    assert "| `a` | list of whole numbers | `[1, 2]` | 1 or more of them; each above 0 " in page
    assert "| first half, second half: with a colon. |" in page
    assert "| `b` | `x` | required |  | this \\| that, as `code`. |" in page
    assert "A model. Run by `python -m told RECIPE.yaml`." in page


def test_a_key_without_a_description_is_an_error():
    class Silent(BaseModel):
        """A model.

        Attributes:
            told: something.
        """

        told: int
        untold: int

    with pytest.raises(ValueError, match="Silent: nothing says what untold is"):
        render_reference([(Silent, "silent")])


def test_a_model_without_a_docstring_is_an_error():
    class Bare(BaseModel):
        key: int

    with pytest.raises(ValueError, match="Bare: nothing says what key is"):
        describe_keys(Bare.model_json_schema())


def test_a_description_of_no_key_is_an_error():
    class Stale(BaseModel):
        """A model.

        Attributes:
            now: a key.
            before: a key that is gone.
        """

        now: int

    with pytest.raises(ValueError, match=r"Stale: the docstring describes \['before'\], which is no key"):
        render_reference([(Stale, "stale")])


def test_a_constraint_that_the_page_has_no_words_for_is_an_error():
    class Odd(BaseModel):
        """A model.

        Attributes:
            key: a number.
        """

        key: int = Field(multiple_of=8)

    with pytest.raises(ValueError, match="Key: no words for multipleOf"):
        render_reference([(Odd, "odd")])


def test_the_command_writes_a_file_or_to_standard_output(tmp_path, capsys):
    assert config_reference.main([]) == 0
    assert capsys.readouterr().out == render_reference()
    assert config_reference.main(["--output", str(tmp_path / "a/page.md")]) == 0
    assert (tmp_path / "a/page.md").read_text(encoding="utf-8") == render_reference()
    assert capsys.readouterr().out == ""
