"""Skip-gram vectors over sub-word ids: a start for the embedding table that takes minutes on a CPU.

Mikolov et al. 2013, through gensim. A transformer that starts from these vectors leaves the plateau
of early masked language modelling several times sooner (docs/experiments.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gensim.models import Word2Vec

from khabar_training.pretrain_config import SkipGram
from khabar_training.raw_text import IdArray

_LINE = 200
#: Standard deviation of the start. At the usual 0.02 the first steps of Adam, each as large as the
#: learning rate, wash the vectors out: half the speed of learning is lost (docs/experiments.md).
_SPREAD = 0.09


def write_id_lines(arrays: Iterable[IdArray], path: Path) -> None:
    """Write ids as space-separated lines, the form that gensim reads without the interpreter."""
    with path.open("w", encoding="ascii") as target:
        for ids in arrays:
            for start in range(0, len(ids), _LINE):
                target.write(" ".join(map(str, ids[start : start + _LINE])) + "\n")


def train_skip_gram(
    id_lines: Path, vocabulary_size: int, dimensions: int, options: SkipGram, seed: int
) -> npt.NDArray[np.float32]:
    """Vectors ``[vocabulary_size, dimensions]`` with a standard deviation of 0.09 over all entries.

    Ids too rare for a vector of their own get small random ones.
    """
    model = Word2Vec(
        corpus_file=str(id_lines),
        vector_size=dimensions,
        window=options.window,
        negative=options.negative,
        min_count=options.min_count,
        epochs=options.epochs,
        sg=1,
        sample=1e-4,
        workers=os.cpu_count() or 1,
        seed=seed,
    )
    learned = np.zeros((vocabulary_size, dimensions), dtype=np.float32)
    known = np.zeros(vocabulary_size, dtype=bool)
    for key, vector in zip(model.wv.index_to_key, model.wv.vectors, strict=True):
        learned[int(key)], known[int(key)] = vector, True
    mean = learned[known].mean(axis=0)
    learned[known] -= mean
    scale = np.float32(_SPREAD / learned[known].std())
    random = np.random.default_rng(seed).normal(0, _SPREAD / 4, learned.shape).astype(np.float32)
    return np.where(known[:, None], learned * scale, random)
