"""Keep a pre-trained encoder beside the code, in half precision: what everyone else fine-tunes from."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from transformers import AutoModelForMaskedLM

from khabar_data.folders import folder_replaced_whole


def store_encoder(source: Path, target: Path) -> None:
    """Copy an encoder that ``khabar_training.pretrain`` wrote, its weights as float16.

    Half the bytes; fine-tuning reads them back as float32 (``JointModel.from_encoder``). ``target``
    appears whole or not at all.
    """
    with folder_replaced_whole(target) as unfinished:
        model = AutoModelForMaskedLM.from_pretrained(source, dtype=torch.float32)
        model.to(torch.float16).save_pretrained(unfinished)
        for path in source.iterdir():
            if not (unfinished / path.name).exists():
                shutil.copyfile(path, unfinished / path.name)
