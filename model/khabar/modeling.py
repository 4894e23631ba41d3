"""A stock token classifier with a proclitic head and a relation head beside it.

Needs the ``train`` extra, as ``khabar.relation_head`` does; no other part of the runtime knows torch. The
token classifier is saved plainly, so that stock transformers loads it; the two heads stand beside it in
``relation_head.safetensors`` and ``relation_config.json``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedModel

from khabar.relation_head import HeadConfig, RelationHead
from khabar.tagging import TAGS

HEADS_WEIGHTS: Final = "relation_head.safetensors"
HEADS_CONFIG: Final = "relation_config.json"
PROCLITIC_CLASSES: Final = 4

#: What BERT and ModernBERT call the dropout outside of attention.
DROPOUTS: Final = ("hidden_dropout_prob", "embedding_dropout", "mlp_dropout", "classifier_dropout")


def _read_config(folder: Path) -> HeadConfig:
    return HeadConfig(**json.loads((folder / HEADS_CONFIG).read_text(encoding="utf-8")))


class JointModel(nn.Module):
    """Entities, proclitics and relations on one encoder."""

    def __init__(self, classifier: PreTrainedModel, config: HeadConfig) -> None:
        super().__init__()
        self.classifier = classifier
        self.config = config
        self.proclitic = nn.Linear(config.hidden, PROCLITIC_CLASSES)
        self.relations = RelationHead(config)

    @classmethod
    def from_encoder(
        cls,
        encoder: str | Path,
        *,
        dropout: float = 0.2,
        encoder_dropout: float = 0.1,
        revision: str | None = None,
    ) -> JointModel:
        """A model on an encoder: any checkpoint that ``AutoModel`` knows.

        The heads are fresh; where ``encoder`` is a folder that ``save`` wrote, they go on as they were.
        """
        config = AutoConfig.from_pretrained(encoder, revision=revision)
        for name in DROPOUTS:
            if hasattr(config, name):
                setattr(config, name, encoder_dropout)
        config.num_labels = len(TAGS)
        config.id2label = dict(enumerate(TAGS))
        config.label2id = {tag: index for index, tag in enumerate(TAGS)}
        classifier = AutoModelForTokenClassification.from_pretrained(
            encoder,
            config=config,
            revision=revision,
            dtype=torch.float32,
            # An encoder that was a token classifier of other labels before gets a fresh last layer.
            ignore_mismatched_sizes=True,
        )
        folder = Path(encoder)
        if (folder / HEADS_CONFIG).is_file():
            return cls(classifier, replace(_read_config(folder), dropout=dropout))._with_heads(folder)
        return cls(classifier, HeadConfig(classifier.config.hidden_size, dropout=dropout))

    @classmethod
    def load(cls, folder: Path | str) -> JointModel:
        """Read what ``save`` wrote; the attention is eager, as the export wants it."""
        folder = Path(folder)
        classifier = AutoModelForTokenClassification.from_pretrained(folder, attn_implementation="eager")
        return cls(classifier, _read_config(folder))._with_heads(folder).eval()

    def _with_heads(self, folder: Path) -> JointModel:
        missing, unexpected = self.load_state_dict(load_file(folder / HEADS_WEIGHTS), strict=False)
        lost = [name for name in missing if not name.startswith("classifier.")]
        if lost or unexpected:
            raise ValueError(f"{folder / HEADS_WEIGHTS}: missing {lost}, unexpected {unexpected}")
        return self

    def save(self, folder: Path | str) -> None:
        """Write the token classifier as stock transformers does, and the heads beside it."""
        folder = Path(folder)
        self.classifier.save_pretrained(folder)
        heads = {
            name: value.detach().cpu().contiguous()
            for name, value in self.state_dict().items()
            if not name.startswith("classifier.")
        }
        save_file(heads, folder / HEADS_WEIGHTS)
        (folder / HEADS_CONFIG).write_text(json.dumps(asdict(self.config), indent=2) + "\n", encoding="utf-8")

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read windows.

        Args:
            input_ids: ``[B, T]``.
            attention_mask: ``[B, T]``, 1 where there is a token.

        Returns:
            Tag logits ``[B, T, 27]``, last hidden state ``[B, T, H]``, proclitic logits ``[B, T, 4]``.
        """
        output = self.classifier(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        hidden = output.hidden_states[-1]
        return output.logits, hidden, self.proclitic(hidden)
