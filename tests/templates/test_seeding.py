"""The templates that Giftflick comes with get into the database and their files into the bucket, once."""

import json
from datetime import datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from api.templates.models import Template, TemplateStatus
from api.templates.services import DEFINITIONS, FILES, seed_templates
from tests.rendering.films import SLUGS

pytestmark = pytest.mark.django_db


def test_seeding_publishes_every_template_with_its_files(now: datetime) -> None:
    assert seed_templates(now=now) == dict.fromkeys(SLUGS, "created")

    for template in Template.objects.all():
        assert template.status == TemplateStatus.PUBLISHED
        definition = json.loads((DEFINITIONS / f"{template.slug}.json").read_text(encoding="utf-8"))
        for kind in FILES:
            with default_storage.open(getattr(template, kind).name) as stored:
                assert stored.read() == (DEFINITIONS / definition[kind]).read_bytes()


def test_seeding_again_changes_nothing(now: datetime) -> None:
    seed_templates(now=now)
    before = list(Template.objects.order_by("slug").values())

    assert seed_templates(now=now + timedelta(days=1)) == dict.fromkeys(SLUGS, "unchanged")
    assert list(Template.objects.order_by("slug").values()) == before


def test_seeding_restores_a_changed_template_but_leaves_a_retired_one_retired(now: datetime) -> None:
    seed_templates(now=now)
    Template.objects.filter(slug=SLUGS[0]).update(name="Changed", status=TemplateStatus.RETIRED)

    assert seed_templates(now=now) == {SLUGS[0]: "updated", SLUGS[1]: "unchanged"}
    template = Template.objects.get(slug=SLUGS[0])
    assert (template.name, template.status, template.updated_at) == ("Birthday confetti", TemplateStatus.RETIRED, now)


def test_seeding_uploads_a_file_that_the_bucket_has_lost(now: datetime) -> None:
    seed_templates(now=now)
    name = str(Template.objects.get(slug=SLUGS[0]).music)
    default_storage.delete(name)

    assert seed_templates(now=now) == dict.fromkeys(SLUGS, "unchanged")
    assert default_storage.exists(name)


def test_the_command_ends_with_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed_templates")

    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"templates": dict.fromkeys(SLUGS, "created")}


def test_the_files_in_the_repository_are_small() -> None:
    for path in DEFINITIONS.iterdir():
        limit = 400_000 if path.suffix == ".m4a" else 100_000
        assert path.stat().st_size <= limit, path.name
