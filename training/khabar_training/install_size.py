"""How much room an installation takes: the package and all that it requires, by the metadata of each."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement


def install_sizes() -> dict[str, float]:
    """Megabytes of the installed packages that ``khabar`` alone and with ``train`` pulls in."""
    return {"base": _closure_megabytes("khabar", ""), "train": _closure_megabytes("khabar", "train")}


def _closure_megabytes(package: str, extra: str) -> float:
    seen: set[str] = set()
    todo, total = [(package, extra)], 0
    while todo:
        name, wanted = todo.pop()
        key = name.lower().replace("_", "-")
        if key in seen:
            continue
        seen.add(key)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        paths = (Path(str(file.locate())) for file in found.files or ())
        total += sum(path.stat().st_size for path in paths if path.is_file())
        for text in found.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                todo.append((requirement.name, ",".join(requirement.extras)))
    return round(total / 1e6, 1)
