"""The renders: their queue, the state that a status request shows, and what happens once one is finished."""

import logging
import queue
import shutil
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from local.renderer.assets import AssetError, fetch_assets
from local.renderer.callbacks import Callbacks
from local.renderer.composition import compose, poster_arguments
from local.renderer.destinations import Credentials, DestinationError, copy_to_s3
from local.renderer.edits import Edit, S3Destination, ShotstackDestination
from local.renderer.ffmpeg import Ffmpeg
from local.renderer.schedule import ScheduleError

logger = logging.getLogger(__name__)

Stage = Literal["stage", "v1"]
Status = Literal["queued", "fetching", "preprocessing", "rendering", "generating", "saving", "done", "failed"]

OWNER = "local"
MAX_QUEUED = 100
RENDER_SECONDS = 300.0
POSTER_SECONDS = 30.0
# Films stay on disk and renders in memory until so many newer ones are finished.
KEPT_FILMS = 20
KEPT_RENDERS = 1000


class QueueFullError(Exception):
    """More renders wait than this service takes."""


@dataclass
class Copy:
    """A film on its way to one destination."""

    id: str
    region: str
    status: Literal["importing", "ready", "failed"] = "importing"
    url: str | None = None
    error: str | None = None


@dataclass
class Render:
    id: str
    stage: Stage
    edit: Edit
    body: Mapping[str, Any]
    status: Status = "queued"
    url: str | None = None
    poster: str | None = None
    error: str | None = None
    duration: float = 0.0
    render_time: float = 0.0
    created: str = field(default_factory=lambda: timestamp())
    updated: str = field(default_factory=lambda: timestamp())
    copies: list[Copy] = field(default_factory=list)


class Jobs:
    """One worker renders, oldest first: ffmpeg uses every core by itself. Uploads and callbacks follow beside it."""

    def __init__(self, folder: Path, credentials: Credentials) -> None:
        self.output_url = ""  # where this service shows its films; known once it listens
        self.films = folder / "films"
        self.films.mkdir()
        self._work = folder / "work"
        self._credentials = credentials
        self._renders: dict[str, Render] = {}
        self._lock = threading.Lock()
        self._queue: queue.Queue[Render] = queue.Queue(MAX_QUEUED)
        self._stopping = threading.Event()
        self._ffmpeg = Ffmpeg()
        self._callbacks = Callbacks(self._stopping)
        self._worker = threading.Thread(target=self._render_all, daemon=True)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        """End the render at hand at once; nothing is reported any more."""
        self._stopping.set()
        self._ffmpeg.stop()
        self._worker.join(5)

    def submit(self, stage: Stage, edit: Edit, body: Mapping[str, Any]) -> Render:
        """Queue an edit; `body` is what `data` shows later. Raises QueueFullError."""
        render = Render(str(uuid.uuid4()), stage, edit, body)
        try:
            self._queue.put_nowait(render)
        except queue.Full:
            raise QueueFullError from None
        with self._lock:
            self._renders[render.id] = render
        return render

    def find(self, stage: Stage, render_id: str) -> Render | None:
        render = self._renders.get(render_id)
        return render if render and render.stage == stage else None

    def _render_all(self) -> None:
        while not self._stopping.is_set():
            try:
                render = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            self._render(render)
            if not self._stopping.is_set():
                threading.Thread(target=self._deliver, args=(render,), daemon=True).start()
                self._drop_old()

    def _render(self, render: Render) -> None:
        started = time.monotonic()
        work = self._work / render.id
        work.mkdir(parents=True)
        try:
            self._produce(render, work)
            render.render_time = round((time.monotonic() - started) * 1000, 2)
            render.url = f"{self.output_url}/{OWNER}/{render.id}.mp4"
            _advance(render, "done")
        except (AssetError, ScheduleError) as error:
            render.error = str(error)
            _advance(render, "failed")
        except Exception as error:
            # Whatever an asset provokes, the worker lives on for the next render.
            logger.exception("render %s", render.id, exc_info=not self._stopping.is_set())
            render.error = f"The edit could not be rendered ({type(error).__name__})"
            _advance(render, "failed")
        finally:
            shutil.rmtree(work)

    def _produce(self, render: Render, work: Path) -> None:
        film = work / f"{render.id}.mp4"
        _advance(render, "fetching")
        assets = fetch_assets(render.edit, work, self._ffmpeg, self._stopping)
        _advance(render, "preprocessing")
        composition = compose(render.edit, assets, work, film, is_sandbox=render.stage == "stage")
        _advance(render, "rendering")
        self._ffmpeg.run(composition.arguments, folder=work, timeout=RENDER_SECONDS)
        render.duration = composition.seconds
        if render.edit.output.poster:
            _advance(render, "generating")
            # The very last frame may lie just before the end.
            moment = max(0.0, min(render.edit.output.poster.capture, composition.seconds - 0.2))
            self._ffmpeg.run(poster_arguments(film, moment), folder=work, timeout=POSTER_SECONDS)
            film.with_suffix(".jpg").rename(self.films / f"{render.id}.jpg")
            render.poster = f"{self.output_url}/{OWNER}/{render.id}.jpg"
        _advance(render, "saving")
        film.rename(self.films / film.name)

    def _deliver(self, render: Render) -> None:
        """Tell about the render, copy it to every destination, tell about each copy: in this order, like the vendor."""
        self._callbacks.send(
            render.edit.callback,
            {
                "type": "edit",
                "action": "render",
                "id": render.id,
                "owner": OWNER,
                "status": render.status,
                "url": render.url,
                "error": render.error,
                "completed": render.updated,
            },
        )
        if render.status != "done":
            return
        for destination in _destinations(render.edit):
            copy = self._copy(render, destination)
            self._callbacks.send(
                render.edit.callback,
                {
                    "type": "serve",
                    "action": "copy",
                    "id": copy.id,
                    "render": render.id,
                    "owner": OWNER,
                    "status": copy.status,
                    "url": copy.url,
                    "error": copy.error,
                    "completed": timestamp(),
                },
            )

    def _copy(self, render: Render, destination: S3Destination | ShotstackDestination) -> Copy:
        region = destination.options.region if isinstance(destination, S3Destination) else OWNER
        copy = Copy(str(uuid.uuid4()), region)
        render.copies.append(copy)
        if not isinstance(destination, S3Destination):
            copy.url, copy.status = render.url, "ready"
            return copy
        film = self.films / f"{render.id}.mp4"
        poster = film.with_suffix(".jpg") if render.poster else None
        try:
            copy.url = copy_to_s3(destination.options, self._credentials, film, poster, render.id)
            copy.status = "ready"
        except (DestinationError, OSError) as error:
            copy.error, copy.status = str(error), "failed"
        logger.info("render %s copied: %s", render.id, copy.status)
        return copy

    def _drop_old(self) -> None:
        with self._lock:
            finished = [render.id for render in self._renders.values() if render.status in ("done", "failed")]
            for render_id in finished[:-KEPT_RENDERS]:
                del self._renders[render_id]
        for render_id in finished[:-KEPT_FILMS]:
            for suffix in ("mp4", "jpg"):
                (self.films / f"{render_id}.{suffix}").unlink(missing_ok=True)


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _advance(render: Render, status: Status) -> None:
    render.updated = timestamp()
    render.status = status
    logger.info("render %s %s%s", render.id, status, f": {render.error}" if render.error else "")


def _destinations(edit: Edit) -> list[S3Destination | ShotstackDestination]:
    """The edit's, and the vendor's own hosting unless it is excluded."""
    chosen = [item for item in edit.output.destinations if isinstance(item, S3Destination)]
    own = [item for item in edit.output.destinations if isinstance(item, ShotstackDestination)]
    if any(item.exclude for item in own):
        return [*chosen]
    return [*chosen, ShotstackDestination(provider="shotstack")]
