"""The ledger: one SQLite file that holds a batch, item by item, with what came of each.

It is the truth; tables of results are written from it. Every outcome is committed at once, so a
kill loses what was being computed and nothing else; what the process died of is known
(`voxcor.batch.deaths`). Write-ahead logging without a sync for each commit: when the power fails
the last outcomes may be missing, or the names of their files, and are computed again
(`reopen_lost`). After `sync` nothing of it is missing.

One process writes (`claimed`), any number may read meanwhile.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from voxcor.batch.database import Database, make_tables
from voxcor.batch.deaths import SUSPECTS, Deaths
from voxcor.batch.items import ChannelFailure, Item, Outcome
from voxcor.disk.locks import locked
from voxcor.errors import (
    BatchInProgress,
    BatchMismatch,
    DecodingFailed,
    DiskFull,
    InputNotFound,
    InputUnreadable,
    KilledTwice,
    VoxcorError,
)
from voxcor.options import RecordingOptions
from voxcor.result_folder import to_json, utf8
from voxcor.results import Failure

# Failures that may be gone at the next try: a share that was away, a decoder out of memory.
MAY_PASS = tuple(
    error.code for error in (InputNotFound, InputUnreadable, DecodingFailed, DiskFull, VoxcorError)
)

_PAGE = 500

_ITEM_COLUMNS = "position, name, path, member, key, listed, start_ms, end_ms, channel"
_ROW_COLUMNS = f"{_ITEM_COLUMNS}, state, code, message, documents"


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a batch is, in items; `audio_s` of recordings are done."""

    total: int
    done: int
    failed: int
    audio_s: float

    @property
    def waiting(self) -> int:
        return self.total - self.done - self.failed


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An item and what came of it, as `Outcome` has it."""

    item: Item
    documents: tuple[dict[str, Any], ...]
    failure: Failure | None
    channel_failures: tuple[ChannelFailure, ...] = ()


class Ledger:
    """The ledger in a batch's folder; safe to share among threads.

    Raises:
        LedgerCorrupt: the file is none, or is damaged.
        StorageError: the disk.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = Database(folder)
        self.deaths = Deaths(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    @property
    def begun(self) -> bool:
        """Whether there is a batch, of one recording at least."""
        found = self._database.query("SELECT 1 FROM sqlite_master WHERE name = 'items'")
        return bool(found) and bool(self._database.query("SELECT 1 FROM items LIMIT 1"))

    @property
    def mark(self) -> dict[str, Any]:
        """What makes this batch this one and no other, as it was begun."""
        rows = self._database.query("SELECT text FROM mark")
        mark: dict[str, Any] = self._database.parsed(
            lambda row: json.loads(row[0]), rows[:1] or [()]
        )[0]
        return mark

    def give_up(self) -> None:
        """Lets those fail that the process has died of too often."""
        for position, blob in self.deaths.of_too_many():
            name = os.fsdecode(blob)
            error = KilledTwice(name=name)
            failure = Failure.of(error, name)
            with self._database.transaction() as connection:
                # Nothing would come of another try within the same run.
                self._record(connection, Outcome(position, None, failure=failure), attempts=2)

    def begin(self, mark: Mapping[str, Any]) -> None:
        """Makes the tables, or finds them made by the same batch.

        Args:
            mark: plain JSON: source, options, model.

        Raises:
            BatchMismatch: they were made by another.
        """
        if not self.begun:
            with self._database.transaction() as connection:
                make_tables(connection)
                connection.execute("DELETE FROM mark")
                connection.execute("INSERT INTO mark VALUES (?)", [to_json(dict(mark))])
            return
        old, mark = _filled(self.mark), _filled(mark)
        for name in sorted({*old, *mark}):
            if old.get(name) != mark.get(name):
                raise BatchMismatch(
                    path=str(self.folder),
                    what=name,
                    then=to_json({name: old.get(name)}),
                    now=to_json({name: mark.get(name)}),
                )

    def add(self, found: Iterable[Item | Failure]) -> int:
        """Adds those that are new, all or none; how many there are of them.

        Positions go on from the last. A place that cannot be read is an item that has failed.
        """
        with self._database.transaction() as connection:
            (next_position,) = connection.execute(
                "SELECT ifnull(max(position), -1) + 1 FROM items"
            ).fetchone()
            first = next_position
            for entry in found:
                failure = entry if isinstance(entry, Failure) else None
                item = Item(0, entry.path, entry.path) if isinstance(entry, Failure) else entry
                texts = (item.name, item.path, item.member, item.key, item.listed)
                cursor = connection.execute(
                    f"INSERT OR IGNORE INTO items ({_ITEM_COLUMNS}, state, attempts, code, message)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        next_position,
                        *map(_blob, texts),
                        item.start_ms,
                        item.end_ms,
                        item.channel,
                        "failed" if failure else "waiting",
                        # Nothing would come of another try within the same run.
                        2 if failure else 0,
                        failure.code if failure else None,
                        utf8(failure.message) if failure else None,
                    ],
                )
                next_position += cursor.rowcount
            return int(next_position - first)

    def reopen(self, *, whatever_failed: bool = False) -> int:
        """Lets what failed wait again; how many.

        Args:
            whatever_failed: for any reason; without, only for one that may pass.
        """
        codes = (*MAY_PASS, KilledTwice.code)
        marks = ", ".join("?" * len(codes))
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE items SET state = 'waiting', attempts = 0 "
                f"WHERE state = 'failed' AND (? OR code IN ({marks}))",
                [whatever_failed, *codes],
            )
            return cursor.rowcount

    def reopen_lost(self) -> int:
        """Lets what is done, but for a file that is not there, wait again; how many."""
        lost = [
            row.item.position
            for row in self.rows(state="done")
            for document in row.documents
            for name in (document.get("frames"), document.get("embedding"))
            if name is not None and not (self.folder / name).is_file()
        ]
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE items SET state = 'waiting', attempts = 0 WHERE position = ?",
                [(position,) for position in lost],
            )
        return len({*lost})

    def sync(self) -> None:
        """Forces all that was recorded to the disk."""
        self._database.query("PRAGMA wal_checkpoint")

    def suspects(self) -> Iterator[Item]:
        """Items during which a process has died: to be worked on before all others, one by one."""
        yield from self._items(f"state = 'waiting' AND position IN ({SUSPECTS})", [])

    def waiting(self) -> Iterator[Item]:
        """The other items to work on, in order; each once, whatever is recorded meanwhile."""
        yield from self._items(f"state = 'waiting' AND position NOT IN ({SUSPECTS})", [])

    def to_retry(self) -> Iterator[Item]:
        """Items that failed at the first try, for a reason that may pass."""
        marks = ", ".join("?" * len(MAY_PASS))
        where = f"state = 'failed' AND attempts = 1 AND code IN ({marks})"
        yield from self._items(where, [*MAY_PASS])

    def record(self, outcome: Outcome) -> None:
        """Writes down what came of an item; a kill loses nothing of it, a power cut see `sync`."""
        with self._database.transaction() as connection:
            self._record(connection, outcome, attempts=1)

    def _record(self, connection: sqlite3.Connection, outcome: Outcome, *, attempts: int) -> None:
        failure = outcome.failure
        duration_ms = outcome.documents[0]["audio"]["duration_ms"] if outcome.documents else None
        length_ms = "CASE WHEN start_ms IS NULL THEN ? ELSE min(end_ms, ?) - start_ms END"
        results = {
            "list": list(outcome.documents),
            "failures": [asdict(failed) for failed in outcome.channel_failures],
        }
        connection.execute(
            "UPDATE items SET state = ?, attempts = attempts + ?, sha256 = ?, "
            f"duration_ms = {length_ms}, code = ?, message = ?, documents = ?, "
            "sequence = (SELECT ifnull(max(sequence), 0) + 1 FROM items "
            "WHERE sequence IS NOT NULL) WHERE position = ?",
            [
                "failed" if failure else "done",
                attempts,
                outcome.sha256,
                duration_ms,
                duration_ms,
                failure.code if failure else None,
                utf8(failure.message) if failure else None,
                utf8(to_json(results)) if any(results.values()) else None,
                outcome.position,
            ],
        )
        connection.execute("DELETE FROM taken WHERE position = ?", [outcome.position])

    def find(
        self, sha256: str, part: tuple[int, int] | None = None, channel: int | None = None
    ) -> LedgerRow | None:
        """An item that is done and has this content, or is this part, this channel of it."""
        where = "state = 'done' AND sha256 = ? AND start_ms IS ? AND end_ms IS ? AND channel IS ?"
        rows = self._rows(where, [sha256, *(part or (None, None)), channel], limit=1)
        return rows[0] if rows else None

    def rows(self, *, state: str | None = None, after: int = -1) -> Iterator[LedgerRow]:
        """Items that are done or failed, in order, a page in memory at a time.

        Args:
            state: `done` or `failed` only; None for both.
            after: only those whose position is larger.
        """
        where = "state = ?" if state else "state != 'waiting'"
        given = [state] if state else []
        while page := self._rows(f"{where} AND position > ?", [*given, after], limit=_PAGE):
            yield from page
            after = page[-1].item.position

    def recorded_after(self, after: int = 0) -> list[tuple[int, LedgerRow]]:
        """What was recorded after a moment, in the order in which it was, up to a page of it.

        Each with the number of its own moment, to be given as `after` next time. An item that was
        tried again comes again.
        """
        where = f"sequence > ? ORDER BY sequence LIMIT {_PAGE}"
        found = self._database.query(
            f"SELECT sequence, {_ROW_COLUMNS} FROM items WHERE {where}", [after]
        )
        return self._database.parsed(lambda row: (row[0], _row(row[1:])), found)

    def counts(self) -> Counts:
        rows = self._database.query(
            "SELECT state, count(*), ifnull(sum(duration_ms), 0) FROM items GROUP BY state"
        )
        found = dict(self._database.parsed(lambda row: (row[0], (row[1], int(row[2]))), rows))
        return Counts(
            total=sum(count for count, _ in found.values()),
            done=found.get("done", (0, 0))[0],
            failed=found.get("failed", (0, 0))[0],
            audio_s=found.get("done", (0, 0))[1] / 1000,
        )

    def failure_codes(self) -> dict[str, int]:
        """How many failed, by code, the most frequent first."""
        return dict(
            self._database.query(
                "SELECT ifnull(code, ''), count(*) FROM items WHERE state = 'failed' "
                "GROUP BY code ORDER BY count(*) DESC, code"
            )
        )

    def channel_codes(self) -> dict[str, int]:
        """How many channels of what is done have no result, by code, the most frequent first."""
        return self._tally(
            "SELECT json_extract(failed.value, '$.code') AS code "
            "FROM items, json_each(items.documents, '$.failures') AS failed"
        )

    def warning_codes(self) -> dict[str, int]:
        """How many results have a warning, by code, the most frequent first."""
        return self._tally(
            "SELECT warning.value AS code FROM items, "
            "json_each(items.documents, '$.list') AS document, "
            "json_each(document.value, '$.quality.warnings') AS warning"
        )

    def _tally(self, codes: str) -> dict[str, int]:
        done = f"{codes} WHERE items.state = 'done'"
        return dict(
            self._database.query(
                f"SELECT code, count(*) FROM ({done}) GROUP BY code ORDER BY count(*) DESC, code"
            )
        )

    def _items(self, where: str, given: list[Any]) -> Iterator[Item]:
        after = -1
        while page := self._database.query(
            f"SELECT {_ITEM_COLUMNS} FROM items WHERE {where} AND position > ? "
            f"ORDER BY position LIMIT {_PAGE}",
            [*given, after],
        ):
            yield from self._database.parsed(_item, page)
            after = page[-1][0]

    def _rows(self, where: str, given: list[Any], *, limit: int) -> list[LedgerRow]:
        found = self._database.query(
            f"SELECT {_ROW_COLUMNS} FROM items WHERE {where} ORDER BY position LIMIT {limit}",
            given,
        )
        return self._database.parsed(_row, found)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Makes the folder of a batch where it is missing, and keeps other processes from it.

    Raises:
        BatchInProgress: another batch works in it.
        StorageError: it cannot be made.
    """
    with locked(folder / ".ledger.lock", BatchInProgress(path=str(folder))):
        yield


def _filled(mark: Mapping[str, Any]) -> dict[str, Any]:
    """With the options that an older version did not have, as they were then: at their defaults."""
    if "options" not in mark:
        return {**mark}
    return {**mark, "options": {**RecordingOptions().to_document(), **mark["options"]}}


def _row(row: tuple[Any, ...]) -> LedgerRow:
    item = _item(row)
    state, code, message, documents = row[9:]
    failure = Failure(item.name, code, message) if state == "failed" else None
    results = {} if documents is None else json.loads(documents)
    failed = tuple(ChannelFailure(**entry) for entry in results.get("failures", ()))
    return LedgerRow(item, tuple(results.get("list", ())), failure, failed)


def _item(row: tuple[Any, ...]) -> Item:
    texts = (None if text is None else os.fsdecode(text) for text in row[1:6])
    name, path, member, key, listed = texts
    assert name is not None
    assert path is not None
    return Item(row[0], name, path, member, key, listed, *row[6:9])


def _blob(text: str | None) -> bytes | None:
    """Names of files need not be UTF-8."""
    return None if text is None else os.fsencode(text)
