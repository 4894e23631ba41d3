"""A model by its name: published to a Hub on loopback, fetched, cached, pinned, broken off, damaged."""

import hashlib
import json
import shutil
import subprocess
import sys

import pytest

from khabar.bundle import MANIFEST, MODEL, QUANTIZED_MODEL, RELATION_HEAD, TOKENIZER
from khabar.tagger import Tagger
from khabar_training import publish
from tests.hub_handler import READER, WRITER
from tests.hub_server import HubServer
from tests.published_run import finished_run, hub_environment
from tests.tiny_model import SENTENCES

NAME = "akhbar/tiny"
TEXT = " ".join(SENTENCES[:3])
NEEDED = {MANIFEST, TOKENIZER, RELATION_HEAD, QUANTIZED_MODEL}


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_checkpoint, tiny_bundle):
    return finished_run(tmp_path_factory.mktemp("hub") / "run", tiny_checkpoint, tiny_bundle)


@pytest.fixture(scope="module")
def server():
    with HubServer() as hub:
        yield hub


@pytest.fixture(scope="module")
def published(server, run, tmp_path_factory):
    """What the command said, run as its users run it."""
    done = subprocess.run(
        [sys.executable, "-m", "khabar_training.publish", str(run), NAME],
        env=hub_environment(server.url, tmp_path_factory.mktemp("publisher")),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def hub(server, published):
    server.requests.clear()
    server.interruptions.clear()
    return server


@pytest.fixture
def files(hub):
    """The files of the published model."""
    return dict(hub.repositories[NAME].files())


@pytest.fixture
def load(hub, tmp_path):
    """Load models in a process with a cache of its own; a Document or the text of an error for each."""

    def in_a_process(*loads, url=hub.url, **environment):
        done = subprocess.run(
            [sys.executable, "-m", "tests.hub_client", TEXT, json.dumps(loads)],
            env=hub_environment(url, tmp_path / "home", **environment),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return [result.get("document") or result["error"] for result in json.loads(done.stdout)]

    return in_a_process


@pytest.fixture
def blobs(tmp_path):
    """The contents that stand in the cache, by their sha256, with anything that is half there."""

    def read():
        folder = tmp_path / "home/hub"
        return {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/blobs/*")}

    return read


@pytest.fixture
def local(run):
    """The Document of the same bundle in its folder."""
    return Tagger.from_pretrained(run / "bundle").predict(TEXT).to_dict()


def sha256s(contents):
    return {hashlib.sha256(content).hexdigest() for content in contents}


def test_the_command_says_what_it_published(hub, published):
    commit = hub.repositories[NAME].branches["main"]
    assert published.startswith(f"{NAME}: tiny, 12 files of ")
    assert published.endswith(f"; commit {commit}\n")


def test_a_model_loads_by_name_and_only_what_it_needs_is_fetched(hub, load, local):
    assert local["entities"]
    (document,) = load({"model": NAME})
    assert document == local
    assert hub.fetched() == NEEDED


def test_full_precision_fetches_the_other_graph(hub, load, run):
    (document,) = load({"model": NAME, "quantized": False})
    assert document == Tagger.from_pretrained(run / "bundle", quantized=False).predict(TEXT).to_dict()
    assert hub.fetched() == {MANIFEST, TOKENIZER, RELATION_HEAD, MODEL}


def test_what_was_fetched_once_loads_without_the_network(hub, load, local, tmp_path):
    assert load({"model": NAME}, {"model": NAME}) == [local, local]
    hub.requests.clear()
    offline = {"model": NAME, "local_files_only": True}
    found, missing, unknown = load(
        offline, {**offline, "quantized": False}, {**offline, "model": "akhbar/no"}
    )
    assert found == local
    assert missing == (
        f"{NAME}: not a local folder, and only part of it found in the local Hub cache"
        f" ({tmp_path / 'home/hub'}); fetch it once with the network"
    )
    assert "akhbar/no: not a local folder, and not found in the local Hub cache" in unknown
    assert load({"model": NAME}, HF_HUB_OFFLINE="1") == [local]
    assert hub.requests == []
    # A Hub that is down is no reason to fail either, where the model is in the cache.
    assert load({"model": NAME}, url="http://127.0.0.1:9") == [local]


def test_revisions_are_branches_and_commits(hub, load, local, run, tmp_path, monkeypatch):
    changed = shutil.copytree(run, tmp_path / "run")
    manifest = json.loads((changed / "bundle" / MANIFEST).read_text())
    manifest["decoding"]["thresholds"] = dict.fromkeys(manifest["decoding"]["thresholds"], 0.0)
    (changed / "bundle" / MANIFEST).write_text(json.dumps(manifest))
    first = hub.repositories[NAME].branches["main"]
    publish_here(hub, monkeypatch, str(changed), NAME, "--revision", "eager")
    assert hub.repositories[NAME].branches["main"] == first
    main, eager, pinned, unknown = load(
        {"model": NAME},
        {"model": NAME, "revision": "eager"},
        {"model": NAME, "revision": first},
        {"model": NAME, "revision": "nowhere"},
    )
    assert main == pinned == local
    assert eager["entities"] == local["entities"]
    assert len(eager["relations"]) > len(local["relations"])
    assert unknown == (
        f"{NAME}: not a local folder, and on the Hub there is no revision 'nowhere' of it;"
        " name a branch, tag or commit"
    )


def publish_here(hub, monkeypatch, *arguments):
    """The command in this process, which knows the server for the rest of the test."""
    monkeypatch.setenv("HF_TOKEN", WRITER)
    for name, value in {"ENDPOINT": hub.url, "HF_HUB_OFFLINE": False, "HF_HUB_DISABLE_XET": True}.items():
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
    assert publish.main(list(arguments)) == 0


def test_a_download_that_breaks_off_leaves_no_half_file(hub, load, local, files, blobs):
    hub.interrupt(QUANTIZED_MODEL, 20_000, for_good=True)
    (error,) = load({"model": NAME})
    assert error.startswith(f"{NAME}: not a local folder, and it could not be fetched: ")
    assert "503" in error
    assert "\n" not in error
    assert blobs() <= sha256s(files[name] for name in NEEDED - {QUANTIZED_MODEL})
    hub.interruptions.clear()
    assert load({"model": NAME}) == [local]
    assert blobs() == sha256s(files[name] for name in NEEDED)


def test_a_download_goes_on_where_the_line_dropped(hub, load, local):
    hub.interrupt(QUANTIZED_MODEL, 20_000, for_good=False)
    assert load({"model": NAME}) == [local]
    got = [request for request in hub.requests if request.path.endswith(QUANTIZED_MODEL)]
    assert [(request.method, request.start > 0) for request in got] == [
        ("HEAD", False),
        ("GET", False),
        ("GET", True),
    ]


def test_content_that_is_not_what_the_manifest_says_is_refused(hub, load, files):
    graph = bytearray(files[QUANTIZED_MODEL])
    graph[len(graph) // 2] ^= 0xFF
    hub.commit("akhbar/damaged", {**files, QUANTIZED_MODEL: bytes(graph)})
    hub.commit("akhbar/other-words", {**files, TOKENIZER: files[TOKENIZER].replace(b"[SEP]", b"[SAP]")})
    first, second = load({"model": "akhbar/damaged"}, {"model": "akhbar/other-words"})
    assert f"{QUANTIZED_MODEL}: is damaged: {len(graph)} bytes" in first
    assert f"{TOKENIZER}: is damaged: " in second


def test_a_file_damaged_in_the_cache_is_named_and_fetched_again_once_deleted(
    hub, load, local, files, tmp_path
):
    assert load({"model": NAME}) == [local]
    digest = hashlib.sha256(files[RELATION_HEAD]).hexdigest()
    (blob,) = (tmp_path / "home/hub").glob(f"*/blobs/{digest}")
    blob.write_bytes(blob.read_bytes()[:-1])
    (error,) = load({"model": NAME})
    assert f"{RELATION_HEAD}: is damaged" in error
    assert error.endswith(f"; delete {blob} and fetch the model again")
    blob.unlink()
    assert load({"model": NAME}) == [local]


def test_names_that_lead_to_no_model_give_short_errors(hub, load, local):
    hub.create("akhbar/empty")
    hub.commit("akhbar/hidden", hub.repositories[NAME].files())
    hub.repositories["akhbar/hidden"].private = True
    loads = [{"model": name} for name in ("akhbar/nobody", "akhbar/hidden", "akhbar/empty", "a--b/c")]
    unknown, hidden, empty, malformed = load(*loads, HF_TOKEN="")
    advice = "a private model needs a token (`hf auth login`, or HF_TOKEN)"
    assert unknown == f"akhbar/nobody: not a local folder, and not found on the Hub ({hub.url}); {advice}"
    assert hidden == f"akhbar/hidden: not a local folder, and not found on the Hub ({hub.url}); {advice}"
    assert empty.startswith("akhbar/empty: is no model of khabar: revision ")
    assert empty.endswith(f" holds no {MANIFEST}")
    assert malformed.startswith("a--b/c: not a local folder, and it could not be fetched: ")
    assert load({"model": "akhbar/hidden"}, HF_TOKEN=READER) == [local]


def test_a_hub_that_cannot_be_reached_is_named(load, tmp_path):
    (error,) = load({"model": NAME}, url="http://127.0.0.1:9")
    cache = tmp_path / "home/hub"
    assert error.startswith(
        f"{NAME}: not a local folder, and not found in the local Hub cache ({cache});"
        " the Hub (http://127.0.0.1:9) could not be used: "
    )
    assert "refused" in error
    assert len(error.splitlines()) == 1
