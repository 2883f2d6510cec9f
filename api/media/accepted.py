"""What may be uploaded, and how large it may be. 1 MB is 1,048,576 bytes."""

MB = 1_048_576

VIDEO = 500 * MB
IMAGE = 20 * MB
AUDIO = 50 * MB

LARGEST: dict[str, int] = {
    "video/mp4": VIDEO,
    "video/quicktime": VIDEO,
    "video/webm": VIDEO,
    "image/jpeg": IMAGE,
    "image/png": IMAGE,
    "image/webp": IMAGE,
    "audio/mpeg": AUDIO,
    "audio/mp4": AUDIO,
    "audio/wav": AUDIO,
}

# The renderer decodes every picture and frame in memory.
MOST_PIXELS = 50_000_000
