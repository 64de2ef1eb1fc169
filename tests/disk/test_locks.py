"""One way to hold a lock, with the caller's own error."""

import os
import threading
from pathlib import Path

import pytest

from voxcor.disk.locks import locked
from voxcor.errors import BatchInProgress, StorageError


def test_who_comes_second_is_told_or_waits(tmp_path: Path) -> None:
    path = tmp_path / "there" / "lock"
    order = []

    def wait() -> None:
        with locked(path):
            order.append("second")

    with locked(path):
        with pytest.raises(BatchInProgress), locked(path, BatchInProgress(path="here")):
            pass
        second = threading.Thread(target=wait)
        second.start()
        order.append("first")
    second.join()
    assert order == ["first", "second"]
    with locked(path, BatchInProgress(path="here")):
        pass


def test_a_place_without_room_for_a_lock_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"), locked(tmp_path / "file" / "lock"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_a_folder_made_for_a_lock_is_private_where_asked(tmp_path: Path) -> None:
    with locked(tmp_path / "there" / "lock", private=True):
        assert (tmp_path / "there").stat().st_mode & 0o777 == 0o700
