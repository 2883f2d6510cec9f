"""Builds the ffmpeg command that draws a film in one pass: layers from the bottom up, then the sound.

Stills (pictures, texts, the background) are drawn by Pillow and held by `loop`; clips are decoded once. No text or URL
from an edit gets into the filter graph: inputs are files that this service named itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from local.renderer import motion, sound
from local.renderer.assets import Assets, Media
from local.renderer.edits import AudioAsset, Clip, Edit, Output, TextAsset, VideoAsset
from local.renderer.ffmpeg import UNTRUSTED
from local.renderer.framing import Size, fit, place
from local.renderer.lettering import draw_text
from local.renderer.schedule import STILL_SECONDS, Schedule, ScheduledClip, schedule
from local.renderer.watermark import draw_watermark

SIZES = {"preview": (512, 288), "mobile": (640, 360), "sd": (1024, 576), "hd": (1280, 720), "1080": (1920, 1080)}
BT709 = "out_color_matrix=bt709:out_range=tv"
FILTERS = {
    "blur": "gblur=sigma=24:steps=2",
    "boost": "eq=contrast=1.15:saturation=1.4",
    "contrast": "eq=contrast=1.35",
    "darken": "eq=brightness=-0.15",
    "greyscale": "hue=s=0",
    "lighten": "eq=brightness=0.12",
    "muted": "eq=contrast=0.9:saturation=0.5",
    "negative": "negate",
}


@dataclass
class Graph:
    """The inputs and filter chains collected so far."""

    inputs: list[str] = field(default_factory=list)
    chains: list[str] = field(default_factory=list)
    count: int = 0

    def add_input(self, *arguments: str) -> int:
        """Return the new input's number."""
        self.inputs += arguments
        self.count += 1
        return self.count - 1


@dataclass(frozen=True)
class Composition:
    """What renders a film: arguments for ffmpeg, to be run in the folder with the assets, and what will come out."""

    arguments: list[str]
    seconds: float


def compose(edit: Edit, assets: Assets, folder: Path, film: Path, *, is_sandbox: bool) -> Composition:
    """Draw the stills into `folder` and build the command that writes `film`. Raises ScheduleError."""
    canvas, fps = canvas_size(edit.output), edit.output.fps
    plan = schedule(edit.timeline, fps, lambda clip: natural_seconds(clip, assets))
    graph = Graph()
    background = Image.new("RGB", canvas, edit.timeline.background)
    number = _add_still(graph, background, folder, fps)
    graph.chains.append(f"[{number}:v]{_held(plan.frames, 'yuv420p')}[v0]")
    layers = _add_clips(graph, plan, assets, folder, canvas, fps)
    if is_sandbox:
        number = _add_still(graph, draw_watermark(canvas), folder, fps)
        graph.chains.append(f"[{number}:v]{_held(plan.frames, 'yuva420p')}[watermark]")
        layers.append("[watermark]overlay=format=yuv420")
    for index, overlay in enumerate(layers):
        graph.chains.append(f"[v{index}]{overlay}[v{index + 1}]")
    tags = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    graph.chains.append(f"[v{len(layers)}]{tags}[film]")
    graph.chains += sound.mix(_voices(graph, plan, assets, fps), _music(graph, edit, assets), seconds=plan.frames / fps)
    return Composition(_command(graph, plan, fps, film), plan.frames / fps)


def poster_arguments(film: Path, moment: float) -> list[str]:
    """What makes a JPEG beside the film, named like it, of the frame at this second."""
    # JPEG's colours are by definition BT.601 in full range; the film's are not.
    colours = ["-vf", "scale=out_color_matrix=bt601:out_range=full"]
    one = ["-frames:v", "1", "-q:v", "3", "-f", "image2", "-update", "1", str(film.with_suffix(".jpg"))]
    return ["-v", "error", "-ss", f"{moment:.3f}", "-i", str(film), *colours, *one]


def canvas_size(output: Output) -> Size:
    long, short = SIZES[output.resolution]
    return {
        "16:9": (long, short),
        "9:16": (short, long),
        "1:1": (short, short),
        "4:5": (short * 4 // 5 // 2 * 2, short),
        "4:3": (short * 4 // 3 // 2 * 2, short),
    }[output.aspect_ratio]


def natural_seconds(clip: Clip, assets: Assets) -> float:
    """How long a clip of length "auto" plays."""
    if isinstance(clip.asset, VideoAsset | AudioAsset):
        return max(0.1, assets[clip.asset.type, clip.asset.src].seconds - clip.asset.trim)
    return STILL_SECONDS


def _add_clips(graph: Graph, plan: Schedule, assets: Assets, folder: Path, canvas: Size, fps: int) -> list[str]:
    """Add a chain for every clip that shows, and return the overlay filter of each, its own input label in front."""
    overlays = []
    for index, item in enumerate(plan.clips):
        if isinstance(item.clip.asset, AudioAsset):
            continue
        if isinstance(item.clip.asset, VideoAsset):
            media = assets["video", item.clip.asset.src]
            chain, left, top = _footage(graph, item, item.clip.asset, media, canvas, fps)
        else:
            chain, left, top = _still(graph, item, assets, folder, canvas, fps)
        steps = [chain, *motion.moves(item), *motion.veils(item), f"setpts=PTS+{item.start}"]
        graph.chains.append(f"{','.join(steps)}[layer{index}]")
        x, y = motion.slides(item, left, top)
        overlays.append(f"[layer{index}]overlay=x='{x}':y='{y}':eof_action=pass:format=yuv420")
    return overlays


def _footage(
    graph: Graph, item: ScheduledClip, asset: VideoAsset, media: Media, canvas: Size, fps: int
) -> tuple[str, int, int]:
    box = fit((media.width, media.height), canvas, item.clip)
    number = _add_stream(graph, media, "-ss", f"{asset.trim:.3f}", "-t", f"{item.frames / fps + 1:.3f}")
    steps = [
        f"[{number}:v:0]fps={fps}:start_time=0",
        f"crop=w='iw*{box.kept[0]:.5f}':h='ih*{box.kept[1]:.5f}'",
        f"scale={box.shown[0]}:{box.shown[1]}:{BT709}",
        "setsar=1",
        *_filter(item.clip),
        "format=yuv420p",
        # A clip that ends before its length holds its last frame rather than leave a hole.
        "tpad=stop=-1:stop_mode=clone",
        f"trim=end_frame={item.frames}",
        "setpts=N",
    ]
    return ",".join(steps), *place(box.shown, canvas, item.clip)


def _still(
    graph: Graph, item: ScheduledClip, assets: Assets, folder: Path, canvas: Size, fps: int
) -> tuple[str, int, int]:
    picture = _draw(item.clip, assets, canvas)
    left, top = place(picture.size, canvas, item.clip)
    if item.clip.effect:
        # Effects move the asset, not just what its box shows of it: give them the whole canvas to move it on.
        whole = Image.new("RGBA", canvas, (0, 0, 0, 0))
        whole.paste(picture, (left, top))
        picture, left, top = _opaque_as_rgb(whole), 0, 0
    number = _add_still(graph, picture, folder, fps)
    pixel_format = "yuva420p" if picture.mode == "RGBA" else "yuv420p"
    return f"[{number}:v]{_held(item.frames, pixel_format, *_filter(item.clip))}", left, top


def _draw(clip: Clip, assets: Assets, canvas: Size) -> Image.Image:
    if isinstance(clip.asset, TextAsset):
        picture = draw_text(clip.asset, canvas)
        size = max(1, round(picture.width * clip.scale)), max(1, round(picture.height * clip.scale))
        return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)
    with Image.open(assets["image", clip.asset.src].path) as opened:
        box = fit(opened.size, canvas, clip)
        left, top = opened.width * (1 - box.kept[0]) / 2, opened.height * (1 - box.kept[1]) / 2
        part = (left, top, opened.width - left, opened.height - top)
        return opened.resize(box.shown, Image.Resampling.LANCZOS, box=part)


def _opaque_as_rgb(picture: Image.Image) -> Image.Image:
    lowest, _ = picture.getchannel("A").getextrema()
    return picture.convert("RGB") if lowest == 255 else picture


def _add_still(graph: Graph, picture: Image.Image, folder: Path, fps: int) -> int:
    path = folder / f"still-{graph.count}.png"
    picture.save(path, compress_level=1)
    return graph.add_input("-f", "image2", "-pattern_type", "none", "-framerate", str(fps), "-i", path.name)


def _add_stream(graph: Graph, media: Media, *seeking: str) -> int:
    return graph.add_input(*UNTRUSTED, *seeking, "-f", media.demuxer, "-i", media.path.name)


def _held(frames: int, pixel_format: str, *filters: str) -> str:
    """One picture for so many frames; filtered once, before it is repeated."""
    steps = (f"scale={BT709}", f"format={pixel_format}", "setsar=1", *filters, f"format={pixel_format}")
    return ",".join((*steps, "loop=loop=-1:size=1", f"trim=end_frame={frames}", "setpts=N"))


def _filter(clip: Clip) -> Iterable[str]:
    return [FILTERS[clip.filter]] if clip.filter else []


def _voices(graph: Graph, plan: Schedule, assets: Assets, fps: int) -> list[sound.Voice]:
    voices = []
    for item in plan.clips:
        asset = item.clip.asset
        if not isinstance(asset, VideoAsset | AudioAsset) or asset.volume == 0:
            continue
        media = assets[asset.type, asset.src]
        if media.has_sound and asset.trim < media.seconds:
            length = item.frames / fps
            number = _add_stream(graph, media, "-ss", f"{asset.trim:.3f}", "-t", f"{length:.3f}")
            voices.append(sound.Voice(number, item))
    return voices


def _music(graph: Graph, edit: Edit, assets: Assets) -> sound.Music | None:
    soundtrack = edit.timeline.soundtrack
    if not soundtrack:
        return None
    number = _add_stream(graph, assets["audio", soundtrack.src], "-stream_loop", "-1")
    return sound.Music(number, soundtrack)


def _command(graph: Graph, plan: Schedule, fps: int, film: Path) -> list[str]:
    picture = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-profile:v", "high", "-pix_fmt", "yuv420p"]
    keyframes = ["-g", str(2 * fps), "-fps_mode", "passthrough", "-frames:v", str(plan.frames)]
    audio = ["-c:a", "aac", "-b:a", "160k", "-ar", "48000", "-ac", "2", "-t", f"{plan.frames / fps:.3f}"]
    container = ["-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4", str(film)]
    graph_arguments = ["-filter_complex", ";".join(graph.chains), "-map", "[film]", "-map", "[sound]"]
    return ["-v", "error", *graph.inputs, *graph_arguments, *picture, *keyframes, *audio, *container]
