"""``python -m khabar``: the ``khabar`` command."""

from __future__ import annotations

import sys

from khabar.cli import main

if __name__ == "__main__":
    sys.exit(main())
