"""The SQLite file of a batch's ledger: its tables, its transactions, its errors as ours."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import drafting, sync
from voxcor.errors import BatchInProgress, DiskFull, LedgerCorrupt, StorageError

LEDGER_FILE = "ledger.sqlite"

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS mark (text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    position INTEGER PRIMARY KEY,
    name BLOB NOT NULL,
    path BLOB NOT NULL,
    member BLOB,
    key BLOB,
    listed BLOB,
    start_ms INTEGER,
    end_ms INTEGER,
    channel INTEGER,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    sequence INTEGER,
    sha256 TEXT,
    duration_ms INTEGER,
    code TEXT,
    message TEXT,
    documents TEXT
);
CREATE TABLE IF NOT EXISTS taken (
    position INTEGER PRIMARY KEY,
    inside INTEGER NOT NULL,
    deaths INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS items_which ON items (
    path, ifnull(member, ''), ifnull(key, ''), ifnull(start_ms, -1), ifnull(end_ms, -1),
    ifnull(channel, -1)
);
CREATE INDEX IF NOT EXISTS items_state ON items (state, position, duration_ms);
CREATE UNIQUE INDEX IF NOT EXISTS items_sequence ON items (sequence)
    WHERE sequence IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_sha256 ON items (sha256) WHERE state = 'done';
"""

# By which older versions told items apart.
_OLD_INDEXES = ("items_place", "items_part")

# What a ledger needs at the least, for the sentence about a full disk.
_SOME_BYTES = 1_000_000


class Database:
    """The tables in a batch's folder, through one connection; safe to share among threads.

    Raises:
        LedgerCorrupt: the file is none, or is damaged.
        StorageError: the disk.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        path = folder / LEDGER_FILE
        with _errors(folder):
            if not path.exists():
                with storage_errors(folder, _SOME_BYTES):
                    _make(path)
            self._connection = _connect(path)
            self._connection.execute("PRAGMA synchronous = NORMAL")
            _renew(self._connection)

    def close(self) -> None:
        self._connection.close()

    def query(self, statement: str, given: Iterable[Any] = ()) -> list[Any]:
        """What a statement gives."""
        with self._lock, _errors(self.folder):
            return self._connection.execute(statement, tuple(given)).fetchall()

    def parsed(self, parse: Callable[[tuple[Any, ...]], T], rows: list[Any]) -> list[T]:
        """The rows as `parse` reads them; what it cannot read is damage."""
        try:
            return [parse(row) for row in rows]
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise LedgerCorrupt(path=str(self.folder / LEDGER_FILE), reason=reason) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done in the block, or nothing of it."""
        with self._lock, _errors(self.folder):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def make_tables(connection: sqlite3.Connection) -> None:
    """Those that are missing: a ledger may be of an older version."""
    for statement in filter(str.strip, _SCHEMA.split(";")):
        connection.execute(statement)


def _make(path: Path) -> None:
    """An empty ledger, whole from its first moment.

    Write-ahead logging stays with the file, but cannot be turned on while another connection reads:
    SQLite then answers that it is locked, without waiting.
    """
    # Not `replacing_file`: on closing a file of its own it would drop SQLite's locks on it.
    with drafting(path) as folder:
        draft = folder / path.name
        with closing(_connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        sync(draft)
        draft.replace(path)
        sync(path.parent)


def _renew(connection: sqlite3.Connection) -> None:
    """Gives the items of an older version the columns that it did not have."""
    if not _missing(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    for column in _missing(connection):
        connection.execute(f"ALTER TABLE items ADD COLUMN {column}")
    for index in _OLD_INDEXES:
        connection.execute(f"DROP INDEX IF EXISTS {index}")
    make_tables(connection)
    connection.execute("COMMIT")


def _missing(connection: sqlite3.Connection) -> list[str]:
    known = {row[1] for row in connection.execute("PRAGMA table_info(items)")}
    numbers = dict.fromkeys(("start_ms", "end_ms", "channel"), "INTEGER")
    wanted = {"listed": "BLOB", **numbers}
    return [f"{name} {kind}" for name, kind in wanted.items() if known and name not in known]


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)


@contextmanager
def _errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_IOERR_SHORT_READ":  # shorter than it says
            raise LedgerCorrupt(path=str(folder / LEDGER_FILE), reason=str(error)) from error
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise BatchInProgress(path=str(folder)) from error
        if name == "SQLITE_FULL":
            raise DiskFull(path=str(folder), needed_mb=1) from error
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR")):
            raise StorageError(path=str(folder), reason=str(error)) from error
        raise LedgerCorrupt(path=str(folder / LEDGER_FILE), reason=str(error)) from error
    # A length in it that no memory holds.
    except (sqlite3.DatabaseError, MemoryError) as error:
        raise LedgerCorrupt(path=str(folder / LEDGER_FILE), reason=str(error)) from error
