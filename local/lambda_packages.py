"""What a function finds beside its own files: named distributions with all they need, and nothing else that is here."""

from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def link_distributions(names: Iterable[str], folder: Path) -> None:
    """Fill `folder` with links to them; it is made, and may be filled already."""
    folder.mkdir(parents=True, exist_ok=True)
    for found in _with_all_they_need(names):
        for file in found.files or []:
            link = folder / file.parts[0]
            if file.parts[0] != ".." and not link.exists():
                link.symlink_to(Path(str(found.locate_file(file.parts[0]))))


def _with_all_they_need(names: Iterable[str]) -> list[Distribution]:
    found: dict[str, Distribution] = {}
    open_ends = list(names)
    while open_ends:
        name = canonicalize_name(open_ends.pop())
        if name in found:
            continue
        found[name] = distribution(name)
        needed = [Requirement(line) for line in found[name].requires or []]
        open_ends += [other.name for other in needed if not other.marker or other.marker.evaluate({"extra": ""})]
    return list(found.values())
