import json

import pytest

from khabar.calibration import UNSCALED, PlattScaling
from khabar.schema import RELATION_LABELS
from khabar_data.errors import DataError
from khabar_training.trained_options import read_trained_options

THRESHOLDS = dict.fromkeys(RELATION_LABELS, 0.5)
TRAINING = {
    "config": {"name": "a", "encoder": "folder", "max_tokens": 96, "overlap": 24},
    "thresholds": {**THRESHOLDS, "MEETS_WITH": 0.25},
    "scaling": {"entities": {"slope": 0.8, "bias": -0.1}, "relations": {"slope": 0.7, "bias": 0.2}},
    "steps": 3,
}


def written(tmp_path, **changes):
    path = tmp_path / "training.json"
    path.write_text(json.dumps({**TRAINING, **changes}), encoding="utf-8")
    return path


def test_a_report_tells_name_windows_thresholds_and_scaling(tmp_path):
    name, options = read_trained_options(written(tmp_path))
    assert (name, options.max_tokens, options.overlap) == ("a", 96, 24)
    assert options.thresholds == {**THRESHOLDS, "MEETS_WITH": 0.25}
    assert options.entity_scaling == PlattScaling(0.8, -0.1)
    assert options.relation_scaling == PlattScaling(0.7, 0.2)


def test_a_report_without_scaling_is_of_scores_as_they_are(tmp_path):
    path = written(tmp_path)
    path.write_text(json.dumps({key: value for key, value in TRAINING.items() if key != "scaling"}))
    _, options = read_trained_options(path)
    assert options.entity_scaling == options.relation_scaling == UNSCALED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {"max_tokens": 96, "overlap": 24}}, "field 'config.name': Field required"),
        ({"config": {**TRAINING["config"], "max_tokens": 4}}, "field 'config.max_tokens'"),
        ({"config": {**TRAINING["config"], "overlap": 94}}, "'overlap' must be less than 'max_tokens' - 2"),
        ({"thresholds": {**THRESHOLDS, "HAS_DATE": 1.5}}, "field 'thresholds.HAS_DATE'"),
        ({"thresholds": {"HAS_DATE": 0.5}}, "'thresholds' lacks HOLDS_TITLE, AFFILIATED_WITH"),
        ({"scaling": {"entities": {"slope": 0}}}, "field 'scaling.entities.slope'"),
    ],
)
def test_a_report_that_no_model_could_use_names_the_field(tmp_path, changes, message):
    with pytest.raises(DataError, match=rf"training.json: .*{message}"):
        read_trained_options(written(tmp_path, **changes))


@pytest.mark.parametrize("content", ["", "[]", "{", "\ud800"])
def test_a_file_that_is_no_report(tmp_path, content):
    path = tmp_path / "training.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match=r"training.json: "):
        read_trained_options(path)


def test_a_missing_report_says_what_leaves_one(tmp_path):
    with pytest.raises(
        DataError, match=r"training.json: cannot be read: .*a finished training run leaves one"
    ):
        read_trained_options(tmp_path / "training.json")
