"""The console as pages: what each may do there, what is shown, what a file holds."""

import gzip
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import Account, User
from accounts.reauthentication import CONFIRMED_AT
from api.audit.models import AuditEntry
from api.console.models import QueryRun, SavedQuery
from api.console.services import Draft, save_question
from local.environment import inherited_environment, throwaway_environment
from tests.accounts.codes import PASSWORD, a_while_later, come_in, key_of, phone_shows
from tests.accounts.codes import member as member_of_the_team
from tests.accounts.conftest import quick_hashes
from tests.admin.signing import signed_in

__all__ = ["quick_hashes"]

pytestmark = pytest.mark.django_db

Member = Callable[..., Client]


@pytest.fixture
def member(told: Account, db: None) -> Member:
    def make(*permissions: str, name: str = "bea") -> Client:
        user = User.objects.create_user(name, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return signed_in(user)

    return make


@pytest.fixture
def founder(told: Account, db: None) -> Client:
    return signed_in(User.objects.create_superuser("grace"))


def run(client: Client, statement: str, page: str = "console_run", **fields: Any) -> Any:
    return client.post(reverse(f"admin:{page}"), {"statement": statement, **fields})


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


PAGES = ["console", "console_run", "console_download", "console_stop", "console_fields", "console_keep"]
PERSONAL = ["console_personal", "console_personal_run", "console_personal_download"]


@pytest.mark.parametrize("page", [*PAGES, *PERSONAL])
def test_who_may_not_use_the_console_sees_none_of_it(member: Member, page: str) -> None:
    client = member("view_gift", "view_account")

    assert client.post(reverse(f"admin:{page}"), {"statement": "SELECT 1"}).status_code == 403
    assert client.get(reverse(f"admin:{page}")).status_code == 403
    assert not QueryRun.objects.exists()


@pytest.mark.parametrize("page", PERSONAL)
def test_who_may_use_the_console_does_not_see_personal_data(member: Member, page: str) -> None:
    assert run(member("use_console"), "SELECT 1", page).status_code == 403


def test_who_may_see_personal_data_alone_may_not_use_the_console(member: Member) -> None:
    client = member("console_pii")

    assert client.get(reverse("admin:console_personal")).status_code == 403
    assert run(client, "SELECT 1", "console_personal_run").status_code == 403


@pytest.mark.parametrize("page", ["console_stop", "console_fields", "console_keep"])
def test_what_asks_or_changes_is_posted(founder: Client, page: str) -> None:
    """So a statement never stands in an address."""
    assert founder.get(reverse(f"admin:{page}")).status_code == 405


def test_a_post_from_another_page_is_refused(founder: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = founder.cookies

    assert run(strict, "SELECT 1").status_code == 403
    assert not QueryRun.objects.exists()


def test_the_console_lists_questions_tables_and_what_was_asked(founder: Client) -> None:
    run(founder, "SELECT 42 AS answer")

    page = text_of(founder.get(reverse("admin:console")))

    assert "How many gifts did each shop make?" in page
    assert 'data-insert="order_reference"' in page
    assert "SELECT 42 AS answer" in page
    assert 'data-insert="token"' not in page
    assert 'data-insert="recipient_email"' not in page  # listed, but not to be read here


def test_the_page_costs_few_queries(founder: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(10):
        founder.get(reverse("admin:console"))


def test_an_answer_is_a_table(founder: Client) -> None:
    page = text_of(run(founder, "SELECT 1 AS one, NULL AS nothing, true AS yes, '<b>bold</b>' AS tag"))

    assert "1 row<" in page
    assert '<span class="gf-null">NULL</span>' in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold</b>" not in page
    assert ">true<" in page


def test_ids_lead_to_their_pages(founder: Client) -> None:
    page = text_of(run(founder, "SELECT id AS gift FROM api_gift LIMIT 1"))

    assert re.search(r'<a href="/admin/api/gift/[0-9a-f-]{36}/change/">', page)


def test_the_script_gets_the_answer_alone(founder: Client) -> None:
    answer = founder.post(reverse("admin:console_run"), {"statement": "SELECT 1"}, headers={"X-Part": "answer"})

    assert "<html" not in answer.content.decode()
    assert "1 row" in text_of(answer)


def test_a_mistake_is_shown_with_its_line(founder: Client) -> None:
    page = text_of(run(founder, "SELECT id\nFROM api_gift\nWHERE statu = 'x'"))

    assert "Line 3, column 7." in page
    assert "WHERE statu = &#x27;x&#x27; ^" in page


def test_a_huge_answer_is_shown_in_part_and_says_so(founder: Client) -> None:
    page = text_of(run(founder, "SELECT n FROM generate_series(1, 20000) n"))

    assert page.count("<tr>") == 1001
    assert "the file has the first 10,000. There are more: ask about less." in page
    assert QueryRun.objects.get().cut == "rows"


def test_a_long_value_is_cut_and_says_so(founder: Client) -> None:
    assert "… and 700 more characters" in text_of(run(founder, "SELECT repeat('x', 1000)"))


def test_parameters_become_fields(founder: Client) -> None:
    question = SavedQuery.objects.get(seed="gifts-by-shop")

    page = text_of(founder.get(reverse("admin:console_question", args=[question.pk])))

    assert re.search(r'<input id="p_days" name="p_days" value="30" type="number"', page)
    given = {"statement": "SELECT :gift_id, :since", "p_since": "x"}
    fields = text_of(founder.post(reverse("admin:console_fields"), given))
    assert 'for="p_gift_id">Gift id<' in fields
    assert re.search(r'name="p_since" value="x" type="date"', fields)


def test_a_parameter_is_filled_in(founder: Client) -> None:
    page = text_of(run(founder, "SELECT :word AS said", p_word="hello"))

    assert ">hello<" in page
    assert 'value="hello"' in page
    assert "a whole number, such as 30" in text_of(run(founder, "SELECT :days", p_days="many"))


def test_a_file_has_all_rows_and_no_formula(founder: Client) -> None:
    statement = "SELECT n, '=1+1' AS f, '-x' AS g, -n AS h, NULL AS i FROM generate_series(1, 1500) n"

    answer = run(founder, statement, "console_download")
    lines = gzip.decompress(answer.content).decode("utf-8-sig").splitlines()

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    assert len(lines) == 1501
    assert lines[0] == "n,f,g,h,i"
    assert lines[1] == "1,'=1+1,'-x,-1,"
    assert QueryRun.objects.get().is_download
    assert AuditEntry.objects.filter(action="console.download").count() == 1


def test_a_file_that_cannot_be_made_is_told_on_the_page(founder: Client) -> None:
    assert "is not shown here" in text_of(run(founder, "SELECT token FROM api_gift", "console_download"))


def test_what_is_stopped_before_it_has_begun_goes_on_and_says_so(founder: Client) -> None:
    QueryRun.objects.create(
        user=User.objects.get(username="grace"), statement="SELECT 1", with_pii=False, started_at=timezone.now()
    )

    assert text_of(founder.post(reverse("admin:console_stop"))) == "It has not begun yet: press Stop again."


# ---- Personal data.


def test_personal_data_is_shown_where_it_is_asked_for(founder: Client) -> None:
    statement = "SELECT recipient_email FROM api_gift WHERE recipient_email <> '' LIMIT 1"

    assert "holds personal data" in text_of(run(founder, statement))
    assert "ben@example.com" in text_of(run(founder, statement, "console_personal_run"))


def test_personal_data_is_for_who_has_just_signed_in(founder: Client) -> None:
    session = founder.session
    session[CONFIRMED_AT] = (timezone.now() - timedelta(minutes=11)).timestamp()
    session.save()

    for page in PERSONAL:
        answer = run(founder, "SELECT recipient_email FROM api_gift", page)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("admin:reauthenticate"))
    assert not QueryRun.objects.exists()


@pytest.mark.parametrize("page", ["console_personal_run", "console_personal_download"])
@pytest.mark.parametrize("question", ["", "repeated-recipients"])
@pytest.mark.usefixtures("quick_hashes", "told")
def test_after_ten_minutes_one_shows_who_one_is_and_comes_back_to_the_page(page: str, question: str) -> None:
    user = member_of_the_team("grace")
    founder = Client()
    come_in(founder, user)
    a_while_later(user)
    session = founder.session
    session[CONFIRMED_AT] -= timedelta(minutes=11).total_seconds()
    session.save()
    home, action = reverse("admin:console_personal"), reverse(f"admin:{page}")
    if question:
        pk = SavedQuery.objects.get(seed=question).pk
        home, action = reverse("admin:console_personal_question", args=[pk]), f"{action}?question={pk}"

    refused = founder.post(action, {"statement": "SELECT recipient_email FROM api_gift"})
    again = founder.get(refused["Location"])
    code = phone_shows(key_of(user))
    shown = founder.post(refused["Location"], {"password": PASSWORD, "code": code, "next": again.context["next"]})
    back = founder.get(shown["Location"])

    assert not QueryRun.objects.exists()
    assert shown["Location"] == action
    assert back["Location"] == f"{home}#kept"  # where the script fills in what was typed
    opened = founder.get(home)
    assert opened.status_code == 200
    assert f'action="{reverse("admin:console_personal_run")}{"?" + action.partition("?")[2] if question else ""}#' in (
        opened.content.decode()
    )
    assert run(founder, "SELECT 1", page).status_code == 200


def test_a_file_with_personal_data_needs_the_permission_to_take_it_away(member: Member) -> None:
    sees = member("use_console", "console_pii")
    takes = member("use_console", "console_pii", "export_pii", name="carl")

    assert run(sees, "SELECT 1", "console_personal_download").status_code == 403
    assert "Download CSV" not in text_of(sees.get(reverse("admin:console_personal")))
    assert "Download CSV" in text_of(sees.get(reverse("admin:console")))
    assert run(takes, "SELECT 1", "console_personal_download")["Content-Type"].startswith("text/csv")
    assert "Download CSV" in text_of(takes.get(reverse("admin:console_personal")))


def test_a_question_about_people_opens_where_they_are_shown(founder: Client, member: Member) -> None:
    question = SavedQuery.objects.get(seed="repeated-recipients")
    page = reverse("admin:console_question", args=[question.pk])

    answer = founder.get(page)

    assert answer["Location"] == reverse("admin:console_personal_question", args=[question.pk])
    assert "which you may not see here" in text_of(member("use_console").get(page))


# ---- Keeping questions.


def keep(client: Client, **fields: Any) -> Any:
    given = {"statement": "SELECT :days", "name": "How many?", "description": "So many.", **fields}
    return client.post(reverse("admin:console_keep"), given)


def test_a_question_is_kept_found_again_changed_and_deleted(member: Member) -> None:
    client = member("use_console")

    opened = keep(client)
    question = SavedQuery.objects.get(name="How many?")
    assert opened["Location"] == reverse("admin:console_question", args=[question.pk])
    keep(client, question=question.pk, version=1, name="How many are there?", is_shared="on")
    question.refresh_from_db()
    assert (question.name, question.version, question.is_shared) == ("How many are there?", 2, True)
    delete = reverse("admin:console_question_delete", args=[question.pk])
    assert "Everybody who may use the console loses it." in text_of(client.get(delete))
    client.post(delete)
    assert not SavedQuery.objects.filter(pk=question.pk).exists()


def test_the_second_of_two_who_change_it_is_told_and_keeps_what_was_typed(member: Member) -> None:
    client = member("use_console")
    keep(client)
    question = SavedQuery.objects.get(name="How many?")
    keep(client, question=question.pk, version=1, statement="SELECT 1")

    answer = keep(client, question=question.pk, version=1, statement="SELECT 2", is_shared="on")

    assert answer.status_code == 412
    assert shown_version(answer) == "1"  # so that pressing Save once more is refused as well
    assert "Nothing was overwritten" in text_of(answer)
    assert "SELECT 2" in text_of(answer)
    assert 'name="is_shared" checked' in text_of(answer)
    assert 'name="needs_pii" >' in text_of(answer)
    question.refresh_from_db()
    assert question.sql == "SELECT 1"


@pytest.mark.parametrize("view", ["console_run", "console_download"])
def test_an_answer_does_not_make_an_old_form_a_new_one(member: Member, view: str) -> None:
    client = member("use_console")
    keep(client)
    question = SavedQuery.objects.get(name="How many?")
    keep(client, question=question.pk, version=1, statement="SELECT 1")

    answer = run(client, "SELECT nothing", view, question=question.pk, version=1)

    assert shown_version(answer) == "1"
    assert shown_version(client.get(reverse("admin:console_question", args=[question.pk]))) == "2"


def shown_version(page: Any) -> str:
    return str(re.findall(r'name="version" value="(.*?)"', text_of(page))[0])


@pytest.mark.parametrize("version", ["", "x", "²", "9" * 4_301])
def test_a_version_that_cannot_be_is_not_the_newest(member: Member, version: str) -> None:
    client = member("use_console")
    keep(client)

    assert keep(client, question=SavedQuery.objects.get(name="How many?").pk, version=version).status_code == 412


def test_somebody_elses_question_is_not_there_unless_shared(member: Member) -> None:
    owner = User.objects.create_user("carl")
    kept = save_question(owner, Draft("Secret plan", "SELECT 1"), now=timezone.now())
    client = member("use_console")

    assert client.get(reverse("admin:console_question", args=[kept.pk])).status_code == 404
    assert client.post(reverse("admin:console_question_delete", args=[kept.pk])).status_code == 404
    assert "Secret plan" not in text_of(client.get(reverse("admin:console")))


def test_a_shared_question_becomes_ones_own_by_a_copy(member: Member) -> None:
    client = member("use_console")
    question = SavedQuery.objects.get(seed="dead-jobs")

    assert "somebody else" in text_of(keep(client, question=question.pk, version=1))
    keep(client, question=question.pk, version=1, copy="1", name="Mine")

    assert SavedQuery.objects.get(name="Mine").owner is not None


# ---- Not set up, the log, and what others pay.


def test_where_it_is_not_set_up_the_page_says_how(founder: Client, settings: Any) -> None:
    settings.CONSOLE_DATABASE_URL = ""

    assert "CONSOLE_DATABASE_URL" in text_of(founder.get(reverse("admin:console")))
    assert "CONSOLE_DATABASE_URL" in text_of(run(founder, "SELECT 1"))


def test_the_log_says_who_asked_what(founder: Client) -> None:
    run(founder, "SELECT 42 AS answer")

    page = text_of(founder.get(reverse("admin:api_queryrun_changelist")))
    one = text_of(founder.get(reverse("admin:api_queryrun_change", args=[QueryRun.objects.get().pk])))

    assert "staff:grace" in page
    assert "SELECT 42 AS answer" in page
    assert "SELECT 42 AS answer" in one


def test_what_others_looked_for_is_told_to_who_may_see_personal_data(founder: Client, member: Member) -> None:
    """A statement that the database refuses for its personal column is logged all the same."""
    kept = save_question(User.objects.create_user("carl"), Draft("What of Ana?", "SELECT 1"), now=timezone.now())
    developer = member("use_console", "view_queryrun")
    run(developer, "SELECT 1 FROM api_gift WHERE recipient_email = 'own@x.example'")
    run(founder, "SELECT 1 FROM api_gift WHERE recipient_email = 'ana@x.example'")
    hers = QueryRun.objects.latest("pk")
    QueryRun.objects.filter(pk=hers.pk).update(question=kept)
    run(founder, "SELECT 1 -- ben@x.example", "console_personal_run")

    one, addresses = reverse("admin:api_queryrun_change", args=[hers.pk]), reverse("admin:api_queryrun_changelist")
    told = text_of(developer.get(addresses)) + text_of(developer.get(one))
    everything = text_of(founder.get(addresses)) + text_of(founder.get(one))

    assert "own@x.example" in told
    assert "recipient_email = &#x27;…&#x27;" in told
    assert not any(words in told for words in ("ana@", "ben@", "What of Ana?"))
    assert all(words in everything for words in ("ana@x.example", "ben@x.example"))
    assert "What of Ana?" not in everything


def test_no_request_of_the_api_pays_for_the_console() -> None:
    code = (
        "import django, sys; django.setup(); import api.urls, api.tick, giftflick.urls, giftflick.wsgi;"
        "print([name for name in sys.modules if f'{name}.'.startswith(('psycopg.', 'api.console.admin.'))])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited_environment(), **throwaway_environment()},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"
