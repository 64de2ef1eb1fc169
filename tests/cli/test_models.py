"""`voxcor models` as a person or a program runs it: streams, exit status, both languages."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from rich.cells import cell_len

from checkpoints import write_checkpoint
from command import voxcor
from hub_servers import FakeHub, serve
from voxcor.models.cards import OFFICIAL
from voxcor.models.encoders import encoder_folder
from voxcor.models.store import downloads_of, folder_of, installed


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "model.pt"
    write_checkpoint(path)
    return path


@pytest.fixture
def hub(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve(FakeHub({"model.pt": checkpoint.read_bytes()}), monkeypatch) as running:
        yield running


def test_all_models_are_listed_and_what_is_here() -> None:
    status, out, err = voxcor("models", "list", COLUMNS="80")
    assert status == 0
    assert err.startswith("To begin with, on a CPU: voxcor models pull plus-base.")
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["MODEL", "STATE", "SIZE", "PRECISION", "LABELS", "WEIGHTS"]
    assert [row[0] for row in rows[1:]] == [*OFFICIAL, "small"]
    assert rows[1] == ["plus-large", "-", "download", "1.9", "GB", "-", "9", "-"]
    assert rows[-1][1] == "installed"
    assert rows[-1][-1] == "official"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_list_fits_an_old_terminal(checkpoint: Path, language: str) -> None:
    voxcor("models", "pull", "base-finetuned", "--from", checkpoint)
    _, out, _ = voxcor("models", "list", COLUMNS="80", VOXCOR_LANGUAGE=language)
    assert "…" not in out
    assert all(cell_len(line) <= 80 for line in out.splitlines())
    assert {"en": "unofficial", "zh": "非官方"}[language] in out


def test_the_list_is_one_json_line_per_model(checkpoint: Path) -> None:
    voxcor("models", "pull", "plus-base", "--from", checkpoint)
    status, out, err = voxcor("models", "list", "--json")
    assert (status, err) == (0, "")
    rows = {row["id"]: row for row in map(json.loads, out.splitlines())}
    assert list(rows) == [*OFFICIAL, "small"]
    here = rows["plus-base"]
    assert (here["installed"], here["official"], here["precision"]) == (True, False, "fp32")
    assert here["sha256"] == sha256(checkpoint.read_bytes()).hexdigest()
    weights = folder_of("plus-base") / "model.onnx.data"
    assert here["bytes"] > weights.stat().st_size
    assert rows["plus-large"]["installed"] is False
    assert rows["plus-large"]["download_bytes"] == OFFICIAL["plus-large"].download_bytes
    assert rows["base"]["labels"] == []
    assert {frozenset(row) for row in rows.values()} == {frozenset(here)}


def test_a_damaged_model_is_listed_as_damaged() -> None:
    folder_of("plus-base").mkdir(parents=True)
    (folder_of("plus-base") / "card.json").write_text("{")
    status, out, err = voxcor("models", "list")
    assert status == 0
    assert out.splitlines()[2].split()[:2] == ["plus-base", "damaged"]
    assert err.startswith("voxcor: Model plus-base is damaged")
    row = json.loads(voxcor("models", "list", "--json")[1].splitlines()[1])
    assert row["problem"] in err


@pytest.mark.parametrize("hub_id", ["huggingface", "modelscope"])
def test_a_pull_into_a_pipe_says_what_it_installed_and_draws_no_bar(
    hub: FakeHub, hub_id: str
) -> None:
    status, out, err = voxcor("models", "pull", "plus-seed", "--hub", hub_id)
    assert status == 0
    assert out == f"Installed emotion2vec+ seed: {folder_of('plus-seed')}\n"
    assert err.splitlines() == [
        "  weights: not checked: may still have the five labels of the first release",
        f"  source: {OFFICIAL['plus-seed'].repositories[hub_id].name}",  # type: ignore[index]
        f"  sha256: {hub.sha256('model.pt')}",
        f"  licence: {OFFICIAL['plus-seed'].licence}",
    ]


@pytest.mark.parametrize(
    ("language", "cell", "words"),
    [
        ("en", "not checked", "plus-seed: not checked: may still have the five labels"),
        ("zh", "未核对", "plus-seed：未经核对：可能仍是首次发布时的五类标签"),
    ],
)
def test_weights_that_nobody_can_check_are_listed_as_such(
    hub: FakeHub, language: str, cell: str, words: str
) -> None:
    """A mirror's own announcement made them official."""
    assert voxcor("models", "pull", "plus-seed", "--hub", "modelscope")[0] == 0
    _, out, err = voxcor("models", "list", VOXCOR_LANGUAGE=language)
    assert any(line.startswith("plus-seed") and cell in line for line in out.splitlines())
    assert words in err


def test_unofficial_weights_are_said_to_be_unofficial(checkpoint: Path) -> None:
    _, _, err = voxcor("models", "pull", "plus-large", "--from", checkpoint)
    assert "unofficial, and every result will say so" in err
    _, _, err = voxcor("models", "pull", "plus-large", "--from", checkpoint, VOXCOR_LANGUAGE="zh")
    assert "非官方，所有结果都会注明" in err


def test_a_pull_on_a_terminal_draws_a_bar_for_each_stage(hub: FakeHub) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "voxcor", "models", "pull", "plus-seed"],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:
        pass  # how Linux says that the other end of a terminal is closed
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert text.index("Downloading plus-seed") < text.index("Converting plus-seed")
    assert "100%" in text


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("pull", "small"), 2, "usage"),
        (("pull", "plus-huge"), 1, "unknown_model"),
        (("pull", "plus-large", "--from", "nowhere.pt"), 1, "input_not_found"),
        (("pull", "plus-large", "--from", __file__), 1, "checkpoint_invalid"),
        (("pull", "base-finetuned", "--hub", "huggingface"), 2, "usage"),
        (("verify", "plus-large"), 1, "model_not_installed"),
        (("verify", "small", "--clip", __file__), 2, "usage"),
        (("remove", "small"), 2, "usage"),
        (("remove", "plus-large"), 1, "model_not_installed"),
    ],
)
def test_what_goes_wrong_is_one_line_on_stderr(
    arguments: tuple[str, ...], status: int, code: str
) -> None:
    found, out, err = voxcor("models", *arguments)
    assert (found, out) == (status, "")
    assert err.startswith("voxcor: ")
    assert err.endswith(f"({code})\n")
    assert err.count("\n") == 1


def test_what_goes_wrong_is_said_in_chinese() -> None:
    _, _, err = voxcor("models", "remove", "small", VOXCOR_LANGUAGE="zh")
    assert err == "voxcor: small 是 Voxcor 自带的模型，不能删除。 (usage)\n"


def test_another_hub_is_wrong_usage() -> None:
    status, out, err = voxcor("models", "pull", "plus-large", "--hub", "elsewhere")
    assert (status, out) == (2, "")
    assert "elsewhere" in err


def test_small_verifies() -> None:
    status, out, err = voxcor("models", "verify", "small")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "small: files as installed: model.onnx, model.onnx.data",
        "small: runs, 49 frames",
        "small: scores not compared: nobody has published scores for this model",
    ]
    assert "可以运行，49 帧" in voxcor("models", "verify", VOXCOR_LANGUAGE="zh")[1]


def test_a_damaged_file_fails_to_verify(checkpoint: Path) -> None:
    voxcor("models", "pull", "plus-base", "--from", checkpoint)
    (folder_of("plus-base") / "model.onnx").write_bytes(b"cut off")
    status, out, err = voxcor("models", "verify")
    assert (status, out) == (1, "")
    assert "model_corrupt" in err


def test_a_removed_model_is_gone(checkpoint: Path) -> None:
    voxcor("models", "pull", "plus-base", "--from", checkpoint)
    downloads_of("plus-base").mkdir(parents=True)
    status, out, err = voxcor("models", "remove", "plus-base")
    assert (status, err) == (0, "")
    assert out == f"Removed plus-base ({folder_of('plus-base')}), 17.7 MB freed\n"
    assert installed() == ("small",)
    assert not downloads_of("plus-base").exists()


def test_an_encoder_of_words_is_pulled_listed_apart_and_removed(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers", reason="the library extra is not installed")
    from encoder_files import ENCODER, encoder_files

    for name, content in encoder_files().items():
        (tmp_path / name).write_bytes(content)
    folder = encoder_folder(ENCODER.id)
    _, before, err = voxcor("models", "list")
    assert f"For words in the library: {ENCODER.id} (download 220.0 MB)\n" in err
    status, out, err = voxcor("models", "pull", ENCODER.id, "--from", tmp_path)
    assert (status, out) == (0, f"Installed {ENCODER.id}: {folder}\n")
    assert err.splitlines() == [
        "  for: words in voxcor library search",
        "  weights: not checked",
        f"  source: {ENCODER.graph}",
        "  licence: Apache-2.0",
    ]
    _, after, err = voxcor("models", "list", VOXCOR_LANGUAGE="zh")
    assert len(after.splitlines()) == len(before.splitlines())
    assert f"声音库的文字检索可用：{ENCODER.id}（已安装，2.8 MB）\n" in err
    status, _, err = voxcor("models", "pull", ENCODER.id, "--precision", "int8")
    assert (status, "--precision" in err) == (2, True)
    assert voxcor("recognize", "--example", "--model", ENCODER.id)[0] != 0
    status, out, err = voxcor("models", "remove", ENCODER.id)
    assert (status, err) == (0, "")
    assert out == f"Removed {ENCODER.id} ({folder}), 2.8 MB freed\n"
    assert voxcor("models", "remove", ENCODER.id)[0] == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("List all models", "Download and install")), ("zh", ("列出全部模型", "下载并安装"))],
)
def test_help_speaks_both_languages(language: str, words: tuple[str, ...]) -> None:
    status, out, _ = voxcor("models", "--help", VOXCOR_LANGUAGE=language)
    assert status == 0
    assert all(word in out for word in words)
    assert "..." not in re.split("Commands:|命令：", out)[-1]


@pytest.mark.parametrize("width", ["60", "80"])
def test_the_list_of_models_is_a_line_each_on_any_terminal(width: str) -> None:
    _, everything, _ = voxcor("models", "list", "--json")
    _, out, _ = voxcor("models", "list", COLUMNS=width)
    lines = out.splitlines()
    assert len(lines) == 1 + len(everything.splitlines())
    assert max(map(len, lines)) <= int(width)
    assert "…" not in out
    assert all(re.search(r"\d [GM]B", line) for line in lines[1:])
