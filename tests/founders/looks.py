"""One screen in each of the four looks: on a desk and on a phone, light and dark.

A job is done once, on a desk by day. The page that it has come to is then looked at in the other looks as it stands:
with what was typed, and also where loading it anew would show something else, as with a key that is shown once.
On a phone it is looked at as a phone shows it.
"""

from playwright.sync_api import Page

from tests.admin.browser import DESK, HEIGHTS, LOOKS, overflows, photograph, serious

# Unfold hides a page until its scripts run; icons are words until their font is there.
UNVEILED = "!document.querySelector('html[x-cloak]') && document.fonts.status === 'loaded'"
SWITCH = """dark => {
    document.documentElement.classList.toggle("dark", dark);
    document.getAnimations().filter(one => one instanceof CSSTransition).forEach(one => one.finish());
}"""


def look_at(page: Page, name: str) -> None:
    """Photograph the page (the test has seen that it is the right one) in all looks.

    In each it must be readable by anybody and fit its width.
    """
    page.wait_for_load_state("load")
    page.wait_for_function(UNVEILED)
    found: dict[str, list[str]] = {}
    own_width = page.viewport_size["width"] if page.viewport_size else DESK
    try:
        for width, dark in [look for look in LOOKS if own_width == DESK or look[0] == own_width]:
            _put_into(page, width=width, dark=dark)
            picture = photograph(page, f"job-{name}")
            found[picture.name] = [*serious(page), *(["it scrolls sideways"] if overflows(page) else [])]
    finally:
        _put_into(page, width=own_width, dark=False)
    wrong = {picture: problems for picture, problems in found.items() if problems}
    assert not wrong, wrong


def _put_into(page: Page, *, width: int, dark: bool) -> None:
    """Unfold asks for the colours when a page is loaded, and not again: its mark for them is set here.

    Colours fade into each other; half-way, axe would find them too weak.
    """
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page.evaluate(SWITCH, dark)
