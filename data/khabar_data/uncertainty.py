"""How unsure a model was of a document, to annotate first what it knows least."""

from __future__ import annotations

from khabar.document import Document


def uncertainty(document: Document) -> float | None:
    """The mean of 1 - score over the entities, from 0 (sure) to 1; ``None`` where no entity has a score.

    This is least confidence (Culotta and McCallum 2005, "Reducing Labeling Effort for Structured
    Prediction Tasks"; compared with other measures by Settles and Craven 2008) for each entity, the
    score being its mean word probability. The mean, not the product over the text, so that an
    article does not come first for being long. It cannot see a name that the model passed over.
    """
    doubts = [1 - entity.score for entity in document.entities if entity.score is not None]
    return sum(doubts) / len(doubts) if doubts else None
