"""The thread that notices when time runs out."""

import threading
from contextvars import ContextVar

from giftflick.deadline import Deadline, Stacks
from tests.conftest import Lines

WITHIN_S = 10

about: ContextVar[str] = ContextVar("about", default="nothing")


class Bell:
    """What the other thread calls, and what it saw then."""

    def __init__(self) -> None:
        self.rung = threading.Event()
        self.stacks: Stacks = {}
        self.about = ""

    def ring(self, stacks: Stacks) -> None:
        self.stacks, self.about = stacks, about.get()
        self.rung.set()


def watching() -> int:
    return [thread.name for thread in threading.enumerate()].count("deadline")


def test_a_block_that_takes_too_long_is_told_of_while_it_goes_on() -> None:
    bell = Bell()

    with Deadline().watch(0.05, bell.ring):
        assert bell.rung.wait(WITHIN_S)

    places = [frame.name for frame in bell.stacks["MainThread"]]
    assert "test_a_block_that_takes_too_long_is_told_of_while_it_goes_on" in places
    asking = [name for name, frames in bell.stacks.items() if any(frame.name == "_stacks" for frame in frames)]
    assert asking == []  # where the watching thread is says nothing


def test_what_is_told_is_told_in_the_blocks_own_context() -> None:
    bell, mark = Bell(), about.set("order 4711")

    with Deadline().watch(0.05, bell.ring):
        assert bell.rung.wait(WITHIN_S)

    about.reset(mark)
    assert bell.about == "order 4711"


def test_a_block_that_is_over_in_time_is_not_told_of() -> None:
    deadline, in_time, too_late = Deadline(), Bell(), Bell()

    with deadline.watch(2, in_time.ring):
        pass
    with deadline.watch(2.2, too_late.ring):
        assert too_late.rung.wait(WITHIN_S)

    assert not in_time.rung.is_set()


def test_one_thread_watches_one_block_after_another_also_after_it_told_of_one() -> None:
    deadline, bells = Deadline(), [Bell() for _ in range(3)]
    before = watching()

    for bell in bells:
        with deadline.watch(0.05, bell.ring):
            assert bell.rung.wait(WITHIN_S)

    assert watching() == before + 1


def test_a_telling_that_fails_is_a_line_without_its_words_and_the_next_one_is_told_of(log_lines: Lines) -> None:
    deadline, bell = Deadline(), Bell()
    has_begun = threading.Event()

    def fail(_stacks: Stacks) -> None:
        has_begun.set()
        raise ValueError("ben@example.com")

    with deadline.watch(0.05, fail):
        assert has_begun.wait(WITHIN_S)
    with deadline.watch(0.05, bell.ring):
        assert bell.rung.wait(WITHIN_S)

    (line,) = log_lines()
    assert (line["level"], line["exception"]) == ("error", "ValueError")
    assert "ben@" not in str(line)


def test_a_shorter_time_than_the_last_one_is_kept_too() -> None:
    deadline, longer, shorter = Deadline(), Bell(), Bell()

    with deadline.watch(600, longer.ring):
        pass
    with deadline.watch(0.05, shorter.ring):
        assert shorter.rung.wait(WITHIN_S)

    assert not longer.rung.is_set()


def test_a_block_whose_time_is_up_from_the_start_is_told_of() -> None:
    bell = Bell()

    with Deadline().watch(-1, bell.ring):
        assert bell.rung.wait(WITHIN_S)
