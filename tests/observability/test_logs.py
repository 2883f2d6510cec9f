"""What the formatter lets through: our own words, and of other packages' the template alone."""

import logging

from django.test import Client

from tests.conftest import Lines


def test_another_packages_line_is_its_template_without_arguments_and_extras(log_lines: Lines) -> None:
    logging.getLogger("somebody.else").warning("Forbidden: %s", "/g/hush", extra={"path": "/g/hush"})

    (line,) = log_lines()
    assert (line["message"], line["logger"], line["level"]) == ("Forbidden: %s", "somebody.else", "warning")
    assert "hush" not in str(line)


def test_our_own_line_is_whole(log_lines: Lines) -> None:
    logging.getLogger("giftflick.tests").warning("%s jobs", 3, extra={"kind": "mail.send"})

    (line,) = log_lines()
    assert (line["message"], line["kind"]) == ("3 jobs", "mail.send")


def test_what_django_finds_suspicious_is_not_quoted(db: None, log_lines: Lines) -> None:
    Client().get("/", headers={"Host": "hush.example"})

    assert [line["message"] for line in log_lines()] == ["request"]
