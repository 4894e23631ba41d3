"""A tiny model of the real architecture, built in code: a few thousand weights and a small vocabulary."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import BPE, Unigram
from tokenizers.normalizers import Replace
from tokenizers.pre_tokenizers import Metaspace, Split, WhitespaceSplit
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer, UnigramTrainer
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertModel,
    ModernBertConfig,
    ModernBertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from khabar.bundle import DecodingOptions
from khabar.modeling import JointModel
from khabar.schema import RELATION_LABELS
from khabar_training.vocabulary import CLS_ID, PAD_ID, SEP_ID, train_vocabulary

SENTENCES = (
    "التقى وزير الخارجية المصري سامي عزيز نظيره السوداني في القاهرة أمس.",
    "قالت وزارة الدفاع العراقية إن قوات البيشمركة تسلمت 40 صاروخا يوم الخميس.",
    "وصل الأمين العام للأمم المتحدة إلى بغداد في 12 شباط/ فبراير 2018.",
    "وقعت شركة أرامكو السعودية عقدا قيمته 3 مليارات دولار مع شركة يابانية.",
    "فاز الأهلي المصري على الزمالك بهدفين في القاهرة مساء السبت.",
    "اجتمع قادة دول مجلس التعاون الخليجي في الرياض لبحث أزمة المهاجرين.",
    "أعلن حلف شمال الأطلسي (ناتو) نشر طائرات أواكس في قاعدة إنجرليك.",
    "زار الرئيس التونسي مدينة صفاقس وافتتح مستشفى الحبيب بورقيبة.",
)


def tiny_tokenizer(extra: tuple[str, ...] = ()) -> PreTrainedTokenizerFast:
    """A tokenizer with a vocabulary of the sentences above."""
    return PreTrainedTokenizerFast(
        tokenizer_object=train_vocabulary((*SENTENCES, *extra), 400, min_frequency=1),
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def tiny_encoder(folder: Path, architecture: str = "modernbert", extra: tuple[str, ...] = ()) -> Path:
    """Save a randomly initialised encoder with its tokenizer, as ``AutoModel`` loads it."""
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer(extra)
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "pad_token_id": PAD_ID,
    }
    model: PreTrainedModel
    if architecture == "bert":
        model = BertModel(BertConfig(**sizes))
    else:
        special = {
            "cls_token_id": CLS_ID,
            "bos_token_id": CLS_ID,
            "sep_token_id": SEP_ID,
            "eos_token_id": SEP_ID,
        }
        model = ModernBertModel(ModernBertConfig(**sizes, **special, global_attn_every_n_layers=1))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_multilingual_tokenizer(form: str = "metaspace") -> PreTrainedTokenizerFast:
    """A tokenizer of mmBERT's kind: byte pairs with the space as «▁», and other names for the special tokens.

    Args:
        form: where the space becomes «▁»: ``metaspace`` (before the pieces are cut), ``normalizer`` (before
            anything, as Gemma has it, so that a sentence is one word), ``unigram`` (XLM-R).
    """
    special = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
    added = [AddedToken(token, special=True, normalized=False) for token in special]
    if form == "unigram":
        tokenizer = Tokenizer(Unigram())
        tokenizer.pre_tokenizer = PreTokenizers([WhitespaceSplit(), Metaspace()])
        trainer = UnigramTrainer(vocab_size=300, special_tokens=added, unk_token="<unk>", show_progress=False)
    else:
        tokenizer = Tokenizer(BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
        if form == "normalizer":
            tokenizer.normalizer = Replace(" ", "▁")
            tokenizer.pre_tokenizer = Split(" ", "merged_with_previous")
        else:
            tokenizer.pre_tokenizer = Metaspace()
        letters = [f"<0x{byte:02X}>" for byte in range(256)]
        trainer = BpeTrainer(vocab_size=700, special_tokens=[*added, *letters], show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        pad_token="<pad>",
        cls_token="<bos>",
        sep_token="<eos>",
        mask_token="<mask>",
    )


def tiny_multilingual_encoder(folder: Path) -> Path:
    """Save a randomly initialised encoder of mmBERT's shape: every third layer global, the others local."""
    torch.manual_seed(0)
    tokenizer = tiny_multilingual_tokenizer()
    config = ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        cls_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        sep_token_id=tokenizer.sep_token_id,
        global_attn_every_n_layers=3,
        local_attention=16,
    )
    ModernBertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_checkpoint(folder: Path, architecture: str = "modernbert") -> Path:
    """Save a joint model with random weights and its tokenizer, as a training run leaves them."""
    encoder = tiny_encoder(folder.with_name(f"{folder.name}-encoder"), architecture)
    torch.manual_seed(1)
    model = JointModel.from_encoder(encoder)
    model.save(folder)
    # The encoder's own: training a vocabulary twice breaks ties differently.
    AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)
    return folder


def tiny_options(threshold: float = 0.5) -> DecodingOptions:
    """Small windows, so that short texts already need several."""
    return DecodingOptions(32, 8, dict.fromkeys(RELATION_LABELS, threshold))
