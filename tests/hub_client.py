"""Loads models in a process whose environment names the Hub: ``python -m tests.hub_client TEXT LOADS``.

``LOADS`` is a JSON list of the arguments of ``Tagger.from_pretrained``; printed is, for each, the Document
of ``TEXT`` or the error.
"""

import json
import sys

from huggingface_hub import constants

from khabar.bundle import BundleError
from khabar.tagger import Tagger

# A tiny model would otherwise come in one block, and a broken download would have nothing to go on from.
constants.DOWNLOAD_CHUNK_SIZE = 4096


def main() -> None:
    """Load each model and print what came of it."""
    text, loads = sys.argv[1], json.loads(sys.argv[2])
    results = []
    for load in loads:
        try:
            results.append({"document": Tagger.from_pretrained(**load).predict(text).to_dict()})
        except BundleError as error:
            results.append({"error": str(error)})
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main()
