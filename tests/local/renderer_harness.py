"""What surrounds the renderer in its tests: media and callbacks over HTTP, a bucket behind IAM, and eyes and ears."""

import io
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import boto3
import imageio_ffmpeg
import urllib3
from PIL import Image, ImageChops, ImageStat

from local.samples import sample_clip, sample_photo
from local.tunes import write_tune

ROOT = Path(__file__).parents[2]
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
BUCKET = "films"
KEYS = {"v1": "live-key", "stage": "sandbox-key"}
RENDERER_POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        "Resource": f"arn:aws:s3:::{BUCKET}/renders/*",
    },
}


@dataclass
class Outside:
    """What lies outside the renderer: a web server with media, which takes callbacks too, and a bucket."""

    url: str
    media: Path
    s3: Any
    aws_url: str
    renderer_keys: tuple[str, str]
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    refusals: int = 0

    def callbacks_of(self, render_id: str, count: int) -> list[dict[str, Any]]:
        """Wait until so many callbacks about the render have come."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = [body for body in self.callbacks if render_id in (body["id"], body.get("render"))]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{len(found)} callbacks of {count}: {found}")


@dataclass
class Renderer:
    process: subprocess.Popen[str]
    url: str
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    def stop(self, timeout: float) -> int:
        """Ask the process to end, and return its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout)
        if self.process.stdout:
            self.process.stdout.close()
        self.pool.clear()
        return code

    def post(self, body: Any, *, stage: str = "v1", key: str | None = None) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"x-api-key": KEYS[stage] if key is None else key, "Content-Type": "application/json"}
        return self.pool.request("POST", f"{self.url}/edit/{stage}/render", body=content, headers=headers)

    def get(self, path: str, *, stage: str = "v1") -> Any:
        return self.pool.request("GET", f"{self.url}{path}", headers={"x-api-key": KEYS[stage]})

    def finished(self, body: Any, *, stage: str = "v1") -> dict[str, Any]:
        """Submit, and wait for the status document of the end."""
        render_id = self.post(body, stage=stage).json()["response"]["id"]
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            status: dict[str, Any] = self.get(f"/edit/{stage}/render/{render_id}?data=false", stage=stage).json()
            if status["response"]["status"] in ("done", "failed"):
                return status["response"]  # type: ignore[no-any-return]
            time.sleep(0.05)
        raise AssertionError(status)


class Web(SimpleHTTPRequestHandler):
    outside: Outside

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.outside.refusals -= 1
        self.send_response(500 if self.outside.refusals >= 0 else 200)
        self.end_headers()
        self.outside.callbacks.append(body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def ffmpeg(*arguments: str) -> bytes:
    return subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], check=True, capture_output=True).stdout


def make_media(folder: Path) -> None:
    sample_photo(folder / "photo.jpg")
    sample_clip(folder / "clip.mp4")
    write_tune(folder / "tune.wav", 2)
    Image.new("RGBA", (301, 77), (200, 30, 30, 128)).save(folder / "badge.png")
    (folder / "broken.jpg").write_bytes((folder / "photo.jpg").read_bytes()[:5000])
    (folder / "page.mp4").write_text("<html>not a film</html>")
    source = ["-f", "lavfi", "-i", "color=red:s=321x241:d=1:r=10"]
    ffmpeg(*source, "-c:v", "libvpx", "-b:v", "200k", str(folder / "silent.webm"))
    ffmpeg(
        "-display_rotation", "90", "-i", str(folder / "clip.mp4"), "-t", "1", "-c", "copy", str(folder / "phone.mov")
    )


def make_bucket(aws_url: str) -> tuple[Any, tuple[str, str]]:
    """A bucket, its owner's client, and the keys of the renderer's user; from here on IAM decides."""
    anyone = boto3.Session("anyone", "anyone", region_name="eu-west-1")
    iam = anyone.client("iam", endpoint_url=aws_url)
    anyone.client("s3", endpoint_url=aws_url).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    keys = {}
    allow_all = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    for name, policy in (("owner", allow_all), ("renderer", RENDERER_POLICY)):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys[name] = key["AccessKeyId"], key["SecretAccessKey"]
    owner = boto3.Session(*keys["owner"], region_name="eu-west-1")
    return owner.client("s3", endpoint_url=aws_url), keys["renderer"]


def start_renderer(outside: Outside) -> Renderer:
    environment = {
        **os.environ,
        "RENDERER_API_KEY": KEYS["v1"],
        "RENDERER_SANDBOX_API_KEY": KEYS["stage"],
        "AWS_ENDPOINT_URL": outside.aws_url,
        "AWS_REGION": "eu-west-1",
        "RENDERER_AWS_ACCESS_KEY_ID": outside.renderer_keys[0],
        "RENDERER_AWS_SECRET_ACCESS_KEY": outside.renderer_keys[1],
    }
    command = [sys.executable, "-m", "local.renderer", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    port = re.fullmatch(r"listening (\d+)\n", process.stdout.readline())
    assert port
    return Renderer(process, f"http://127.0.0.1:{port[1]}")


def clip(asset: dict[str, Any], start: Any = 0, length: Any = 1, **rest: Any) -> dict[str, Any]:
    return {"asset": asset, "start": start, "length": length, **rest}


def text(words: str, **rest: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **rest}


def edit(*tracks: list[dict[str, Any]], resolution: str = "preview", **rest: Any) -> dict[str, Any]:
    """An edit that keeps its film to itself; the first track is on top."""
    output = {"format": "mp4", "resolution": resolution, "destinations": [{"provider": "shotstack", "exclude": True}]}
    return {"timeline": {"tracks": [{"clips": clips} for clips in tracks]}, "output": output, **rest}


def with_bucket(body: dict[str, Any], prefix: str) -> dict[str, Any]:
    options = {"region": "eu-west-1", "bucket": BUCKET, "prefix": prefix, "filename": "film"}
    body["output"]["destinations"].append({"provider": "s3", "options": options})
    body["output"]["poster"] = {"capture": 1}
    return body


def frame(film: bytes, second: float) -> Image.Image:
    one = ["-ss", str(second), "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"]
    command = [FFMPEG, "-v", "error", "-i", "-", *one]
    shown = subprocess.run(command, input=film, check=True, capture_output=True).stdout
    return Image.open(io.BytesIO(shown)).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def loudness(film: bytes, start: float, seconds: float) -> float:
    """Peak in dB."""
    command = [FFMPEG, "-i", "-", "-ss", str(start), "-t", str(seconds), "-af", "volumedetect", "-f", "null", "-"]
    printed = subprocess.run(command, input=film, check=True, capture_output=True).stderr.decode()
    return float(re.search(r"max_volume: (\S+) dB", printed)[1])  # type: ignore[index]
