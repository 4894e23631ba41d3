import json
import shutil

import pytest

from khabar.bundle import MANIFEST, QUANTIZED_MODEL, TOKENIZER, Bundle, BundleError
from khabar.tagger import Tagger


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def change_manifest(bundle, **fields):
    path = bundle / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_whole_bundle_loads(bundle):
    assert Tagger.from_pretrained(bundle).predict("").entities == ()


@pytest.mark.parametrize("name", [TOKENIZER, QUANTIZED_MODEL, "onnx/relation_head.onnx"])
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=rf"{name.split('/')[-1]}: missing"):
        Tagger.from_pretrained(bundle)


def test_flipped_weights_are_refused(bundle):
    path = bundle / QUANTIZED_MODEL
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BundleError, match="model_qint8_avx512_vnni.onnx: is damaged"):
        Tagger.from_pretrained(bundle)


def test_a_truncated_file_is_refused(bundle):
    path = bundle / TOKENIZER
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BundleError, match=r"tokenizer.json: is damaged"):
        Tagger.from_pretrained(bundle)


def test_another_schema_is_refused(bundle):
    change_manifest(bundle, schema_version="0.9")
    with pytest.raises(BundleError, match=r"schema_version is '0.9', this version of khabar reads '1.3'"):
        Bundle.open(bundle)


def test_a_manifest_that_points_outside_is_refused(bundle):
    change_manifest(bundle, files={"../../etc/passwd": {"size": 1, "sha256": "0"}})
    with pytest.raises(BundleError, match="points out of the bundle"):
        Bundle.open(bundle)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_tokens": 2}, "windows of 2 tokens"),
        ({"overlap": 32}, "overlap by 32"),
        ({"thresholds": {}}, "field missing or malformed"),
        ({"entity_scaling": {"slope": 0, "bias": 0, "ends": 0}}, "a scaling of slope 0"),
        ({"relation_scaling": {"slope": "nan", "bias": 0, "ends": 0}}, "a scaling of slope nan"),
        ({"relation_scaling": {"slope": 1, "bias": 0, "ends": -1}}, "and ends -1"),
        ({"relation_scaling": None}, "field missing or malformed"),
    ],
)
def test_impossible_windows_are_refused(bundle, change, message):
    decoding = json.loads((bundle / MANIFEST).read_text())["decoding"]
    change_manifest(bundle, decoding={**decoding, **change})
    with pytest.raises(BundleError, match=message):
        Bundle.open(bundle)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format_version": 1}'])
def test_a_manifest_that_is_none(bundle, content):
    (bundle / MANIFEST).write_text(content)
    with pytest.raises(BundleError, match="manifest.json"):
        Bundle.open(bundle)


def test_a_precision_that_is_not_there_is_no_silent_substitute(bundle):
    record = json.loads((bundle / MANIFEST).read_text())
    del record["files"]["onnx/model.onnx"]
    change_manifest(bundle, files=record["files"])
    with pytest.raises(BundleError, match="ask for quantized=True"):
        Tagger.from_pretrained(bundle, quantized=False)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(BundleError, match="no such folder"):
        Tagger.from_pretrained(tmp_path / "nowhere")


def test_a_revision_goes_with_a_hub_name(bundle):
    with pytest.raises(BundleError, match="a folder has no revisions"):
        Tagger.from_pretrained(bundle, revision="main")


def test_a_hub_name_that_is_not_in_the_cache():
    with pytest.raises(BundleError, match="not found in the local Hub cache"):
        Tagger.from_pretrained("no-organisation/no-model", local_files_only=True)
