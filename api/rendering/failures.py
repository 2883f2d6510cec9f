"""Why there is no film, for founders: what a failure's code means, and what may help."""

MEANINGS = {
    "render_failed": "The renderer began, and could not finish the video.",
    "upload_failed": "The renderer made the video and could not put it into our bucket.",
    "film_invalid": "The renderer delivered a file that cannot be played.",
    "render_timed_out": "The renderer did not deliver the video within an hour.",
    "renderer_unreachable": "The renderer could not be reached for an hour.",
    "renderer_away": "The renderer could not be reached.",
    "renderer_busy": "The renderer has too much to do.",
    "renderer_failed": "The renderer had a fault of its own.",
    "renderer_refused_edit": "The renderer refuses what it was to make: the template or the media are wrong.",
    "renderer_refused_key": "The renderer does not accept our key.",
    "render_unknown": "The renderer does not know this video.",
}
REMEDIES = {
    "render_failed": "Render it again. If it fails the same way, look at its media and its template.",
    "upload_failed": "Render it again. If it fails the same way, the renderer's access key needs a developer.",
    "film_invalid": "Render it again. If it fails the same way, ask the renderer's support, with its id.",
    "render_timed_out": "See whether the renderer has a bad day, then render it again.",
    "renderer_unreachable": "See whether the renderer has a bad day, then render it again.",
    "renderer_refused_edit": "Rendering again will not help before the template or the media are mended.",
    "renderer_refused_key": "Every video fails so until a developer mends the key. Then render it again.",
}


def failure_words(code: str) -> str:
    """Empty for a code that is not known: its own detail has to do."""
    return MEANINGS.get(code, "")


def remedy(code: str) -> str:
    return REMEDIES.get(code, "Render it again.")
