"""What the ledger remembers of a process that died, and whose death it was."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.deaths import SOURCE
from voxcor.batch.items import Item, Outcome
from voxcor.batch.ledger import Ledger
from voxcor.errors import KilledTwice
from voxcor.results import Failure


def begun(folder: Path, items: int) -> list[Item]:
    listed = [Item(number, f"{number}.wav", f"{number}.wav") for number in range(items)]
    with Ledger(folder) as ledger:
        ledger.deaths.recover()
        ledger.begin({})
        ledger.add(listed)
    return listed


def died_with(folder: Path, *items: Item) -> None:
    """A process that took these items, and was no more."""
    with Ledger(folder) as ledger:
        for item in items:
            ledger.deaths.take(item)


def at_the_next_start(folder: Path) -> tuple[list[int], list[int], dict[str, int]]:
    """Suspects, what else waits, and failures by code."""
    with Ledger(folder) as ledger:
        ledger.deaths.recover()
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
            ledger.deaths.take(items[0])
            ledger.deaths.leave(items[0])
            ledger.deaths.take(items[1])
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
            ledger.deaths.recover()
            ledger.deaths._take(SOURCE)  # and no more
    with Ledger(tmp_path) as ledger:
        ledger.deaths.recover()
        with pytest.raises(KilledTwice, match=r"calls\.csv"), ledger.deaths.reading("calls.csv"):
            pass
        with ledger.deaths.reading("calls.csv"):
            pass


OLDER = """
CREATE TABLE mark (text TEXT NOT NULL);
CREATE TABLE items (position INTEGER PRIMARY KEY, name BLOB NOT NULL, path BLOB NOT NULL,
    member BLOB, key BLOB, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    sequence INTEGER, sha256 TEXT, duration_ms INTEGER, code TEXT, message TEXT, documents TEXT);
CREATE UNIQUE INDEX items_place ON items (path, ifnull(member, ''), ifnull(key, ''));
INSERT INTO mark VALUES ('{}');
INSERT INTO items (position, name, path, state) VALUES (0, x'302e776176', x'302e776176', 'waiting');
INSERT INTO items (position, name, path, state) VALUES (1, x'312e776176', x'312e776176', 'failed');
"""


def test_a_ledger_of_an_older_version_goes_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / LEDGER_FILE)) as connection:
        connection.executescript(OLDER)
    with Ledger(tmp_path) as ledger:  # a reader, who claims nothing
        assert [row.item.name for row in ledger.rows()] == ["1.wav"]
    assert at_the_next_start(tmp_path) == ([], [0], {"": 1})
    part = Item(0, "0.wav", "0.wav", start_ms=0, end_ms=10)
    with Ledger(tmp_path) as ledger:
        assert ledger.add([Item(0, "0.wav", "0.wav"), part]) == 1
        assert [item.part for item in ledger.waiting()] == [None, (0, 10)]


def test_a_part_is_known_by_its_times(tmp_path: Path) -> None:
    whole = Item(0, "a.wav", "a.wav")
    parts = [replace(whole, position=n, start_ms=0, end_ms=n) for n in (1, 2)]
    with Ledger(tmp_path) as ledger:
        ledger.deaths.recover()
        ledger.begin({})
        assert ledger.add([whole, *parts, parts[0]]) == 3
        for position in (0, 2):
            document = {"audio": {"duration_ms": 5000}}
            ledger.record(Outcome(position, "hash", [document]))
        found = [ledger.find("hash", part) for part in (None, (0, 1), (0, 2))]
        assert [row and row.item.position for row in found] == [0, None, 2]
        assert ledger.counts().audio_s == pytest.approx(5.002)
