"""The mailbox: bounded, kept over restarts, and safe to look at whatever was mailed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.sendgrid.service import Service, message, to


def test_an_unreadable_file_does_not_hide_the_other_mails(start: Callable[[], Service], tmp_path: Path) -> None:
    service = start()
    service.post(message(personalizations=to("kept@example.com")))
    service.stop()
    (tmp_path / "00000000-0000-7000-8000-000000000000.json").write_text('{"id": "0')

    assert [mail["to"] for mail in start().mails] == ["kept@example.com"]


def test_only_the_newest_2000_mails_are_kept(quiet: Service) -> None:
    quiet.call("DELETE", "/mailbox.json")
    for batch in range(2):
        people = [f"p{batch * 1000 + number}@example.com" for number in range(1000)]
        assert quiet.post(message(personalizations=to(*people))).status == 202

    quiet.post(message())

    mails = quiet.mails
    assert (len(mails), mails[0]["to"], mails[-1]["to"]) == (2000, "ben@example.com", "p1@example.com")
    assert len(quiet.call("GET", "/mailbox.json?limit=3").json) == 3
    assert [mail["to"] for mail in quiet.call("GET", "/mailbox.json?to=P7@example.com").json] == ["p7@example.com"]
    assert b"2000 mails, the newest 200 shown" in quiet.call("GET", "/mailbox").body


def test_delete_empties_the_mailbox(quiet: Service) -> None:
    quiet.post(message())

    assert quiet.call("DELETE", "/mailbox.json").status == 204

    assert quiet.mails == []
    assert b"No mail yet" in quiet.call("GET", "/mailbox").body


def test_hostile_mail_is_shown_escaped_and_framed_without_rights(quiet: Service) -> None:
    script = "<script>alert(1)</script>\ud800"
    quiet.post(
        message(
            personalizations=to("eve@example.com"),
            subject=f'"{script}',
            headers={"X-Note": script},
            custom_args={script: script},
            content=[
                {"type": "text/plain", "value": f"</pre>{script}"},
                {
                    "type": "text/html",
                    "value": f"<![x[<head><a href=javascript:x><a href='http://x.example/?{script}'>",
                },
            ],
            **{"from": {"email": "gifts@example.com", "name": script}},
        )
    )
    mail_id = quiet.mails[0]["id"]

    pages = [quiet.call("GET", "/mailbox"), quiet.call("GET", f"/mailbox/{mail_id}")]
    framed = quiet.call("GET", f"/mailbox/{mail_id}/html")

    for page in pages:
        assert b"<script>alert" not in page.body
        assert b"&lt;script&gt;alert(1)" in page.body
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert b'sandbox="allow-popups allow-popups-to-escape-sandbox"' in pages[1].body
    policy = framed.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert b'<head><base target="_blank">' in framed.body


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ("<p>none</p>", []),
        (
            '<a href="http://a.example">1</a><A class="x"HREF=\'https://b.example\'>2</A>',
            ["http://a.example", "https://b.example"],
        ),
        ('<a href="http://a.example">1</a><a href="http://a.example">2</a>', ["http://a.example"]),
        ('<a href="javascript:alert(1)"><a href="/rel"><link href="http://style.example">', []),
        (
            "<!-- <a href='http://a.example'> --><a data-href='http://b.example' href=http://c.example>",
            ["http://c.example"],
        ),
        ("<!--[if !mso]><!--><a href='http://a.example'>1</a><!--<![endif]-->", ["http://a.example"]),
        ("<a " * 200_000, []),
    ],
    ids=["none", "quotes", "twice", "no link", "comment", "outlook", "huge"],
)
def test_links_are_those_a_reader_can_follow(quiet: Service, html: str, links: list[str]) -> None:
    quiet.post(message(content=[{"type": "text/html", "value": html}]))

    [mail] = quiet.call("GET", "/mailbox.json?limit=1").json
    assert (mail["links"], mail["text"]) == (links, None)


def test_pages_load_nothing_from_another_host(quiet: Service) -> None:
    quiet.post(message())
    mail_id = quiet.mails[0]["id"]

    for path in ("/mailbox", f"/mailbox/{mail_id}", "/assets/mailbox.css", "/assets/mailbox.js"):
        answer = quiet.call("GET", path)
        assert answer.status == 200
        assert not re.search(rb"https?:", answer.body.lower())
