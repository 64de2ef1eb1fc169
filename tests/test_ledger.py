"""What the ledger remembers of a process that died, and whose death it was."""

from pathlib import Path

import pytest

from voxcor.batch.items import Item, Outcome
from voxcor.batch.ledger import _SOURCE, Ledger
from voxcor.errors import KilledTwice
from voxcor.results import Failure


def begun(folder: Path, items: int) -> list[Item]:
    listed = [Item(number, f"{number}.wav", f"{number}.wav") for number in range(items)]
    with Ledger(folder) as ledger:
        ledger.recover()
        ledger.begin({})
        ledger.add(listed)
    return listed


def died_with(folder: Path, *items: Item) -> None:
    """A process that took these items, and was no more."""
    with Ledger(folder) as ledger:
        for item in items:
            ledger.take(item)


def at_the_next_start(folder: Path) -> tuple[list[int], list[int], dict[str, int]]:
    """Suspects, what else waits, and failures by code."""
    with Ledger(folder) as ledger:
        ledger.recover()
        ledger.give_up()
        suspects = [item.position for item in ledger.suspects()]
        return suspects, [item.position for item in ledger.waiting()], ledger.failure_codes()


def test_what_was_worked_on_alone_has_failed_after_the_second_death(tmp_path: Path) -> None:
    items = begun(tmp_path, 3)
    died_with(tmp_path, items[1])
    assert at_the_next_start(tmp_path) == ([1], [0, 2], {})
    died_with(tmp_path, items[1])
    assert at_the_next_start(tmp_path) == ([], [0, 2], {"killed_twice": 1})


def test_a_death_among_several_is_nobody_s(tmp_path: Path) -> None:
    items = begun(tmp_path, 3)
    for _ in range(4):
        died_with(tmp_path, items[0], items[2])
        assert at_the_next_start(tmp_path) == ([0, 2], [1], {})


def test_what_is_left_or_recorded_by_a_process_that_lives_is_no_suspect(tmp_path: Path) -> None:
    items = begun(tmp_path, 2)
    for _ in range(3):
        with Ledger(tmp_path) as ledger:
            ledger.take(items[0])
            ledger.leave(items[0])
            ledger.take(items[1])
            ledger.record(Outcome(1, None, failure=Failure("1.wav", "not_audio", "no")))
    assert at_the_next_start(tmp_path) == ([], [0], {"not_audio": 1})


def test_only_who_asks_gets_another_try_of_what_killed(tmp_path: Path) -> None:
    items = begun(tmp_path, 1)
    for _ in range(2):
        died_with(tmp_path, items[0])
        at_the_next_start(tmp_path)
    with Ledger(tmp_path) as ledger:
        assert [*ledger.to_retry()] == []
        assert ledger.reopen() == 1
        assert [*ledger.waiting()] == items


def test_a_source_is_read_no_third_time_until_somebody_insists(tmp_path: Path) -> None:
    for _ in range(2):
        with Ledger(tmp_path) as ledger:
            ledger.recover()
            ledger._take(_SOURCE)  # and no more
    with Ledger(tmp_path) as ledger:
        ledger.recover()
        with pytest.raises(KilledTwice, match=r"calls\.csv"), ledger.reading("calls.csv"):
            pass
        with ledger.reading("calls.csv"):
            pass


def test_a_ledger_of_an_older_version_goes_on(tmp_path: Path) -> None:
    items = begun(tmp_path, 2)
    with Ledger(tmp_path) as ledger:
        ledger._connection.execute("DROP TABLE taken")
    died = at_the_next_start(tmp_path)
    assert died == ([], [item.position for item in items], {})
