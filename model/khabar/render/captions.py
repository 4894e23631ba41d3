"""What an Arabic reader sees for each label: a caption, and for entity labels a hue."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: Entity label -> caption and hue in degrees of the colour circle.
ENTITY_CAPTIONS: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        "PER": ("شخص", 212),
        "TITLE": ("منصب أو لقب", 262),
        "ORG": ("هيئة أو منظمة", 28),
        "GPE": ("دولة أو مدينة", 148),
        "LOC": ("موقع طبيعي أو إقليم", 92),
        "FAC": ("منشأة", 182),
        "NORP": ("جنسية أو جماعة", 322),
        "EVENT": ("حدث", 345),
        "LAW": ("اتفاق أو قانون", 236),
        "WEAPON": ("سلاح", 4),
        "DATE": ("تاريخ أو وقت", 50),
        "MONEY": ("مبلغ مالي", 120),
        "QUANTITY": ("عدد أو كمية", 290),
    }
)

RELATION_CAPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "HOLDS_TITLE": "يحمل صفة",
        "AFFILIATED_WITH": "ينتمي إلى",
        "MEMBER_OF": "عضو في",
        "PART_OF": "جزء من",
        "LOCATED_IN": "يقع في",
        "PRESENT_AT": "حاضر في",
        "PARTICIPATES_IN": "يشارك في",
        "MEETS_WITH": "يجتمع مع",
        "COOPERATES_WITH": "يتعاون مع",
        "CONFLICTS_WITH": "في نزاع مع",
        "HAS_WEAPON": "يملك سلاح",
        "HAS_ALIAS": "اسم آخر له",
        "HAS_DATE": "تاريخه",
        "HAS_QUANTITY": "مقداره",
    }
)
