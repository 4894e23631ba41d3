"""The spelling of a careless desk, letter for letter, so that every offset stays where it is.

Final ى and ي change places, ة loses its dots, ؤ and ئ their seat: what newspapers really print.
The alef carriers need no noise; the tokenizer folds them.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from khabar.document import Document, Entity

_CARELESS: Final = {"ى": "ي", "ي": "ى", "ة": "ه", "ؤ": "و", "ئ": "ي"}
_PLACES: Final = re.compile("[ىيةئؤ](?![\\w\u064b-\u0652\u0670])|[ؤئ]")
#: How much of what could be misspelt is, in a text that is.
_SHARE: Final = 0.5


def careless(document: Document, random: np.random.Generator) -> Document:
    """The document as a careless desk would have spelt it; same length, same annotation."""
    confused = random.permutation(list(_CARELESS))[:2].tolist()

    def replaced(match: re.Match[str]) -> str:
        letter = match[0]
        return _CARELESS[letter] if letter in confused and random.random() < _SHARE else letter

    text = _PLACES.sub(replaced, document.text)
    entities = tuple(
        Entity(entity.start, entity.end, entity.label, text[entity.start : entity.end])
        for entity in document.entities
    )
    return Document(text, entities, document.relations, document.id, document.meta)
