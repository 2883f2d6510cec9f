"""Effects and transitions as ffmpeg filters.

Zooms and slides resample through `perspective`, which works in fractions of a pixel; cropping by whole pixels, as
`zoompan` does, makes a slow zoom tremble.
"""

from local.renderer.schedule import ScheduledClip

# How far an effect zooms over the length of its clip, and the seconds a transition takes, by the vendor's speeds.
ZOOMS = {"Slow": 1.1, "": 1.3, "Fast": 1.7}
SLIDES = {"Slow": 1.1, "": 1.2, "Fast": 1.4}
TRANSITION_SECONDS = {"Slow": 2.0, "": 1.0, "Fast": 0.5}
DIRECTIONS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}


def split_speed(name: str) -> tuple[str, str]:
    """("zoomIn", "Slow") of "zoomInSlow"."""
    for speed in ("Slow", "Fast"):
        if name.endswith(speed):
            return name.removesuffix(speed), speed
    return name, ""


def moves(item: ScheduledClip) -> list[str]:
    """The clip's effect: a window onto the picture that shrinks, grows or travels."""
    if not item.clip.effect:
        return []
    move, speed = split_speed(item.clip.effect)
    done = f"on/{max(1, item.frames - 1)}"
    if move.startswith("zoom"):
        zoom = ZOOMS[speed]
        scale = f"(1+{zoom - 1:.2f}*{done})" if move == "zoomIn" else f"({zoom:.2f}-{zoom - 1:.2f}*{done})"
        return [_window(f"(1-1/{scale})/2", f"(1-1/{scale})/2", f"1/{scale}")]
    scale = f"{SLIDES[speed]:.2f}"
    across, down = DIRECTIONS[move.removeprefix("slide")]
    room = f"(1-1/{scale})"
    # The picture moves left when the window onto it moves right.
    left = f"{room}*({done})" if across < 0 else f"{room}*(1-{done})" if across else f"{room}/2"
    top = f"{room}*({done})" if down < 0 else f"{room}*(1-{done})" if down else f"{room}/2"
    return [_window(left, top, f"1/{scale}")]


def veils(item: ScheduledClip) -> list[str]:
    """Opacity and every transition that does not slide: reveals, wipes and shuffles are drawn as fades.

    They come after the effect and bring the alpha plane with them: an opaque picture is cheaper to move.
    """
    filters = [f"lut=a=val*{item.clip.opacity:.3f}"] if item.clip.opacity < 1 else []
    begin, end = transition_frames(item)
    if begin and not _slide(item.clip.transition.in_):
        filters.append(f"fade=t=in:s=0:n={begin}:alpha=1")
    if end and not _slide(item.clip.transition.out):
        filters.append(f"fade=t=out:s={item.frames - end}:n={end}:alpha=1")
    return ["format=yuva420p", *filters] if filters else []


def slides(item: ScheduledClip, left: int, top: int) -> tuple[str, str]:
    """x and y of the overlay, as expressions in the film's frame number where a transition slides."""
    begin, end = transition_frames(item)
    x, y = str(left), str(top)
    if begin and (side := _slide(item.clip.transition.in_)):
        still_out = f"pow(1-clip((n-{item.start})/{begin},0,1),3)"
        x, y = _pushed(x, y, (-side[0], -side[1]), still_out)
    if end and (side := _slide(item.clip.transition.out)):
        already_out = f"pow(clip((n-{item.start + item.frames - end})/{end},0,1),3)"
        x, y = _pushed(x, y, side, already_out)
    return x, y


def transition_frames(item: ScheduledClip) -> tuple[int, int]:
    """Frames of the transition in and of that out, neither longer than half the clip."""
    transition, longest = item.clip.transition, item.frames // 2
    return min(_frames(transition.in_, item.fps), longest), min(_frames(transition.out, item.fps), longest)


def _frames(name: str | None, fps: int) -> int:
    return round(TRANSITION_SECONDS[split_speed(name)[1]] * fps) if name else 0


def _slide(name: str | None) -> tuple[int, int] | None:
    move, _ = split_speed(name or "")
    for family in ("slide", "carousel"):
        if move.startswith(family):
            return DIRECTIONS[move.removeprefix(family)]
    return None


def _pushed(x: str, y: str, side: tuple[int, int], share: str) -> tuple[str, str]:
    return (
        f"{x}+{side[0]}*W*{share}" if side[0] else x,
        f"{y}+{side[1]}*H*{share}" if side[1] else y,
    )


def _window(left: str, top: str, size: str) -> str:
    right, bottom = f"W*({left}+{size})", f"H*({top}+{size})"
    left, top = f"W*({left})", f"H*({top})"
    corners = ((left, top), (right, top), (left, bottom), (right, bottom))
    points = ":".join(f"x{index}='{x}':y{index}='{y}'" for index, (x, y) in enumerate(corners))
    return f"perspective=interpolation=linear:sense=source:eval=frame:{points}"
