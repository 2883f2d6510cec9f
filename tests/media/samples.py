"""Small real files of every type that may be uploaded."""

import io
import subprocess
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=15:duration=1"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
FRAGMENTED = ["-movflags", "frag_keyframe+empty_moov", "-g", "2"]

RECIPES: dict[str, list[str]] = {
    "film.mp4": [*PICTURE, *SOUND, *H264, "-c:a", "aac", "-shortest"],
    "faststart.mp4": [*PICTURE, *H264, "-movflags", "+faststart"],
    "fragmented.mp4": [*PICTURE, *H264, *FRAGMENTED],
    "many-fragments.mp4": [*PICTURE, "-r", "60", *H264, *FRAGMENTED],
    "film.mov": [*PICTURE, *H264],
    "film.webm": [*PICTURE, "-c:v", "libvpx", "-b:v", "200k"],
    "live.webm": [*PICTURE, "-c:v", "libvpx", "-b:v", "200k", "-live", "1"],
    "sound.webm": [*SOUND, "-c:a", "libopus"],
    "sound.mp3": [*SOUND, "-c:a", "libmp3lame", "-metadata", "title=Hooray"],
    "plain.mp3": [*SOUND, "-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0"],
    "sound.m4a": [*SOUND, "-c:a", "aac"],
    "sound.wav": [*SOUND],
    "sound.mkv": [*SOUND, "-c:a", "libopus"],
}


def make_samples(folder: Path) -> dict[str, bytes]:
    return {name: make_media(folder / name, recipe) for name, recipe in RECIPES.items()} | {
        "photo.jpg": picture("JPEG"),
        "photo.png": picture("PNG"),
        "photo.webp": picture("WEBP"),
        "lossless.webp": picture("WEBP", lossless=True),
        "extended.webp": picture("WEBP", exif=Image.Exif().tobytes()),
        "progressive.jpg": picture("JPEG", progressive=True),
    }


def make_media(path: Path, recipe: list[str]) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *recipe, "-t", "1", str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def picture(kind: str, **options: object) -> bytes:
    gradient = Image.linear_gradient("L").resize((160, 120)).convert("RGB")
    target = io.BytesIO()
    gradient.save(target, kind, **options)
    return target.getvalue()
