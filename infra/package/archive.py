"""Writes zips that are the same for the same files, weighs them, and refuses what is too heavy."""

import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath

from infra.stages import DeployError

MB = 1_000_000
MOST_ZIPPED, MOST_UNPACKED = 26 * MB, 80 * MB
LISTED = 10
READABLE = 0o100644 << 16
UNIX = 3


def write_zip(archive: Path, *folders: Path, only: Collection[str] = ()) -> None:
    """All files of `folders` side by side, or those named in `only` with their bytecode. Raises DeployError.

    Names in order, no dates, no owner, readable by everyone.
    """
    files: dict[str, Path] = {}
    for name, file in (found for folder in folders for found in _files(folder)):
        if only and _source_of(name) not in only:
            continue
        if name in files:
            raise DeployError(f"{name} is in the project and in a package of requirements.txt: rename the project's")
        files[name] = file
    with zipfile.ZipFile(archive, "w") as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = UNIX, READABLE
            made.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED, 9)


def report(archive: Path, progress: Callable[[str], None]) -> None:
    """Tell the ten largest parts and the totals. Raises DeployError if it is larger than it may be."""
    zipped, unpacked = Counter[str](), Counter[str]()
    with zipfile.ZipFile(archive) as made:
        for entry in made.infolist():
            part = PurePosixPath(entry.filename).parts[0]
            zipped[part] += entry.compress_size
            unpacked[part] += entry.file_size
    total, total_unpacked = archive.stat().st_size, unpacked.total()
    for part, size in zipped.most_common(LISTED):
        progress(f"  {part:32} {size / MB:6.2f} MB zipped {unpacked[part] / MB:7.2f} MB unpacked")
    progress(f"  {'all':32} {total / MB:6.2f} MB zipped {total_unpacked / MB:7.2f} MB unpacked")
    if total > MOST_ZIPPED or total_unpacked > MOST_UNPACKED:
        raise DeployError(
            f"the package has {total / MB:.1f} MB zipped, {total_unpacked / MB:.1f} MB unpacked; at most "
            f"{MOST_ZIPPED // MB} and {MOST_UNPACKED // MB} are allowed: trim one of its largest parts, listed above"
        )


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file


def _source_of(name: str) -> str:
    """`a/__pycache__/b.cpython-311.pyc` is made from `a/b.py`."""
    path = PurePosixPath(name)
    if path.suffix != ".pyc":
        return name
    return str(path.parent.parent / f"{path.name.partition('.')[0]}.py")
