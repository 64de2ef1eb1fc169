"""Installed models: how they are found, get in whole, and leave."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dying import needs_dev_full
from installed import fill, install
from voxcor.disk.faults import require_space, storage_errors
from voxcor.disk.whole import replacing
from voxcor.errors import (
    DiskFull,
    ModelCorrupt,
    ModelNotInstalled,
    ModelRenamed,
    PullInProgress,
    StorageDenied,
    StorageError,
    UnknownModel,
    UsageError,
)
from voxcor.models.cards import CARD_FILE
from voxcor.models.pull import pull
from voxcor.models.store import downloads_of, find_model, folder_of, installed, locked, remove


def test_auto_falls_back_to_small_and_says_so() -> None:
    assert installed() == ("small",)
    found = find_model("auto")
    assert (found.card.id, found.fallback) == ("small", True)
    assert found.graph.is_file()


@pytest.mark.parametrize("door", [find_model, remove, pull])
def test_who_asks_for_what_was_there_before_is_told_the_new_name(
    door: Callable[[str], object],
) -> None:
    with pytest.raises(ModelRenamed, match=r"no tiny any more.*is small"):
        door("tiny")


def test_small_asked_for_by_name_is_no_fallback() -> None:
    assert not find_model("small").fallback


def test_auto_takes_the_best_one_installed() -> None:
    for model in ("base", "base-finetuned", "plus-seed", "plus-base", "plus-large"):
        install(model)
        found = find_model("auto")
        assert found.card.id == ("small" if model == "base" else model)
        assert found.fallback == (model == "base")
    assert installed()[0] == "plus-large"
    assert installed()[-1] == "small"


def test_a_published_model_that_is_not_here_names_the_command_that_gets_it() -> None:
    with pytest.raises(ModelNotInstalled, match="voxcor models pull plus-base"):
        find_model("plus-base")


def test_a_folder_is_a_model_wherever_it_lies(tmp_path: Path) -> None:
    fill(tmp_path / "mine", "mine")
    assert find_model(str(tmp_path / "mine")).path == tmp_path / "mine"


@pytest.mark.parametrize("name", ["emotion2vec", "", ".", "/", "../models", "plus-large/"])
def test_other_names_are_unknown_and_the_known_ones_are_named(name: str) -> None:
    install("my-own")
    with pytest.raises(UnknownModel, match=r"plus-large.*my-own"):
        find_model(name)


def test_a_model_with_a_file_missing_or_cut_is_damaged() -> None:
    folder = install("plus-seed")
    (folder / "model.onnx").write_bytes(b"gra")
    with pytest.raises(ModelCorrupt, match=r"model\.onnx: 3 bytes, not 5"):
        find_model("plus-seed")
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelCorrupt, match=r"model\.onnx is missing"):
        find_model("auto")


def test_a_staged_model_appears_whole_and_replaces_the_old_one() -> None:
    install("plus-seed", b"old")
    with locked("plus-seed"), replacing(folder_of("plus-seed")) as folder:
        fill(folder, "plus-seed", b"newer")
        assert find_model("plus-seed").graph.read_bytes() == b"old"
    assert find_model("plus-seed").graph.read_bytes() == b"newer"
    assert sorted(path.name for path in folder.parent.iterdir() if path.is_dir()) == ["plus-seed"]


def test_a_failure_while_staging_leaves_the_old_model() -> None:
    old = install("plus-seed", b"old")

    def stage_and_fail() -> None:
        with locked("plus-seed"), replacing(folder_of("plus-seed")) as folder:
            fill(folder, "plus-seed", b"newer")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stage_and_fail()
    assert find_model("plus-seed").graph.read_bytes() == b"old"
    assert [path for path in old.parent.iterdir() if path.is_dir()] == [old]


def test_a_process_killed_while_staging_leaves_nothing_that_counts() -> None:
    program = """
import os, signal
from installed import fill
from voxcor.models.store import folder_of, locked
from voxcor.disk.whole import replacing
with locked("plus-seed"), replacing(folder_of("plus-seed")) as folder:
    fill(folder, "plus-seed")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", program], check=False, env=environment)
    assert killed.returncode == -signal.SIGKILL
    models = folder_of("plus-seed").parent
    stale = [path for path in models.iterdir() if (path / CARD_FILE).is_file()]
    assert len(stale) == 1
    assert installed() == ("small",)

    with locked("plus-seed"), replacing(folder_of("plus-seed")) as folder:
        fill(folder, "plus-seed")
    assert installed() == ("plus-seed", "small")
    assert not stale[0].exists()


def test_what_a_killed_process_left_can_be_removed() -> None:
    left = folder_of("plus-seed").with_name(".plus-seed.building-x")
    fill(left, "plus-seed")
    other = folder_of("plus-seed").with_name(".plus-base.building-x")
    fill(other, "plus-base")
    size = sum(path.stat().st_size for path in left.iterdir())
    assert remove("plus-seed") == size
    assert not left.exists()
    assert other.exists()


def test_a_folder_without_a_card_can_be_removed() -> None:
    folder = install("plus-seed")
    (folder / CARD_FILE).unlink()
    assert remove("plus-seed") == len(b"graph")
    assert not folder.exists()


def test_only_one_holds_the_lock_of_a_model() -> None:
    with locked("plus-seed"):
        with pytest.raises(PullInProgress, match="plus-seed"), locked("plus-seed"):
            pass
        with pytest.raises(PullInProgress), locked("plus-seed"):
            pass
        with locked("plus-base"):
            pass
    with locked("plus-seed"):
        pass


def test_threads_lock_each_other_out_as_well() -> None:
    outcome: list[BaseException | None] = []

    def attempt() -> None:
        try:
            with locked("plus-seed"):
                outcome.append(None)
        except PullInProgress as error:
            outcome.append(error)

    with locked("plus-seed"):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert isinstance(outcome[0], PullInProgress)


def test_a_removed_model_is_gone_with_its_download() -> None:
    folder = install("plus-seed")
    downloads_of("plus-seed").mkdir(parents=True)
    (downloads_of("plus-seed") / "model.pt.incomplete").write_bytes(b"half")
    size = sum(path.stat().st_size for path in folder.iterdir()) + 4
    assert remove("plus-seed") == size
    assert installed() == ("small",)
    assert not folder.exists()
    assert not downloads_of("plus-seed").exists()


def test_an_interrupted_download_can_be_removed_alone() -> None:
    downloads_of("plus-seed").mkdir(parents=True)
    assert remove("plus-seed") == 0
    assert not downloads_of("plus-seed").exists()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("small", UsageError),
        ("plus-large", ModelNotInstalled),
        ("../models", UnknownModel),
        ("", UnknownModel),
        (".", UnknownModel),
    ],
)
def test_what_is_not_installed_cannot_be_removed(name: str, error: type[Exception]) -> None:
    kept = install("plus-seed")
    downloads_of("plus-seed").mkdir(parents=True)
    with pytest.raises(error):
        remove(name)
    assert kept.is_dir()


def test_a_model_that_is_being_pulled_is_not_removed() -> None:
    folder = install("plus-seed")
    with locked("plus-seed"), pytest.raises(PullInProgress):
        remove("plus-seed")
    assert folder.is_dir()


@needs_dev_full
def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match=f"{tmp_path}.* 3 MB"), storage_errors(tmp_path, 2_000_001):
        Path("/dev/full").write_bytes(b"0" * 9000)


def test_space_is_looked_for_before_work_begins(tmp_path: Path) -> None:
    require_space(tmp_path, 0)
    with pytest.raises(DiskFull):
        require_space(tmp_path, 1 << 60)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="this system has no users to change to")
def test_a_place_that_may_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import filelock

    assert filelock  # imported before its files are out of reach
    (tmp_path / "others").mkdir(mode=0o555)
    monkeypatch.setenv("VOXCOR_HOME", str(tmp_path / "others"))
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)  # root may write anywhere, nobody may not
        with pytest.raises(StorageDenied, match=r"others/models.*Permission"), locked("plus-seed"):
            pass
    finally:
        os.seteuid(user)


def test_what_else_the_disk_refuses_is_an_error_of_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("VOXCOR_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="file/models: Not a directory"), locked("plus-seed"):
        pass
