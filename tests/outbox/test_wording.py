"""Each kind of job in plain words."""

import api.tick  # noqa: F401 - registers the jobs
from api.outbox.registry import kinds
from api.outbox.wording import KINDS


def test_every_kind_of_job_has_its_words_and_no_other_has() -> None:
    ours = [kind for kind in kinds() if not kind.startswith("tests.")]
    assert ours == sorted(KINDS)
