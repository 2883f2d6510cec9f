"""Mixes a film's sound: the clips' own, music that steps back behind it, and a limiter against clipping."""

from dataclasses import dataclass

from local.renderer.edits import AudioAsset, Soundtrack, VideoAsset
from local.renderer.motion import transition_frames
from local.renderer.schedule import ScheduledClip

FORMAT = "aresample=48000:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo"
# The music loses up to 8 dB while somebody speaks and comes back within a second.
DUCKING = "sidechaincompress=threshold=0.03:ratio=4:attack=150:release=900"
LIMITER = "alimiter=limit=0.89:level=disabled"
EFFECT_SECONDS = 1.0
MUSIC_FADE_SECONDS = 2.0
# Short enough not to be heard as a fade, long enough that a cut does not click.
DECLICK_SECONDS = 0.04


@dataclass(frozen=True)
class Voice:
    """The sound of a clip: its input's number, and where it stands."""

    number: int
    item: ScheduledClip


@dataclass(frozen=True)
class Music:
    number: int
    soundtrack: Soundtrack


def mix(voices: list[Voice], music: Music | None, *, seconds: float) -> list[str]:
    """Filter chains that end in [sound], exactly `seconds` long; silence where there is nothing to hear."""
    whole = f"apad,atrim=0:{seconds:.3f}"
    chains = [f"{_voice_chain(voice)}[voice{index}]" for index, voice in enumerate(voices)]
    labels = "".join(f"[voice{index}]" for index in range(len(voices)))
    finish = f"{LIMITER},{whole}[sound]"
    if voices:
        chains.append(f"{labels}amix=inputs={len(voices)}:normalize=0:dropout_transition=0,{whole}[voices]")
    if music:
        chains.append(f"{_music_chain(music, seconds)}[music]")
    if voices and music:
        chains.append("[voices]asplit[heard][key]")
        chains.append(f"[music][key]{DUCKING}[ducked]")
        chains.append(f"[heard][ducked]amix=inputs=2:normalize=0,{finish}")
    elif voices or music:
        chains.append(f"[{'voices' if voices else 'music'}]{finish}")
    else:
        chains.append(f"anullsrc=r=48000:cl=stereo,atrim=0:{seconds:.3f}[sound]")
    return chains


def _voice_chain(voice: Voice) -> str:
    item, asset = voice.item, voice.item.clip.asset
    if not isinstance(asset, VideoAsset | AudioAsset):
        raise TypeError(f"{asset.type} has no sound")
    effect = asset.volume_effect if isinstance(asset, VideoAsset) else asset.effect
    begin, end = (frames / item.fps for frames in transition_frames(item))
    length = item.frames / item.fps
    begin = max(begin, EFFECT_SECONDS if effect in ("fadeIn", "fadeInFadeOut") else DECLICK_SECONDS)
    end = max(end, EFFECT_SECONDS if effect in ("fadeOut", "fadeInFadeOut") else DECLICK_SECONDS)
    fades = _fades(min(begin, length / 2), min(end, length / 2), length)
    delay = round(item.start / item.fps * 1000)
    return f"[{voice.number}:a:0]{FORMAT},atrim=0:{length:.3f},volume={asset.volume:.3f},{fades},adelay={delay}:all=1"


def _music_chain(music: Music, seconds: float) -> str:
    effect = music.soundtrack.effect
    longest = min(MUSIC_FADE_SECONDS, seconds / 2)
    begin = longest if effect in ("fadeIn", "fadeInFadeOut") else DECLICK_SECONDS
    end = longest if effect in ("fadeOut", "fadeInFadeOut") else DECLICK_SECONDS
    volume = f"volume={music.soundtrack.volume:.3f}"
    return f"[{music.number}:a:0]{FORMAT},atrim=0:{seconds:.3f},{volume},{_fades(begin, end, seconds)}"


def _fades(begin: float, end: float, length: float) -> str:
    return f"afade=t=in:st=0:d={begin:.3f},afade=t=out:st={length - end:.3f}:d={end:.3f}"
