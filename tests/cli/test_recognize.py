"""The command as a person or a program runs it: streams, exit status, every kind of input."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from jsonschema import Draft202012Validator

from audio_flaws import muxed
from command import voxcor
from places import VOICE
from schema import SCHEMA
from voxcor import Recognizer, Result, __version__


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def documents(stdout: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in stdout.splitlines()]
    for document in found:
        Draft202012Validator(SCHEMA).validate(document)
    return found


def test_a_recording_is_shown_and_saved(tmp_path: Path) -> None:
    status, out, err = voxcor("recognize", VOICE, "--out", tmp_path / "outputs", "--embedding")
    assert status == 0
    assert "Confidence: " in out.splitlines()[0]
    assert "voxcor models pull plus-base" in err  # the notice is no data
    (folder,) = (tmp_path / "outputs").iterdir()
    assert f" Saved    {folder}/" in out.splitlines()
    assert {path.name for path in folder.iterdir()} == {
        *("processed_audio.wav", "result.json", "embedding.npy", "embedding.json"),
    }
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert document["emotion"] == Recognizer("small").recognize(VOICE).emotion
    assert np.load(folder / "embedding.npy").ndim == 1


def test_frames_go_to_a_table(tmp_path: Path) -> None:
    voxcor("recognize", VOICE, "--granularity", "frame", "--out", tmp_path)
    (table,) = tmp_path.glob("*/frames.csv")
    lines = table.read_text().splitlines()
    names = "angry,disgusted,fearful,happy,neutral,other,sad,surprised,unknown"
    assert lines[0] == f"time_ms,{names},arousal,valence"
    steps = np.diff(np.loadtxt(lines[1:], delimiter=",")[:, 0])
    assert set(steps) == {20}


def test_json_is_one_line_per_input_failures_too(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not audio")
    paths = [VOICE, tmp_path / "notes.txt", tmp_path / "gone.wav", VOICE]
    status, out, _ = voxcor("recognize", *paths, "--json", "--no-save")
    found = documents(out)
    assert status == 1
    assert [d["path"] for d in found] == [str(path) for path in paths]
    assert [d.get("code") for d in found] == [None, "not_audio", "input_not_found", None]
    assert not (tmp_path / "outputs").exists()


def test_json_says_where_it_saved(tmp_path: Path) -> None:
    _, out, _ = voxcor("recognize", VOICE, "--json", "--out", tmp_path)
    (document,) = documents(out)
    saved = json.loads(Path(document["saved"], "result.json").read_text(encoding="utf-8"))
    assert {k: v for k, v in document.items() if k not in ("path", "saved")} == saved


def test_standard_input_is_a_recording() -> None:
    status, out, _ = voxcor("recognize", "-", "--json", "--no-save", stdin=VOICE.read_bytes())
    (document,) = documents(out)
    assert status == 0
    assert (document["path"], document["audio"]["name"]) == ("-", "<stdin>")


def test_failures_are_said_and_the_others_get_their_results(tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(32_000), 16_000)
    status, out, err = voxcor("recognize", silence, VOICE, "--no-save")
    assert status == 1
    assert f"{silence}: no speech" in err
    assert "(no_speech)" in err
    assert out.count("Confidence: ") == 1


def test_many_inputs_have_a_line_each(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.flac").write_bytes(VOICE.read_bytes())
    status, out, _ = voxcor("recognize", tmp_path, "--no-save")
    assert status == 0
    assert [line.rsplit("/", 1)[-1] for line in out.splitlines()] == [
        f"{number}.flac" for number in range(6)
    ]


def test_the_legs_of_a_call_are_heard_apart(tmp_path: Path) -> None:
    voice, rate = soundfile.read(VOICE)
    call = tmp_path / "call.wav"
    soundfile.write(call, np.stack([voice, np.roll(voice, 8000)], axis=1), rate)
    _, out, _ = voxcor("recognize", call, "--channels", "separate", "--json", "--no-save")
    assert [d["audio"]["channel"] for d in documents(out)] == [0, 1]


def test_what_is_heard_of_a_file_can_be_chosen(tmp_path: Path) -> None:
    samples, rate = soundfile.read(VOICE, dtype="float32")
    film = tmp_path / "film.mkv"
    film.write_bytes(muxed("mkv", np.zeros_like(samples)[:, None], samples[:, None], rate=rate))

    def heard(*arguments: object) -> dict[str, Any]:
        return documents(voxcor("recognize", *arguments, "--json", "--no-save")[1])[0]

    assert heard(film)["quality"]["warnings"] == ["several_tracks"]
    assert heard(film, "--track", "1")["code"] == "no_speech"
    assert "no_speech" in heard(film, "--track", "1", "--any-sound")["quality"]["warnings"]
    assert heard(film, "--track", "3")["code"] == "no_such_track"

    telephone = tmp_path / "call.ulaw"
    soundfile.write(telephone, samples[::2], 8000, format="RAW", subtype="ULAW")
    assert heard(telephone)["code"] == "not_audio"
    assert heard(telephone, "--raw", "ulaw@8000")["audio"]["sample_rate"] == 8000

    cut = tmp_path / "cut.flac"
    cut.write_bytes(VOICE.read_bytes()[:-20_000])
    assert "truncated" in heard(cut)["quality"]["warnings"]
    assert heard(cut, "--strict")["code"] == "audio_truncated"


def test_chinese_is_equal(tmp_path: Path) -> None:
    _, out, err = voxcor("recognize", VOICE, tmp_path / "无.wav", "--no-save", VOXCOR_LANGUAGE="zh")
    assert "置信度: " in out
    assert "文件或文件夹不存在" in err
    status, out, _ = voxcor("recognize", "--help", VOXCOR_LANGUAGE="zh")
    assert status == 0
    assert "识别录音中的情感" in out


def test_a_locale_without_unicode_shows_the_same() -> None:
    _, out, _ = voxcor("recognize", VOICE, "--no-save", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert "(" in out.splitlines()[0]
    assert any(mark in out for mark in "😠🤢😨😊😐🤔😢😲❓")


@pytest.mark.parametrize(
    "arguments",
    [
        ["recognize"],
        ["recognize", "x.wav", "--granularity", "word"],
        ["recognize", str(VOICE), "--labels", "joyful", "--no-save"],
        ["recognise"],
        ["recognize", "x.wav", "--threads", "4"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    status, out, err = voxcor(*arguments)
    assert (status, out) == (2, "")
    assert err
    assert "Traceback" not in err


def test_a_model_that_is_not_there_exits_with_1() -> None:
    status, out, err = voxcor("recognize", VOICE, "--model", "plus-large")
    assert (status, out) == (1, "")
    assert "voxcor models pull plus-large" in err


def test_the_environment_chooses_the_model() -> None:
    status, _, err = voxcor("recognize", VOICE, VOXCOR_MODEL="plus-base")
    assert status == 1
    assert "plus-base" in err


def test_an_output_folder_that_cannot_be_written_still_shows_the_result(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file")
    status, out, err = voxcor("recognize", VOICE, "--out", tmp_path / "outputs", "--json")
    assert status == 1
    assert "saved" not in documents(out)[0]
    assert "storage_denied" in err


def test_the_version() -> None:
    assert voxcor("--version") == (0, f"voxcor {__version__}\n", "")


def test_doctor_tries_everything() -> None:
    status, out, _ = voxcor("doctor", "--json")
    report = json.loads(out)
    assert status == 0
    assert report["models"] == {"small": None}
    assert set(report["decoders"].values()) == {None}
    assert report["offline"]["network_calls"] == []
    assert report["offline"]["problem"] is None
    assert report["telemetry"]["problem"] is None
    assert report["telemetry"]["came_too_late"] == []
    assert report["telemetry"]["switches"]["ORT_DISABLE_TELEMETRY"] == "1"
    assert "strace" in report["offline"]["not_seen"]
    status, out, _ = voxcor("doctor", VOXCOR_LANGUAGE="zh")
    assert status == 0
    assert "✓ M4A" in out


def test_doctor_says_when_a_program_had_onnxruntime_before_it() -> None:
    program = "import onnxruntime; from voxcor.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor", "--json"],
        check=False,
        capture_output=True,
        env={k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"},
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["telemetry"]["came_too_late"]) == (1, ["onnxruntime"])
    assert "ORT_DISABLE_TELEMETRY=1" in report["telemetry"]["problem"]
    assert b"Import voxcor first" in done.stderr


def test_doctor_finds_a_damaged_model(tmp_path: Path) -> None:
    home = Path(os.environ["VOXCOR_HOME"])
    (home / "models" / "plus-base").mkdir(parents=True)
    (home / "models" / "plus-base" / "card.json").write_text("{")
    status, out, _ = voxcor("doctor", "--json")
    assert status == 1
    assert "plus-base" in json.loads(out)["models"]["plus-base"]


def test_recognition_works_without_any_network_at_all() -> None:
    probe = subprocess.run(["unshare", "--map-root-user", "--net", "true"], check=False)
    if probe.returncode:
        pytest.skip("this machine lets no one leave the network")
    done = subprocess.run(
        [
            *("unshare", "--map-root-user", "--net"),
            *(sys.executable, "-m", "voxcor", "recognize", VOICE, "--json", "--no-save"),
        ],
        capture_output=True,
        check=True,
    )
    assert documents(done.stdout.decode())[0]["emotion"]


def test_a_folder_of_a_corpus_gives_a_line_per_file_and_agrees_with_python(
    corpora: Path, tmp_path: Path
) -> None:
    clips = sorted((corpora / "emodb").rglob("*.opus"))[::20]
    for clip in clips:
        (tmp_path / clip.name).symlink_to(clip)
    _, out, _ = voxcor("recognize", tmp_path, "--json", "--no-save")
    found = documents(out)
    assert [Path(d["path"]).name for d in found] == [clip.name for clip in clips]
    for document, outcome in zip(found, Recognizer("auto").recognize_many(clips), strict=True):
        assert isinstance(outcome, Result)
        assert document["scores"] == pytest.approx(dict(outcome.scores))
