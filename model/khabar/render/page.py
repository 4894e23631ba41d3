"""The head of a page that stands alone: it loads nothing and runs no script."""

from __future__ import annotations

from html import escape
from typing import Final

_HEAD: Final = """<!DOCTYPE html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
"""


def page_head(title: str, style: str, *, language: str) -> str:
    """Everything up to ``<body>``.

    Args:
        title: plain text.
        style: a style sheet, written by us.
        language: ``ar``, which is read from right to left, or ``en``.
    """
    direction = "rtl" if language == "ar" else "ltr"
    return _HEAD.format(language=language, direction=direction, title=escape(title), style=style)
