"""What leaves the library: a recording, and all that was made of it."""

from pathlib import Path

from voxcor.errors import NotInLibrary
from voxcor.library.store import Library, equals, of_recording

_SHORTEST_ID = 8


def remove(library: Library, name: str, *, paths: bool = True) -> int:
    """Deletes a recording for good, with its vectors, of all models and channels.

    Args:
        library: where.
        name: its name there, or the beginning of that from eight digits on; or its path.
        paths: whether it may be a path.

    Returns:
        how many segments it had.

    Raises:
        NotInLibrary: there is none.
        StorageError: the disk.
    """
    conditions = [equals("path", str(Path(name).resolve()))] if paths else []
    if len(name) >= _SHORTEST_ID:
        conditions.append(of_recording(name))
    count = library.remove(f"({' OR '.join(conditions)})") if conditions else 0
    if not count:
        raise NotInLibrary(name=name)
    return count
