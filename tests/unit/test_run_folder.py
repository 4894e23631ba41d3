import json

import pytest

from khabar_training.config import ClosedModel, ConfigError
from khabar_training.run_folder import claim_folder


class Before(ClosedModel):
    size: int
    minutes: float = 5


class After(Before):
    added: int | None = None


def test_a_run_goes_on_under_its_own_recipe(tmp_path):
    claim_folder(tmp_path, Before(size=3), {"minutes"})
    claim_folder(tmp_path, Before(size=3, minutes=9), {"minutes"})
    with pytest.raises(ConfigError, match="holds a run of another recipe"):
        claim_folder(tmp_path, Before(size=4), {"minutes"})


def test_a_key_that_came_later_counts_with_its_default(tmp_path):
    claim_folder(tmp_path, Before(size=3), {"minutes"})
    claim_folder(tmp_path, After(size=3), {"minutes"})
    with pytest.raises(ConfigError, match="another recipe"):
        claim_folder(tmp_path, After(size=3, added=1), {"minutes"})


@pytest.mark.parametrize(
    "text", ["", "[]", "{", json.dumps({"size": "many"}), json.dumps({"gone": 1, "size": 3})]
)
def test_what_is_no_recipe_of_this_kind_is_another_one(tmp_path, text):
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(ConfigError, match="another recipe"):
        claim_folder(tmp_path, Before(size=3), {"minutes"})
    assert (tmp_path / "recipe.json").read_text() == text
