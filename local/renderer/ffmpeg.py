"""Runs ffmpeg, one bounded process at a time, and ends it when the service stops."""

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg

# What every input is opened with: media from outside may name other files or hosts, and gets neither.
UNTRUSTED = ("-protocol_whitelist", "file")


class FfmpegError(Exception):
    """ffmpeg failed, ran out of time or was stopped; the text is the end of what it printed."""


class Ffmpeg:
    def __init__(self) -> None:
        self._executable: str = imageio_ffmpeg.get_ffmpeg_exe()
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, arguments: Sequence[str], *, folder: Path, timeout: float) -> str:
        """Run in `folder` and return what ffmpeg printed. Raises FfmpegError."""
        process = self._start([self._executable, "-hide_banner", "-nostdin", "-y", *arguments], folder)
        try:
            printed, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise FfmpegError(f"took longer than {timeout:g} s") from None
        finally:
            self._end(process)
        if process.returncode != 0:
            raise FfmpegError(printed[-2000:])
        return printed

    def stop(self) -> None:
        """Kill what runs and refuse to start more."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.kill()

    def _start(self, command: list[str], folder: Path) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise FfmpegError("the renderer is stopping")
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            self._processes.add(process)
            return process

    def _end(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
        with self._lock:
            self._processes.discard(process)
