"""What a process died of: the items that it worked on, and the list of them while it was read.

What is begun is written down before it is: what is still `inside` at the next start was being
worked on when the process died. Such items then go first and one by one, so that the second death
tells whose it is, and what the process died of twice, alone, has failed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from voxcor.batch.database import Database, make_tables
from voxcor.batch.items import Item
from voxcor.errors import KilledTwice

# Deaths of a process that worked on one item and nothing else, until that item has failed.
_MOST_DEATHS = 2

# In the place of an item: the list of recordings, while it is read.
SOURCE = -1

# Positions of the items during which a process has died, or works.
SUSPECTS = "SELECT position FROM taken"


class Deaths:
    """What is written down of them in a ledger's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recover(self) -> None:
        """Counts what the last process died of; first of all in a folder that is claimed."""
        with self._database.transaction() as connection:
            make_tables(connection)
            (inside,) = connection.execute("SELECT count(*) FROM taken WHERE inside").fetchone()
            # Of several it is not known whose death it was.
            connection.execute(
                "UPDATE taken SET deaths = deaths + ?, inside = 0 WHERE inside", [inside == 1]
            )

    def of_too_many(self) -> list[tuple[int, bytes]]:
        """Positions and names of the items that processes have died of too often."""
        return self._database.query(
            "SELECT position, name FROM items WHERE position IN "
            f"(SELECT position FROM taken WHERE deaths >= {_MOST_DEATHS})"
        )

    @contextmanager
    def reading(self, source: str) -> Iterator[None]:
        """Around the reading of the source, which may kill the process as an item may.

        Raises:
            KilledTwice: it has.
        """
        found = self._database.query("SELECT deaths FROM taken WHERE position = ?", [SOURCE])
        if found and found[0][0] >= _MOST_DEATHS:
            self._leave(SOURCE, forgotten=True)
            raise KilledTwice(name=source)
        self._take(SOURCE)
        try:
            yield
        finally:
            self._leave(SOURCE, forgotten=True)

    def take(self, item: Item) -> None:
        """Writes down that an item is worked on, before it is."""
        self._take(item.position)

    def leave(self, item: Item) -> None:
        """An item was given up without an outcome, and the process lives."""
        self._leave(item.position)

    def _take(self, position: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO taken (position, inside) VALUES (?, 1) "
                "ON CONFLICT (position) DO UPDATE SET inside = 1",
                [position],
            )

    def _leave(self, position: int, *, forgotten: bool = False) -> None:
        with self._database.transaction() as connection:
            connection.execute("UPDATE taken SET inside = 0 WHERE position = ?", [position])
            kept = "" if forgotten else "AND deaths = 0"
            connection.execute(f"DELETE FROM taken WHERE position = ? {kept}", [position])
