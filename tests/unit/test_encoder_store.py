import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, ModernBertConfig, ModernBertForMaskedLM

from khabar.modeling import JointModel
from khabar_training.encoder_store import store_encoder
from tests.tiny_model import tiny_tokenizer


def test_a_stored_encoder_is_half_as_large_and_trains_in_full_precision(tmp_path):
    tokenizer = tiny_tokenizer()
    config = ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        pad_token_id=0,
        cls_token_id=2,
        bos_token_id=2,
        sep_token_id=3,
        eos_token_id=3,
    )
    ModernBertForMaskedLM(config).save_pretrained(tmp_path / "run")
    tokenizer.save_pretrained(tmp_path / "run")
    (tmp_path / "run/pretraining.json").write_text("{}")
    store_encoder(tmp_path / "run", tmp_path / "encoder")
    store_encoder(tmp_path / "run", tmp_path / "encoder")
    assert {value.dtype for value in load_file(tmp_path / "encoder/model.safetensors").values()} == {
        torch.float16
    }
    assert {value.dtype for value in JointModel.from_encoder(tmp_path / "encoder").parameters()} == {
        torch.float32
    }
    assert AutoTokenizer.from_pretrained(tmp_path / "encoder").mask_token == "[MASK]"
    assert (tmp_path / "encoder/pretraining.json").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder", "run"]
