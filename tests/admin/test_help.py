"""Help where people are: every field has its word, every empty list says what to do, every link leads somewhere."""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from api.batches.models import Batch
from api.campaigns.models import Campaign
from giftflick.admin import ModelAdmin
from giftflick.admin_words import FIELDS, nothing_of
from giftflick.admin_words.empty import EMPTY
from tests.admin.browser import LOOKS, OpenPage, overflows, photograph, serious
from tests.admin.conftest import Story
from tests.admin.signing import signed_in
from tests.admin.test_pages import details, lists, page_of

HELP, WORDS = "/admin/help/", "/admin/words/"
ASKED_FOR = {
    "mail-bounced", "renderer-down", "key-leaked", "forget-me", "mails-not-going-out", "jobs-dead", "video-wrong",
    "shop-leaves", "cannot-sign-in", "campaign-wrong", "bill-higher",
}  # fmt: skip
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


class Links(HTMLParser):
    """The page's own links and anchors, without the menu around it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.feed(text.partition('id="content"')[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.anchors.append(str(given["id"]))
        if tag == "a" and "href" in given:
            self.links.append(given["href"] or "")


@pytest.mark.parametrize("path", [HELP, WORDS])
def test_every_link_leads_somewhere(founder: Client, story: Story, path: str) -> None:
    page = Links(founder.get(path).content.decode())

    assert [anchor for anchor, times in Counter(page.anchors).items() if times > 1] == []
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.anchors, link
        elif not link.startswith("https://status."):
            assert founder.get(link).status_code == 200, link


def test_each_question_has_its_steps_and_what_happens_then(founder: Client) -> None:
    text = founder.get(HELP).content.decode()
    sections = re.findall(r'<section class="gf-card gf-help" id="([a-z-]+)".*?</section>', text, re.DOTALL)

    assert set(sections) >= ASKED_FOR
    for name in sections:
        section = re.search(rf'id="{name}".*?</section>', text, re.DOTALL)
        assert section is not None
        assert 3 <= section[0].count("<li>") <= 6, name
        assert "<strong>Then</strong>" in section[0], name
        assert f'href="#{name}"' in text.partition('<section class="gf-card gf-help"')[0], name


def test_what_the_help_tells_to_press_or_look_at_is_there(founder: Client, story: Story) -> None:
    """Under that name, on some page."""
    rows = [
        ("batch", Batch.objects.get(kind="gifts.render_again")),
        ("campaign", Campaign.objects.get()),
        ("team_help", User.objects.latest("pk")),
    ]
    paths = [WORDS, *lists(), *(path for _, path in details())]
    paths += [reverse(f"admin:{name}", args=[row.pk]) for name, row in rows]
    there = " ".join(unescape(founder.get(path).content.decode()) for path in paths)
    named = {name.replace(APOSTROPHE, "'") for name in re.findall("<em>(.*?)</em>", founder.get(HELP).content.decode())}

    assert {name for name in named if name not in there} == set()


def test_help_is_in_the_menu_and_over_every_page_for_everybody(db: None) -> None:
    newcomer = signed_in(User.objects.create_user("new", is_staff=True))
    page = newcomer.get("/admin/").content.decode()

    assert page.count(f'href="{HELP}"') == 2
    assert [newcomer.get(path).status_code for path in (HELP, WORDS)] == [200, 200]


def test_the_words_are_those_of_what_somebody_may_see(founder: Client, db: None) -> None:
    everything = founder.get(WORDS).context["vocabularies"]
    nothing = signed_in(User.objects.create_user("new", is_staff=True)).get(WORDS).context["vocabularies"]

    assert len(everything) == len(admin.site._registry)
    assert nothing == []


def test_every_value_of_a_state_is_explained(founder: Client) -> None:
    unexplained = [
        (vocabulary.name, label, meaning.value)
        for vocabulary in founder.get(WORDS).context["vocabularies"]
        for label, meanings in vocabulary.states
        for meaning in meanings
        if not meaning.text and label not in ("Scopes", "What it may do", "Types", "Order status")
    ]

    assert unexplained == []


def shown_fields(page: Any) -> Iterator[tuple[str, str]]:
    """Each field of a page and its help, whether it is shown or typed into."""
    for fieldset in page.context["adminform"]:
        for line in fieldset:
            for field in line:
                if field.is_readonly:
                    yield field.field["name"], field.field["help_text"]
                elif not field.field.is_hidden:
                    yield field.field.name, field.field.help_text


def test_every_field_of_every_page_has_its_word(founder: Client, story: Story) -> None:
    """A row's, and where something may be added, the form's."""
    silent = set()
    for row, path in details():
        page = founder.get(path)
        if page.context and "adminform" in page.context:
            silent |= {(type(row).__name__, name) for name, text in shown_fields(page) if not text}
    for model in admin.site._registry:
        page = founder.get(page_of(model, "add"))
        if page.status_code == 200:
            silent |= {(model.__name__, name) for name, text in shown_fields(page) if not text}

    assert silent == set()


def test_the_words_are_about_fields_that_there_are(db: None) -> None:
    """A field that was renamed takes its word along."""
    computed = {
        "api.auditentry": {"who", "what", "shop", "changed", "through", "object_link"},
        "accounts.apikey": {"mode", "state", "may", "purpose"},
        "accounts.user": {"second_factor", "help_for"},
        "api.queryrun": {"asked"},
        "api.suppression": {"address"},
    }
    for model in admin.site._registry:
        label = model._meta.label_lower
        names = {field.name for field in model._meta.get_fields()} | computed.get(label, set())
        assert set(FIELDS.get(label, {})) <= names, label


def test_an_empty_list_says_what_would_be_there_and_what_to_do(founder: Client) -> None:
    for model, shown in admin.site._registry.items():
        if model is User:
            continue  # whoever looks is on it
        assert isinstance(shown, ModelAdmin)
        text = founder.get(page_of(model, "changelist")).content.decode()
        assert model._meta.label_lower in EMPTY, model
        assert nothing_of(model).title in text, model
        assert "This page yielded" not in text


def test_a_search_that_finds_nothing_says_so_and_leads_back(founder: Client, story: Story) -> None:
    for model in admin.site._registry:
        text = founder.get(page_of(model, "changelist"), {"q": "zzzz-nothing"}).content.decode()
        if "zzzz-nothing" in text.partition('id="content"')[2]:
            assert "Nothing fits" in text, model
            assert 'href="?"' in text, model


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "dark"), LOOKS)
@pytest.mark.parametrize("path", [HELP, WORDS])
def test_help_reads_well_everywhere(signed_in_page: OpenPage, path: str, width: int, dark: bool) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"), width=width, dark=dark)
    page.goto(f"{path}#key-leaked")

    photograph(page, path.strip("/").replace("/", "-"))
    assert (serious(page), overflows(page)) == ([], False)
