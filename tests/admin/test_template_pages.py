"""A template from its form to the shops' list: what is refused, what is seen before, who may publish what."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from importlib import resources
from itertools import product
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from playwright.sync_api import expect

from accounts.groups import DEVELOPER, FOUNDER
from accounts.models import User
from api.audit.models import AuditEntry
from api.delivery.models import Message
from api.exceptions import InvalidStateError
from api.gifts.models import Gift
from api.gifts.services import apply_film
from api.gifts.states import GiftStatus
from api.media.accepted import MB
from api.previews.selectors import SAMPLES, filmed_at
from api.previews.services import order_preview
from api.rendering.models import Render
from api.templates.models import Template
from api.templates.services import copy_template, publish_template, retire_template
from api.templates.states import EDGES, TemplateStatus
from tests import build
from tests.admin.browser import LOOKS, OpenPage, overflows, photograph, serious
from tests.admin.forms import opened, save
from tests.admin.signing import signed_in
from tests.admin.test_stale_edits import in_background
from tests.conftest import Lines
from tests.media.conftest import bucket_away
from tests.rendering.films import definition
from tests.waiting import eventually, waiting_backends

TEMPLATES = "/admin/api/template/"
ADA = "staff:ada"
DEFINITIONS = resources.files("api.templates") / "definitions"


@pytest.fixture
def draft(db: None) -> Template:
    """Without files, and as short as a film can be."""
    given = definition("birthday-confetti")
    short = {"seconds": 2, "photo_seconds": 2, "clip_seconds": 2}
    scenes = [{name: short.get(name, value) for name, value in scene.items()} for scene in given["scenes"]]
    return Template.objects.create(**{**given, "scenes": scenes, "music": "", "backdrop": "", "preview": ""})


def pages(template: Template, what: str) -> str:
    return f"/admin/templates/{template.pk}/{what}/"


def form_of(template: Template, **changes: Any) -> dict[str, Any]:
    plain = {
        name: getattr(template, name)
        for name in ("slug", "name", "occasion", "description", "aspect_ratio", "duration_s")
    }
    scripts = {name: json.dumps(getattr(template, name)) for name in ("fields", "theme", "scenes")}
    return {**plain, **scripts, **changes}


def filmed_preview(template: Template, now: datetime) -> Gift:
    """Of the version that there is; `now` must be after its last change."""
    gift = order_preview(template.pk, actor=ADA, now=now)
    apply_film(build.awaited(gift), build.FILM, now=now)
    gift.refresh_from_db()
    return gift


def with_group(name: str) -> Client:
    user = User.objects.create_user(f"of-{name.lower()}", is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    return signed_in(user)


# The states


@pytest.mark.parametrize(("source", "target"), list(product(TemplateStatus, TemplateStatus)))
def test_a_template_moves_along_its_edges_only(
    draft: Template, source: TemplateStatus, target: TemplateStatus, now: datetime
) -> None:
    Template.objects.filter(pk=draft.pk).update(status=source)
    moves = {
        TemplateStatus.PUBLISHED: lambda: publish_template(
            draft.pk, seen_at=None, is_unseen_fine=True, actor=ADA, now=now
        ),
        TemplateStatus.RETIRED: lambda: retire_template(draft.pk, actor=ADA, now=now),
    }
    if target not in moves:  # nothing leads back to a draft
        assert not any(target in targets for targets in EDGES.values())
    elif source == target or target in EDGES[source]:
        assert moves[target]().status == target
    else:
        with pytest.raises(InvalidStateError):
            moves[target]()


def test_what_was_changed_since_its_film_is_not_published(draft: Template, now: datetime) -> None:
    seen_at = draft.updated_at - timedelta(seconds=1)

    for seen in (None, seen_at):
        with pytest.raises(InvalidStateError, match="Nobody has seen a film of this version yet"):
            publish_template(draft.pk, seen_at=seen, actor=ADA, now=now)
    published = publish_template(draft.pk, seen_at=draft.updated_at, actor=ADA, now=now)

    assert published.status == "published"
    entry = AuditEntry.objects.get(object_id=str(draft.pk))
    assert (entry.action, entry.changes) == ("template.published", {"status": ["draft", "published"]})


def test_publishing_does_not_count_as_a_change(draft: Template, now: datetime) -> None:
    publish_template(draft.pk, seen_at=draft.updated_at, actor=ADA, now=now)
    retire_template(draft.pk, actor=ADA, now=now)

    publish_template(draft.pk, seen_at=draft.updated_at, actor=ADA, now=now)

    draft.refresh_from_db()
    assert draft.status == "published"


def test_a_copy_is_a_draft_with_the_same_script_and_files(draft: Template, now: datetime) -> None:
    Template.objects.filter(pk=draft.pk).update(status="published", preview="templates/a.jpg")

    made = copy_template(draft.pk, actor=ADA, now=now)

    made.refresh_from_db()
    assert (made.status, made.scenes, made.preview.name) == ("draft", draft.scenes, "templates/a.jpg")
    assert made.slug != draft.slug
    assert Template.objects.count() == 2


# The sample film


def test_a_preview_is_a_test_gift_that_is_never_sent(draft: Template, now: datetime) -> None:
    gift = filmed_preview(draft, now)

    assert (gift.status, gift.livemode, gift.account_id, gift.template_id) == ("ready", False, SAMPLES, draft.pk)
    assert gift.order_required
    assert gift.media.count() == 2
    assert set(Message.objects.values_list("livemode", flat=True)) == {False}
    assert filmed_at(draft) == gift.created_at


def test_asking_again_while_it_is_made_makes_no_second_film(draft: Template, now: datetime) -> None:
    first, second = (order_preview(draft.pk, actor=ADA, now=now) for _ in range(2))

    assert first.pk == second.pk
    assert Render.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_order_at_once_the_second_gets_the_firsts_film(draft: Template, now: datetime) -> None:
    order_preview(draft.pk, actor=ADA, now=now - timedelta(hours=1))  # the samples are there
    Gift.objects.update(status=GiftStatus.FAILED, failure={"code": "x", "detail": "x"})
    together = Barrier(2)

    def order() -> Gift:
        try:
            together.wait(timeout=20)
            return order_preview(draft.pk, actor=ADA, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = [done.result() for done in [pool.submit(order) for _ in range(2)]]

    assert first.pk == second.pk
    assert Gift.objects.filter(status=GiftStatus.RENDERING).count() == 1


def test_a_preview_uses_its_pictures_again(draft: Template, now: datetime) -> None:
    one = filmed_preview(draft, now)
    another = filmed_preview(draft, now)

    assert one.pk != another.pk
    assert set(one.media.all()) == set(another.media.all())


def test_a_field_that_must_be_filled_in_is(draft: Template, now: datetime) -> None:
    fields = [{"name": "motto", "label": "A motto", "required": True, "max_length": 5, "default": ""}]
    Template.objects.filter(pk=draft.pk).update(fields=fields)

    assert order_preview(draft.pk, actor=ADA, now=now).fields == {"motto": "A mot"}


# The buttons


def test_publishing_is_refused_until_this_version_was_seen(draft: Template, now: datetime) -> None:
    developer = with_group(DEVELOPER)
    publish = pages(draft, "publish")

    assert "make a preview of it first" in developer.get(publish).content.decode()
    refused = developer.post(publish, {"reason": "new season", "unseen": "on"})
    assert (refused.status_code, "Nobody has seen a film" in refused.context["refusal"]) == (409, True)

    filmed_preview(draft, now)
    assert developer.post(publish, {"reason": "new season"}).status_code == 302
    draft.refresh_from_db()
    assert draft.status == "published"
    assert AuditEntry.objects.get(action="template.published").why == "new season"


def test_a_founder_may_publish_what_nobody_has_seen_by_saying_so(draft: Template) -> None:
    founder = with_group(FOUNDER)
    publish = pages(draft, "publish")

    assert founder.post(publish, {"reason": "in a hurry"}).status_code == 409
    assert founder.post(publish, {"reason": "in a hurry", "unseen": "on"}).status_code == 302
    draft.refresh_from_db()
    assert draft.status == "published"


def test_a_change_after_the_film_asks_for_another(founder: Client, draft: Template, now: datetime) -> None:
    filmed_preview(draft, now)

    assert save(founder, f"{TEMPLATES}{draft.pk}/change/", form_of(draft)).status_code == 302
    assert "was changed since" not in founder.get(pages(draft, "preview")).content.decode()

    save(founder, f"{TEMPLATES}{draft.pk}/change/", form_of(draft, name="Confetti!"))
    assert "was changed since" in founder.get(pages(draft, "preview")).content.decode()
    assert founder.post(pages(draft, "publish"), {"reason": "spring"}).status_code == 409


def test_retiring_and_copying_are_a_button_each(founder: Client, template: Template) -> None:
    page = founder.get(f"{TEMPLATES}{template.pk}/change/").content.decode()
    assert "This template is in use." in page

    assert founder.post(pages(template, "retire"), {"reason": "out of season"}).status_code == 302
    template.refresh_from_db()
    assert template.status == "retired"

    copied = founder.post(pages(template, "copy"))
    made = Template.objects.exclude(pk=template.pk).get()
    assert copied["Location"] == f"{TEMPLATES}{made.pk}/change/"
    assert founder.get(pages(template, "copy")).status_code == 405


@pytest.mark.parametrize("what", ["preview", "publish", "retire", "copy"])
def test_who_may_only_look_has_no_button(draft: Template, what: str) -> None:
    support = with_group("Support")

    assert support.post(pages(draft, what), {"reason": "just because"}).status_code == 403
    page = support.get(f"{TEMPLATES}{draft.pk}/change/").content.decode()
    assert pages(draft, what) not in page
    draft.refresh_from_db()
    assert (draft.status, Gift.objects.count()) == ("draft", 0)


def test_a_bucket_that_is_away_is_told(founder: Client, draft: Template) -> None:
    with bucket_away():
        page = founder.post(pages(draft, "preview"), follow=True).content.decode()

    assert "The media bucket did not answer as it should" in page
    assert Gift.objects.count() == 0


def test_a_film_that_failed_says_why(founder: Client, draft: Template, now: datetime) -> None:
    gift = order_preview(draft.pk, actor=ADA, now=now)
    detail = "The rendering service could not make the video: no such font"
    Gift.objects.filter(pk=gift.pk).update(status=GiftStatus.FAILED, failure={"code": "x", "detail": detail})

    page = founder.get(pages(draft, "preview")).content.decode()

    assert "no such font" in page
    assert "Make another film" in page


# What is typed and chosen


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ('[\n  {"kind": "title"\n   "seconds": 4}\n]', "Line 3, column 4: a comma is missing before this."),
        ('[\n  {"kind": "title",}\n]', "Line 2, column 20"),
        ('[{"kind" "title"}]', "Line 1, column 10: a colon is missing before this."),
        ('[{"kind": title}]', "Line 1, column 11: a value is missing here; text stands in double quotes."),
        ('[{"kind": "ti\ntle"}]', "goes over the end of its line"),
        ('[{"kind": "title}]', "Line 1, column 11: the text that begins here has no closing quote."),
        ("[]]", "Line 1, column 3: the script has ended before this"),
    ],
)
def test_a_broken_script_names_line_and_column_and_loses_nothing(
    founder: Client, draft: Template, typed: str, told: str
) -> None:
    sent = form_of(draft, scenes=typed, name="A new name", music=chosen("birthday-confetti.m4a"))

    answer = save(founder, f"{TEMPLATES}{draft.pk}/change/", sent)

    form = answer.context["adminform"].form
    assert list(form.errors) == ["scenes"]
    assert told in form.errors["scenes"][0]
    assert (form["scenes"].value(), form["name"].value()) == (typed, "A new name")
    assert answer.context["choose_again"] == [("Music", "birthday-confetti.m4a")]
    assert "choose again <strong>Music</strong> (birthday-confetti.m4a)" in answer.content.decode()
    draft.refresh_from_db()
    assert not draft.music


def chosen(name: str, content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (DEFINITIONS / name).read_bytes() if content is None else content)


JPEG = (DEFINITIONS / "birthday-confetti-preview.jpg").read_bytes()
M4A = (DEFINITIONS / "birthday-confetti.m4a").read_bytes()


@pytest.mark.parametrize(
    ("field", "name", "content", "told"),
    [
        ("preview", "frame.jpg", b"not a picture", "frame.jpg is not a JPEG, PNG or WebP picture"),
        ("preview", "frame.jpg", b"\xff\xd8\xff", "frame.jpg: "),
        ("preview", "half.jpg", JPEG[: len(JPEG) // 2], "half.jpg: The picture ends before its last line."),
        ("backdrop", "page.png", b"<svg onload=alert(1)>", "page.png is not a JPEG, PNG or WebP picture"),
        ("backdrop", "tune.jpg", M4A, "tune.jpg is not a JPEG, PNG or WebP picture"),
        ("music", "tune.mp3", JPEG, "tune.mp3 is not an MP3, M4A or WAV"),
        ("music", "tune.m4a", M4A[:2000], "tune.m4a: "),
        ("music", "empty.mp3", b"", "empty"),
        ("music", "huge.mp3", b"ID3" + bytes(100 * MB), "huge.mp3 has 100.0 MB; at most 4 MB can be taken."),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_before_it_is_stored(
    founder: Client, draft: Template, field: str, name: str, content: bytes, told: str
) -> None:
    answer = save(founder, f"{TEMPLATES}{draft.pk}/change/", form_of(draft, **{field: chosen(name, content)}))

    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert told in errors[field][0]
    draft.refresh_from_db()
    assert not getattr(draft, field)


@pytest.mark.django_db(transaction=True)
def test_a_file_is_stored_before_the_row_is_locked_and_saved_by_its_name(founder: Client, draft: Template) -> None:
    given = {"music": chosen("birthday-confetti.m4a"), "preview": chosen("birthday-confetti-preview.jpg")}
    in_transaction: list[bool] = []
    events = default_storage.connection.meta.client.meta.events  # type: ignore[attr-defined]
    events.register("before-send.s3", lambda **_: in_transaction.append(connection.in_atomic_block), "seen")

    answer = save(founder, f"{TEMPLATES}{draft.pk}/change/", form_of(draft, **given))
    events.unregister("before-send.s3", unique_id="seen")

    assert (answer.status_code, set(in_transaction)) == (302, {False})

    draft.refresh_from_db()
    assert (str(draft.music)[:28], str(draft.preview)[-4:]) == ("templates/birthday-confetti-", ".jpg")
    with draft.music.open() as stored:
        assert stored.read() == M4A
    entry = AuditEntry.objects.get(object_id=str(draft.pk))
    assert (entry.action, sorted(entry.changes)) == ("template.changed", ["music", "preview"])


def test_files_that_the_bucket_does_not_take_are_told_and_nothing_typed_is_lost(
    founder: Client, draft: Template, log_lines: Lines
) -> None:
    """The second is not tried: a bucket that does not answer takes long to say so."""
    files = {"music": chosen("birthday-confetti.m4a"), "preview": chosen("birthday-confetti-preview.jpg")}
    sent = form_of(draft, name="A new name", **files)

    with bucket_away():
        answer = save(founder, f"{TEMPLATES}{draft.pk}/change/", sent)

    form = answer.context["adminform"].form
    assert "birthday-confetti.m4a could not be stored: The media bucket did not answer" in form.errors["music"][0]
    assert "preview.jpg could not be stored: The media bucket did not answer" in form.errors["preview"][0]
    assert len([line for line in log_lines() if line.get("vendor") == "s3"]) == 1
    assert form["name"].value() == "A new name"
    draft.refresh_from_db()
    assert (draft.name, bool(draft.music)) == (definition("birthday-confetti")["name"], False)


def test_a_new_template_is_made_with_its_files(founder: Client, draft: Template) -> None:
    sent = form_of(draft, slug="another", preview=chosen("birthday-confetti-preview.jpg"))

    assert founder.post(f"{TEMPLATES}add/", sent)["Location"] == TEMPLATES

    made = Template.objects.get(slug="another")
    assert (made.status, str(made.preview)[-4:]) == ("draft", ".jpg")
    entry = AuditEntry.objects.get(object_id=str(made.pk))
    assert (entry.action, entry.changes["slug"]) == ("template.created", [None, "another"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [False, True])
def test_a_slug_that_another_template_takes_in_the_same_instant_is_told(
    founder: Client, draft: Template, is_new: bool
) -> None:
    """By the database, after every check of the form, and in the same words as the form's own."""
    path = f"{TEMPLATES}add/" if is_new else f"{TEMPLATES}{draft.pk}/change/"
    form = form_of(draft, slug="taken", **({} if is_new else {"_stamps": opened(founder, path)}))
    answers: list[Any] = []

    with transaction.atomic():
        Template.objects.create(**{**definition("birthday-confetti"), "slug": "taken"})
        thread = in_background(lambda: answers.append(founder.post(path, form)))
        eventually(waiting_backends, 20)
    thread.join()
    answers.append(founder.post(path, form))

    for answer in answers:
        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors == {"slug": ["Another template has this slug."]}


# In a browser


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_form_says_where_a_script_is_broken_before_it_is_sent(
    signed_in_page: OpenPage, draft: Template, width: int, dark: bool
) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"), width=width, dark=dark)
    page.goto(f"{TEMPLATES}{draft.pk}/change/")

    expect(page.locator("#theme-colours .gf-swatch")).to_have_count(3)
    photograph(page, "template-form")
    assert (serious(page), overflows(page)) == ([], False)
    page.locator("#id_scenes").fill('[\n  {"kind" "title"}\n]')
    page.locator("#id_name").focus()
    expect(page.locator("#id_scenes_note")).to_contain_text("Line 2, column")
