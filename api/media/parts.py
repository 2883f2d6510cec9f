"""How a file is cut into parts, and whether the parts that came are all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.media.accepted import MB
from api.media.bucket import Part, bare
from api.media.refusals import RefusedFileError

PART_SIZE = 8 * MB  # the largest file makes 63; S3 wants at least 5 MB for all but the last


@dataclass(frozen=True)
class Receipt:
    """What the bucket gave the uploader for a part."""

    number: int
    etag: str


def part_lengths(size: int, part_size: int) -> dict[int, int]:
    """Bytes of each part by its number, from 1."""
    starts = range(0, size, part_size)
    return {number: min(part_size, size - start) for number, start in enumerate(starts, start=1)}


def missing_parts(lengths: Mapping[int, int], there: Mapping[int, Part]) -> dict[int, int]:
    """The parts that are not there, or not whole, with their lengths."""
    return {number: length for number, length in lengths.items() if number not in there or there[number].size != length}


def match_receipts(
    receipts: Sequence[Receipt], lengths: Mapping[int, int], there: Mapping[int, Part]
) -> dict[int, str]:
    """Each part's ETag; RefusedFileError unless every part is named once, is there, is whole and is the one meant."""
    etags: dict[int, str] = {}
    for receipt in receipts:
        if receipt.number not in lengths:
            raise RefusedFileError("unknown_part", f"This upload has no part {receipt.number}.")
        if receipt.number in etags:
            raise RefusedFileError("duplicate_part", f"Part {receipt.number} is named twice.")
        etags[receipt.number] = bare(receipt.etag)
    for number, length in lengths.items():
        if number not in etags or number not in there:
            raise RefusedFileError("missing_part", f"Part {number} of {len(lengths)} is missing.")
        if there[number].etag != etags[number]:
            raise RefusedFileError("wrong_etag", f"Part {number} in the bucket has another ETag.")
        if there[number].size != length:
            raise RefusedFileError("wrong_size", f"Part {number} is not as long as it should be.")
    return etags
