"""What leaves the library: a recording, and all that was made of it.

That is its segments with their vectors, of every model, and what it has told of people who were
enrolled by it. The recording itself, a result folder and what a batch or a server keeps are not the
library's: whoever made them has them, and deletes them where they lie.
"""

from dataclasses import dataclass
from pathlib import Path

from voxcor.errors import NotInLibrary
from voxcor.library.filters import equals, of_recording
from voxcor.library.incoming import sha256_of
from voxcor.library.listening import forget_decoded
from voxcor.library.segments import ID_DIGITS
from voxcor.library.store import Library
from voxcor.people.book import People
from voxcor.sources import is_file

_SHORTEST_ID = 8


@dataclass(frozen=True, slots=True)
class Removed:
    """How many segments are gone, and of whose ordinary voice less is known now, or nothing."""

    segments: int
    people: tuple[str, ...]


def remove(library: Library, name: str, *, paths: bool = True) -> Removed:
    """Deletes a recording for good, with its vectors, of all models and channels.

    Args:
        library: where.
        name: its name there, or the beginning of that from eight digits on; or its path, that of a
            copy, or where it lies now.
        paths: whether it may be a path.

    Raises:
        NotInLibrary: there is none.
        InputUnreadable: what may be a copy cannot be read.
        StorageError: the disk.
    """
    path = str(Path(name).resolve()) if paths else None
    conditions = [] if path is None else [equals("path", path)]
    names = [name] if len(name) >= _SHORTEST_ID else []
    if path is not None and is_file(path) and not library.recordings(*conditions):
        names.append(sha256_of(Path(path))[:ID_DIGITS])
    conditions += map(of_recording, names)
    where = f"({' OR '.join(conditions)})" if conditions else "FALSE"
    names += library.recordings(where)
    # People first: whatever ends this in between, the same call finds the rest.
    people = People(library.folder.parent).forget_recording(names, path)
    forget_decoded()
    count = library.remove(where)
    if not count and not people:
        raise NotInLibrary(name=name)
    return Removed(count, tuple(people))
