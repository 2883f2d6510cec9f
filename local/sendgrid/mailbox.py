"""The mailbox on disk: one JSON file a mail, the newest 2,000 of them, over restarts."""

import json
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from local.sendgrid.mails import Mail

CAPACITY = 2_000


class Mailbox:
    """Mails by id, oldest first, in memory and in `folder`; safe to use from several threads.

    A file is written aside and renamed, so a kill leaves each mail whole or absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("*.tmp"):
            leftover.unlink()
        self._mails = {mail.id: mail for path in sorted(folder.glob("*.json")) if (mail := _read(path))}

    def add(self, mails: Iterable[Mail]) -> None:
        """Store `mails`; once this returns they survive a kill."""
        with self._lock:
            for mail in mails:
                self._write(mail)
            while len(self._mails) > CAPACITY:
                self._remove(next(iter(self._mails)))

    def get(self, mail_id: str) -> Mail | None:
        with self._lock:
            return self._mails.get(mail_id)

    def newest(self, *, to: str | None = None, limit: int | None = None) -> list[Mail]:
        """Return the mails, newest first: all, or those to one address."""
        with self._lock:
            mails = list(reversed(self._mails.values()))
        return [mail for mail in mails if to is None or mail.to.lower() == to.lower()][:limit]

    def waiting(self) -> list[Mail]:
        """Return the mails whose events nobody has received yet, oldest first."""
        with self._lock:
            return [mail for mail in self._mails.values() if not mail.is_posted]

    def mark_posted(self, mail: Mail) -> None:
        """Record that the mail's events were received; nothing to do for a mail that was removed meanwhile."""
        with self._lock:
            if mail.id in self._mails:
                self._write(replace(mail, is_posted=True))

    def clear(self) -> None:
        """Remove every mail. Events that wait are still posted by this process."""
        with self._lock:
            for mail_id in list(self._mails):
                self._remove(mail_id)

    def _write(self, mail: Mail) -> None:
        aside = self._folder / f"{mail.id}.tmp"
        aside.write_text(json.dumps(asdict(mail)))
        aside.replace(self._path(mail.id))
        self._mails[mail.id] = mail

    def _remove(self, mail_id: str) -> None:
        self._path(mail_id).unlink(missing_ok=True)
        del self._mails[mail_id]

    def _path(self, mail_id: str) -> Path:
        return self._folder / f"{mail_id}.json"


def _read(path: Path) -> Mail | None:
    try:
        return Mail(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        print(f"{path.name} is not a mail, left alone: {type(error).__name__}", file=sys.stderr, flush=True)
        return None
