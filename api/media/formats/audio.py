"""MP3 and WAV: whole files with sound in them."""

from dataclasses import dataclass

from api.media.reading import WINDOW, StoredFile
from api.media.refusals import truncated, wrong_type

MPEG_1 = 3  # as the version stands in a frame's header
LAYER_3 = 1
KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
HAS_FRAMES, HAS_BYTES = 1, 2  # flags of the encoder's own frame

PCM_UNKNOWN = 0xFFFFFFFF  # written by recorders that could not go back


@dataclass(frozen=True)
class Frame:
    """One MP3 frame's header."""

    version: int
    rate: int
    is_mono: bool
    length: int

    @classmethod
    def parse(cls, header: bytes) -> "Frame | None":
        bits = int.from_bytes(header)
        version, layer, kbit, rate = bits >> 19 & 3, bits >> 17 & 3, bits >> 12 & 15, bits >> 10 & 3
        if bits >> 21 != 0x7FF or layer != LAYER_3 or version not in RATES or kbit in (0, 15) or rate == 3:
            return None
        is_mpeg_1, hertz = version == MPEG_1, RATES[version][rate]
        length = (144 if is_mpeg_1 else 72) * KBITS[is_mpeg_1][kbit] * 1000 // hertz + (bits >> 9 & 1)
        return cls(version=version, rate=hertz, is_mono=bits >> 6 & 3 == 3, length=length)

    @property
    def note_at(self) -> int:
        """Where the encoder's note stands in the first frame: behind the side information."""
        if self.version == MPEG_1:
            return 4 + (17 if self.is_mono else 32)
        return 4 + (9 if self.is_mono else 17)


def check_mp3(file: StoredFile) -> None:
    start = _after_id3(file)
    first = _first_frame(file, start)
    if first is None:
        raise wrong_type("The file is not an MP3.")
    position, frame = first
    if position + _noted_length(file, position, frame) > file.size:
        raise truncated("The sound ends before its last second.")


def check_wav(file: StoredFile) -> None:
    head = file.head(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise wrong_type("The file is not a WAV.")
    whole = int.from_bytes(head[4:8], "little") + 8
    if whole < file.size - 1:
        raise wrong_type("The file goes on after the sound's end.")
    if whole > file.size and whole != PCM_UNKNOWN + 8:
        raise truncated("The sound is longer than the file.")
    _check_wav_chunks(file)


def _after_id3(file: StoredFile) -> int:
    """Where the sound may start: behind the tag with title and cover, if there is one."""
    head = file.head(10)
    if head[:3] != b"ID3":
        return 0
    if len(head) < 10 or any(digit > 0x7F for digit in head[6:10]):
        raise wrong_type("The file is not an MP3.")
    length = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    has_footer = bool(head[5] & 0x10)
    start = 10 + length + (10 if has_footer else 0)
    if start >= file.size:
        raise truncated("The file ends before its sound.")
    return start


def _first_frame(file: StoredFile, start: int) -> tuple[int, Frame] | None:
    """The first of two whole frames in a row: chance does not make those."""
    window = file.read(start, min(WINDOW, file.size - start))
    for offset in range(len(window) - 3):
        frame = Frame.parse(window[offset : offset + 4])
        following = start + offset + frame.length if frame else file.size
        if frame is None or following + 4 > file.size:
            continue
        after = Frame.parse(file.read(following, 4))
        if after and (after.version, after.rate) == (frame.version, frame.rate):
            if following + after.length > file.size:
                raise truncated("The file ends before its sound.")
            return start + offset, frame
    return None


def _noted_length(file: StoredFile, position: int, frame: Frame) -> int:
    """The sound's bytes as its encoder counted them; 0 where it left no note."""
    note = file.read(position + frame.note_at, min(16, frame.length - frame.note_at))
    flags = int.from_bytes(note[4:8])
    if note[:4] not in (b"Xing", b"Info") or not flags & HAS_BYTES:
        return 0
    at = 12 if flags & HAS_FRAMES else 8
    return int.from_bytes(note[at : at + 4])


def _check_wav_chunks(file: StoredFile) -> None:
    position, has_format = 12, False
    while position + 8 <= file.size:
        name, length = file.read(position, 4), int.from_bytes(file.read(position + 4, 4), "little")
        position += 8
        if name == b"fmt ":
            has_format = length >= 16
        if name == b"data":
            if not has_format or position == file.size or length == 0:
                raise wrong_type("The file has no sound.")
            if position + length > file.size and length != PCM_UNKNOWN:
                raise truncated("The sound is longer than the file.")
            return
        position += length + length % 2
    raise truncated("The file ends before its sound.")
