"""Khabar (خبر) tags Arabic news on ordinary CPUs: entities, relations, exact character offsets.

    import khabar
    document = khabar.predict("التقى وزير الخارجية المصري نظيره السوداني في القاهرة.")

Importing the package loads no model and touches no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from khabar.document import Document, DocumentError, Entity, Relation
from khabar.prediction import predict
from khabar.schema import ENTITY_LABELS, RELATION_LABELS

if TYPE_CHECKING:
    from khabar.bundle import BundleError
    from khabar.tagger import FailedText, Tagger

__all__ = [
    "ENTITY_LABELS",
    "RELATION_LABELS",
    "BundleError",
    "Document",
    "DocumentError",
    "Entity",
    "FailedText",
    "Relation",
    "Tagger",
    "predict",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """What needs ONNX Runtime on first use: it takes a quarter of a second to import."""
    if name in ("Tagger", "FailedText"):
        from khabar import tagger  # noqa: PLC0415

        return getattr(tagger, name)
    if name == "BundleError":
        from khabar.bundle import BundleError  # noqa: PLC0415

        return BundleError
    raise AttributeError(f"module 'khabar' has no attribute {name!r}")
