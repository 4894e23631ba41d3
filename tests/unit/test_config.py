import pytest

from khabar_training.config import ConfigError, load_config
from khabar_training.pretrain_config import PretrainConfig
from khabar_training.train_config import TrainConfig

MINIMAL = """\
name: x
encoder: folder
output: out
datasets: [{path: a.jsonl}]
development: [b.jsonl]
"""


def written(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_minimal_recipe(tmp_path):
    config = load_config(written(tmp_path, MINIMAL), TrainConfig)
    assert config.datasets[0].repeat == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("epoch: 3\n", "epoch: Extra inputs are not permitted"),
        ("epochs: 0\n", "epochs: Input should be greater than 0"),
        ("epochs: many\n", "epochs: Input should be a valid integer"),
        ("overlap: 200\n", "'overlap' less than 'max_tokens' - 2"),
        ("max_tokens: 2\n", "'max_tokens' must be at least 8"),
        ("warmup: 2\n", "warmup: Input should be less than or equal to 1"),
    ],
)
def test_a_wrong_key_or_value_names_its_path(tmp_path, change, message):
    with pytest.raises(ConfigError, match=message):
        load_config(written(tmp_path, MINIMAL + change), TrainConfig)


def test_a_key_inside_a_list_names_its_place(tmp_path):
    text = MINIMAL.replace("{path: a.jsonl}", "{path: a.jsonl, form: conll}")
    with pytest.raises(ConfigError, match=r"datasets.0.form: Extra inputs"):
        load_config(written(tmp_path, text), TrainConfig)


def test_a_label_map_needs_its_coverage(tmp_path):
    text = MINIMAL.replace("{path: a.jsonl}", "{path: a.conll, format: conll, labels: {PERS: [PER]}}")
    with pytest.raises(ConfigError, match="'labels' and 'covers' belong together"):
        load_config(written(tmp_path, text), TrainConfig)


def test_a_key_that_nothing_would_read_is_refused(tmp_path):
    text = MINIMAL.replace("{path: a.jsonl}", "{path: a.jsonl, skip: b.json}")
    with pytest.raises(ConfigError, match="need 'labels' and 'covers'"):
        load_config(written(tmp_path, text), TrainConfig)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "name: x"])
def test_what_is_no_recipe(tmp_path, text):
    with pytest.raises(ConfigError, match="x.yaml"):
        load_config(written(tmp_path, text), TrainConfig)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="nowhere.yaml: cannot be read"):
        load_config(tmp_path / "nowhere.yaml", PretrainConfig)
