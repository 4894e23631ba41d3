"""``python -m khabar_training.publish``: the folder that it makes of a run, and what it refuses."""

import json
import re
import shutil

import pytest
from huggingface_hub import ModelCard
from safetensors.torch import load_file, save_file
from transformers import AutoModelForTokenClassification, AutoTokenizer

from khabar.bundle import MANIFEST, MODEL, QUANTIZED_MODEL, RELATION_HEAD, TOKENIZER
from khabar.modeling import HEADS_WEIGHTS, JointModel
from khabar.tagger import Tagger
from khabar.tagging import TAGS
from khabar_training.export import write_manifest
from khabar_training.publish import main
from tests.hub_handler import READER, WRITER
from tests.hub_server import HubServer
from tests.published_run import finished_run
from tests.tiny_model import SENTENCES, tiny_options

NAME = "akhbar/tiny"


@pytest.fixture
def run(tmp_path, tiny_checkpoint, tiny_bundle):
    return finished_run(tmp_path / "run", tiny_checkpoint, tiny_bundle)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A Hub on loopback that this process uses, with a token that may write."""
    with HubServer() as server:
        settings = {
            "ENDPOINT": server.url,
            "HF_HUB_OFFLINE": False,
            "HF_HUB_DISABLE_XET": True,
            "HF_TOKEN_PATH": str(tmp_path / "token"),
        }
        for name, value in settings.items():
            monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
        monkeypatch.setenv("HF_TOKEN", WRITER)
        yield server


def last_line(capsys):
    """The error; before it stand the bars that transformers draws while it loads."""
    return capsys.readouterr().err.splitlines()[-1]


def report(run, **changes):
    """A report of an evaluation of the run, with scores of its own."""
    score = {"precision": 40.0, "recall": 60.0, "f1": 48.0, "support": 5, "predicted": 7}
    record = {
        "files": ["data/test.jsonl"],
        "model": "tiny",
        "quantized": True,
        "documents": 4,
        **dict.fromkeys(("ner_strict", "rel_plus", "rel"), score),
        "intervals_95": {"ner_strict": [41.04, 52.0], "rel_plus": None, "entities": {"PER": None}},
        "entities": {"PER": score},
        "relations": {"HAS_DATE": score},
        **changes,
    }
    path = run.parent / "report.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return str(path)


def test_a_dry_run_writes_a_model_for_both_kinds_of_users(run, tmp_path, capsys):
    folder = tmp_path / "made/model"
    assert main([str(run), NAME, "--dry-run", str(folder)]) == 0
    assert re.fullmatch(
        rf"{folder}: tiny, 12 files of [\d.]+ MB; nothing published\n", capsys.readouterr().out
    )
    text = SENTENCES[0]
    for quantized in (True, False):
        taggers = [Tagger.from_pretrained(place, quantized=quantized) for place in (folder, run / "bundle")]
        assert taggers[0].predict(text) == taggers[1].predict(text)
    stock, loading = AutoModelForTokenClassification.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"]
    assert stock.config.id2label == dict(enumerate(TAGS))
    pieces = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    assert stock(**pieces).logits.shape[-1] == len(TAGS)
    JointModel.load(folder)
    assert "Apache License" in (folder / "LICENSE").read_text()
    # Nothing of the machine that trained goes out with the model.
    texts = [path.read_text(errors="ignore") for path in folder.rglob("*") if path.is_file()]
    assert not any(str(tmp_path) in text for text in texts)


def test_the_card_has_the_scores_of_the_run_and_of_reports(run, tmp_path):
    folder = tmp_path / "model"
    extra = ["--report", report(run), "--base-model", "org/encoder", "--license", "cc-by-sa-4.0"]
    assert main([str(run), NAME, "--dry-run", str(folder), *extra]) == 0
    card = ModelCard.load(folder / "README.md")
    data = card.data
    assert (data.language, data.license, data.library_name) == ("ar", "cc-by-sa-4.0", "khabar")
    assert (data.pipeline_tag, data.base_model, data.model_name) == (
        "token-classification",
        "org/encoder",
        "tiny",
    )
    found = {
        (result.dataset_name, result.task_type, result.metric_name): result.metric_value
        for result in data.eval_results
    }
    assert found["development: dev.jsonl", "token-classification", "F1 (strict, fp32)"] == 1.0
    assert found["data/test.jsonl", "token-classification", "F1 (strict, int8)"] == 0.48
    assert found["data/test.jsonl", "relation-extraction", "Precision (Rel+, int8)"] == 0.4
    assert len(found) == 18
    assert "| data/test.jsonl | int8 | 4 | 48.00 (41.0-52.0) | 48.00 | 48.00 |" in card.text
    assert "| HAS_DATE | 40.0 | 60.0 | 48.0 | 5 |" in card.text
    assert f'Tagger.from_pretrained("{NAME}")' in card.text
    assert not (folder / "LICENSE").exists()


def test_a_licence_of_ones_own_goes_out_with_the_model(run, tmp_path, capsys):
    terms = tmp_path / "terms.txt"
    arguments = [str(run), NAME, "--dry-run", str(tmp_path / "model"), "--license-file", str(terms)]
    assert main(arguments) == 2
    assert f"{terms}: cannot be read as text: " in capsys.readouterr().err
    terms.write_text("Take it.")
    assert main(arguments) == 0
    assert (tmp_path / "model/LICENSE").read_text() == "Take it."


def test_a_folder_that_is_there_is_left_alone(run, tmp_path, capsys):
    (tmp_path / "model").mkdir()
    assert main([str(run), NAME, "--dry-run", str(tmp_path / "model")]) == 2
    assert f"{tmp_path / 'model'}: is there already; name a new folder\n" == capsys.readouterr().err
    assert list((tmp_path / "model").iterdir()) == []


def without_graph(name):
    def change(run):
        (run / "bundle" / name).unlink()
        write_manifest(run / "bundle", "tiny", tiny_options())

    return change


def with_other_weights(run):
    weights = load_file(run / "checkpoint" / HEADS_WEIGHTS)
    weights["relations.output.bias"] += 1
    save_file(weights, run / "checkpoint" / HEADS_WEIGHTS)


def with_half_of(name):
    def change(run):
        path = run / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return change


def with_other_words(run):
    path = run / "checkpoint" / TOKENIZER
    path.write_bytes(path.read_bytes() + b"\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: (run / "training.json").unlink(), r"training\.json: cannot be read: .*; a finished"),
        (lambda run: (run / "training.json").write_text("{}"), r"training\.json: field 'config': Field req"),
        (
            lambda run: (run / "checkpoint/model.safetensors").unlink(),
            r"model\.safetensors: not found; name the folder of a finished training run",
        ),
        (lambda run: shutil.rmtree(run / "bundle"), r"manifest\.json: not found"),
        (
            without_graph(QUANTIZED_MODEL),
            rf"manifest\.json: lists no {QUANTIZED_MODEL}; write the bundle again: python -m ",
        ),
        (without_graph(MODEL), rf"manifest\.json: lists no {MODEL}; write the bundle again"),
        (with_half_of(f"bundle/{RELATION_HEAD}"), rf"{RELATION_HEAD}: is damaged"),
        (with_half_of("checkpoint/model.safetensors"), r"checkpoint: cannot be loaded: "),
        (with_other_words, r"bundle/tokenizer\.json: is not the tokenizer of .*checkpoint; write the bundle"),
        (with_other_weights, r"model\.onnx: the graph differs from the model by"),
    ],
)
def test_a_run_that_lacks_a_piece_or_mixes_two_is_refused(run, tmp_path, capsys, change, message):
    change(run)
    assert main([str(run), NAME, "--dry-run", str(tmp_path / "out/model")]) == 2
    assert re.search(message, last_line(capsys))
    assert not list(tmp_path.glob("out/*"))
    assert not list(tmp_path.glob("out/.*"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": "khabar-default"},
            "report.json: field 'model': scores 'khabar-default', but this is 'tiny'",
        ),
        ({"rel_plus": {}}, "report.json: field 'rel_plus.precision': Field required"),
    ],
)
def test_a_report_on_something_else_is_refused(run, tmp_path, capsys, changes, message):
    arguments = [str(run), NAME, "--dry-run", str(tmp_path / "model"), "--report", report(run, **changes)]
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "/tiny", "akhbar/"])
def test_a_name_has_an_organisation(run, name, capsys):
    with pytest.raises(SystemExit):
        main([str(run), name])
    assert f"argument NAME: {name!r} is not of the form organisation/name" in capsys.readouterr().err


def test_a_second_model_takes_the_place_of_the_first(run, hub, capsys):
    stale = {"onnx/old.onnx": b"1", "vocab.txt": b"2", "notes.md": b"3", MANIFEST: b"4"}
    hub.commit(NAME, stale)
    assert main([str(run), NAME]) == 0
    files = hub.repositories[NAME].files()
    assert files[MANIFEST] == (run / "bundle" / MANIFEST).read_bytes()
    assert files[QUANTIZED_MODEL] == (run / "bundle" / QUANTIZED_MODEL).read_bytes()
    assert {"notes.md", ".gitattributes"} < set(files)
    assert {"onnx/old.onnx", "vocab.txt"}.isdisjoint(files)
    commit = hub.repositories[NAME].branches["main"]
    assert capsys.readouterr().out.endswith(f"; commit {commit}\n")
    # The same again changes nothing.
    assert main([str(run), NAME]) == 0
    assert hub.repositories[NAME].branches["main"] == commit


def test_a_private_model_is_never_put_into_a_public_place(run, hub, capsys):
    assert main([str(run), NAME, "--private"]) == 0
    assert hub.repositories[NAME].private
    hub.create("akhbar/open")
    assert main([str(run), "akhbar/open", "--private"]) == 2
    assert "akhbar/open: is there and public; make it private in its settings" in capsys.readouterr().err
    assert MANIFEST not in hub.repositories["akhbar/open"].files()


@pytest.mark.parametrize(
    ("token", "arguments", "message"),
    [
        ("", [NAME], "no token for the Hub: log in with `hf auth login`, or set HF_TOKEN"),
        ("hf_stolen", [NAME], f"{NAME}: the Hub does not know the token (Invalid credentials"),
        (READER, [NAME], f"{NAME}: the token may not write there (You don't have the rights to write"),
        (WRITER, ["others/tiny"], "use one with permission to write for 'others'"),
        (
            WRITER,
            [NAME, "--license", "mine"],
            'the Hub did not take it: Invalid metadata in README.md. - "lic',
        ),
    ],
)
def test_what_the_hub_refuses_is_said_in_a_line(run, hub, monkeypatch, capsys, token, arguments, message):
    monkeypatch.setenv("HF_TOKEN", token)
    assert main([str(run), *arguments]) == 2
    assert message in last_line(capsys)
    assert all(MANIFEST not in repository.files() for repository in hub.repositories.values())


def test_a_file_that_is_refused_is_named_and_no_commit_made(run, hub, capsys):
    hub.storage_full = True
    assert main([str(run), NAME]) == 2
    pattern = rf"{NAME}: the Hub did not take it: Error while uploading '\S+' .*Storage limit reached"
    assert re.match(pattern, last_line(capsys))
    assert list(hub.repositories[NAME].files()) == [".gitattributes"]


def test_a_hub_that_is_not_there_is_said_in_a_line(run, hub, monkeypatch, capsys):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert main([str(run), NAME]) == 2
    error = last_line(capsys)
    assert error.startswith(f"{NAME}: the Hub did not take it: ")
    assert "refused" in error
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert main([str(run), NAME]) == 2
    assert last_line(capsys) == f"{NAME}: HF_HUB_OFFLINE is set; unset it to publish"
