"""`voxcor.Client` against the real server: the calls and results of `Recognizer`."""

import io
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
import pytest
import soundfile
from httpx2 import ServerSentEvent

import voxcor
from audio_files import speech
from batches import write_calls, write_silence
from hub_servers import FakeHub, closed_port, serve
from places import VOICE
from serving import Server, server, serving
from voxcor import Client, Failure, Recognizer, Result
from voxcor.client.connection import Connection
from voxcor.errors import (
    InputNotFound,
    NoSpeech,
    NoSuchJob,
    NoSuchResult,
    NotAudio,
    PullInProgress,
    ServerError,
    ServerUnreachable,
    Unauthorized,
    UnknownModel,
    UsageError,
)
from voxcor.results import DIMENSIONS
from voxcor.speaker_turns import Turn

__all__ = ["server"]


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url) as connected:
        yield connected


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(threads=1)


def test_it_is_exported() -> None:
    assert voxcor.Client is Client


def test_a_result_is_that_of_the_recognizer(client: Client, recognizer: Recognizer) -> None:
    found = client.recognize(VOICE, granularity="frame", embedding=True)
    expected = recognizer.recognize(VOICE, granularity="frame", embedding=True)
    assert isinstance(found, Result)
    changing = {"timestamp", "timings_ms", "processed", "frames", "embedding", "segments"}
    for name in {field.name for field in fields(Result)} - changing:
        its, ours = getattr(expected, name), getattr(found, name)
        if name in ("scores", "confidence"):
            assert ours == pytest.approx(its, abs=1e-4)
        elif name == "dimensions":
            assert astuple(ours)[:2] == pytest.approx(astuple(its)[:2], abs=1e-4)
        elif name in ("audio", "preprocessing", "quality"):
            for part in fields(its):
                value = getattr(its, part.name)
                close = pytest.approx(value, abs=6e-4) if isinstance(value, float) else value
                assert getattr(ours, part.name) == close
        else:
            assert ours == its, name
    assert len(found.segments) == len(expected.segments)
    assert found.frames is not None
    assert expected.frames is not None
    assert found.frames.labels == expected.frames.labels
    np.testing.assert_allclose(found.frames.times, expected.frames.times, atol=6e-4)
    np.testing.assert_allclose(found.frames.scores, expected.frames.scores, atol=1e-4)
    for name in DIMENSIONS:
        curves = [getattr(frames.dimensions, name) for frames in (found.frames, expected.frames)]
        np.testing.assert_allclose(*curves, atol=1e-4)
    np.testing.assert_allclose(found.embedding, expected.embedding, atol=1e-4)
    assert found.id
    assert "frames.csv" in found.files


def test_speakers_are_those_of_the_recognizer(
    client: Client, recognizer: Recognizer, tmp_path: Path
) -> None:
    turns = [Turn(0.0, 1.0, "安, ann"), Turn(1.0, 3.0, "bo")]
    table = tmp_path / "turns.csv"
    table.write_text('start,end,speaker\n0,1,"安, ann"\n1,3,bo\n', encoding="gb18030")
    expected = recognizer.recognize(VOICE, speakers=turns)
    assert [*expected.summary.speakers] == ["安, ann", "bo"]
    for speakers in (turns, table):
        found = client.recognize(VOICE, speakers=speakers)
        (many,) = client.recognize_many([VOICE], speakers=speakers)
        (channel,) = client.recognize_channels(VOICE, speakers=speakers)
        for result in (found, many, channel):
            assert isinstance(result, Result)
            assert result.summary.speakers.keys() == expected.summary.speakers.keys()


def test_every_kind_of_source_is_taken(client: Client) -> None:
    samples, rate = soundfile.read(VOICE, dtype="float32")
    content = VOICE.read_bytes()
    named = client.recognize(VOICE)
    for source, name in (
        (str(VOICE), "voice.flac"),
        (content, "<bytes>"),
        (io.BytesIO(content), "<file>"),
        ((samples, rate), "<array>"),
    ):
        found = client.recognize(source)
        assert found.audio.name == name
        assert found.scores == pytest.approx(named.scores, abs=1e-4)
    with VOICE.open("rb") as file:
        assert client.recognize(file, name="mine.flac").audio.name == "mine.flac"


def test_the_loop_over_files_is_three_lines(client: Client, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.flac").write_bytes(VOICE.read_bytes())
    (tmp_path / "2.flac").write_bytes(b"no sound")
    paths = sorted(tmp_path.glob("*.flac"))
    outcomes = [*client.recognize_many([*paths, tmp_path / "none.wav"], labels=["happy", "sad"])]
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [0, 0, 1, 0, 0, 1]
    names = [o.path if isinstance(o, Failure) else o.audio.name for o in outcomes]
    assert names == ["0.flac", "1.flac", "2.flac", "3.flac", "4.flac", "none.wav"]
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, Failure)]
    assert codes == ["not_audio", "input_not_found"]


def test_results_nobody_asks_for_any_more_are_not_made(client: Client) -> None:
    outcomes = client.recognize_many([VOICE] * 50, workers=2)
    first = next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not isinstance(first, Failure)
    assert sum(1 for _ in client.results()) < 50


def test_separate_channels(client: Client) -> None:
    left = speech(3)
    stereo = np.column_stack([left, np.zeros_like(left)])
    heard, silent = client.recognize_channels((stereo, 16_000))
    assert not isinstance(heard, Failure)
    assert heard.audio.channel == 0
    assert isinstance(silent, Failure)
    assert (silent.code, silent.channel) == ("no_speech", 1)


def test_each_channel_of_a_job_has_its_result_or_its_failure_in_order(
    client: Client, tmp_path: Path
) -> None:
    silence, voice = np.zeros(2 * 16_000), speech(2)
    for name, legs in {"a": (silence, voice), "b": (voice, silence)}.items():
        soundfile.write(tmp_path / f"{name}.wav", np.column_stack(legs), 16_000)
    soundfile.write(tmp_path / "c.wav", np.column_stack([silence, silence]), 16_000)
    paths = [tmp_path / f"{name}.wav" for name in "abc"]
    outcomes = [*client.submit(paths, channels="separate").wait().results()]
    channels = [o.channel if isinstance(o, Failure) else o.audio.channel for o in outcomes]
    assert channels == [0, 1, 0, 1, 0, 1]
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [True, False, False] + [
        True
    ] * 3


def test_errors_are_those_of_voxcor(client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotAudio, match="<bytes>"):
        client.recognize(b"text")
    with pytest.raises(NoSpeech) as caught:
        client.recognize((np.zeros(16_000), 16_000))
    assert caught.value.details["duration_ms"] == 1000
    with pytest.raises(UnknownModel):
        client.recognize(VOICE, model="nonsense")
    with pytest.raises(UsageError, match="hungry"):
        client.recognize(VOICE, labels=["hungry"])
    with pytest.raises(InputNotFound):
        client.recognize(tmp_path / "none.wav")
    with pytest.raises(NoSuchResult):
        client.result("0" * 32)


def test_what_the_server_keeps_can_be_listed_read_saved_and_deleted(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server, Client(server.url) as client:
        made = [client.recognize(VOICE, keep_audio=True).id for _ in range(3)]
        assert [result.id for result in client.results()] == made[::-1]
        assert client.result(made[0]).emotion == client.result(made[1]).emotion
        log = [*client.events(made[0])]
        assert log[0]["step"] == "received"
        assert log[-1]["event"] == "done"
        folder = client.download(made[0], tmp_path)
        assert folder.parent == tmp_path
        assert (folder / "original.flac").read_bytes() == VOICE.read_bytes()
        for result_id in made:
            client.delete(result_id)
        assert [*client.results()] == []
        assert server.left_behind == set()


def test_all_pages_are_listed(tmp_path: Path) -> None:
    from serving import age
    from voxcor.server.results.store import ResultStore
    from voxcor.settings import Settings

    settings = Settings(home=tmp_path)
    ids = [age(ResultStore(settings), settings, days) for days in np.linspace(9, 1, 120)]
    with serving(tmp_path, ready=False) as server, Client(server.url) as client:
        assert [result.id for result in client.results()] == ids[::-1]


@pytest.fixture
def calls(tmp_path: Path) -> list[Path]:
    """Four recordings and a silence."""
    paths = write_calls(tmp_path / "calls", 4)
    return [*paths, write_silence(tmp_path / "calls" / "silent.wav")]


def test_a_job_gives_the_results_in_the_order_of_its_files(
    client: Client, recognizer: Recognizer, calls: list[Path]
) -> None:
    outcomes = [*client.submit(calls[::-1], granularity="segment").wait().results()]
    silent, *heard = outcomes
    assert isinstance(silent, Failure)
    assert (silent.path, silent.code) == ("silent.wav", "no_speech")
    for outcome, path in zip(heard, calls[-2::-1], strict=True):
        expected = recognizer.recognize(path, granularity="segment")
        assert not isinstance(outcome, Failure)
        assert outcome.emotion == expected.emotion
        assert outcome.scores == pytest.approx(expected.scores, abs=1e-4)
        assert len(outcome.segments) == len(expected.segments)


def test_a_job_tells_what_happens(client: Client, calls: list[Path]) -> None:
    events = [*client.submit(calls).events()]
    items = [event for event in events if event["event"] == "item"]
    assert sorted(item["position"] for item in items) == [*range(5)]
    assert (events[-1]["event"], events[-1]["state"]) == ("end", "done")


def test_a_job_whose_connection_breaks_just_before_the_end_has_one(
    client: Client, calls: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = client.submit(calls).wait()
    whole = Connection.events

    def broken(self: Connection, path: str, after: int = 0) -> Iterator[ServerSentEvent]:
        for event in whole(self, path, after):
            if event.event == "end":
                raise ServerUnreachable(url=self.url, reason="reset")
            yield event

    monkeypatch.setattr(Connection, "events", broken)
    *items, end = job.events()
    assert [item["event"] for item in items] == ["item"] * len(calls)
    assert (end["event"], end["state"]) == ("end", "done")


def test_each_channel_of_a_job_has_a_result(client: Client, tmp_path: Path) -> None:
    stereo = np.column_stack([speech(2, seed=1), speech(2, seed=2)])
    soundfile.write(tmp_path / "call.wav", stereo, 16_000)
    job = client.submit([tmp_path / "call.wav"], channels="separate", labels=["sad", "happy"])
    both = [*job.wait().results()]
    assert [one.audio.channel for one in both if not isinstance(one, Failure)] == [0, 1]
    assert client.job(job.id).document()["options"]["labels"] == ["sad", "happy"]


def test_the_files_of_a_job_are_saved(client: Client, calls: list[Path], tmp_path: Path) -> None:
    job = client.submit(calls, granularity="frame", embedding=True).wait()
    folder = job.download(tmp_path)
    assert folder.parent == tmp_path
    names = {path.name for path in folder.iterdir()}
    assert {"results.csv", "results.jsonl", "frames", "embeddings"} <= names
    assert len([*(folder / "embeddings").rglob("*.npy")]) == 4


def test_a_job_is_cancelled_and_deleted(client: Client, tmp_path: Path) -> None:
    job = client.submit(write_calls(tmp_path / "many", 60))
    next(event for event in job.events() if event["event"] == "item")
    job.cancel()
    assert job.wait().document()["state"] == "cancelled"
    assert 0 < sum(1 for _ in job.results()) < 60
    job.delete()
    for gone in (job.document, job.cancel, job.delete, job.wait, lambda: client.job(job.id)):
        with pytest.raises(NoSuchJob):
            gone()


def test_a_job_is_followed_past_a_kill_of_the_server(tmp_path: Path) -> None:
    paths = write_calls(tmp_path / "many", 40)
    home = tmp_path / "home"
    with serving(home) as first, Client(first.url) as client:
        job = client.submit(paths)
        events = job.events()
        heard = [next(event for event in events if event["event"] == "item")]
        first.process.kill()
        first.process.wait()
        with serving(home, "--port", first.url.rpartition(":")[2]):
            heard += [event for event in events if event["event"] == "item"]
            assert sorted(event["position"] for event in heard) == [*range(40)]
            assert sum(1 for _ in job.results()) == 40


def test_a_job_with_a_file_that_is_not_there_is_not_sent(
    client: Client, server: Server, calls: list[Path], tmp_path: Path
) -> None:
    before = server.get("/v1/jobs").json()
    with pytest.raises(InputNotFound):
        client.submit([*calls, tmp_path / "none.wav"])
    with pytest.raises(UsageError, match="hungry"):
        client.submit(calls, labels=["hungry"])
    assert server.get("/v1/jobs").json() == before


def test_names_of_files_arrive_as_they_are(client: Client, tmp_path: Path) -> None:
    names = ["通话 1.wav", 'a "call".wav', "50%22.wav"]
    for name in names:
        (tmp_path / name).write_bytes(VOICE.read_bytes())
    job = client.submit([tmp_path / name for name in names])
    items = [event for event in job.events() if event["event"] == "item"]
    assert sorted(item["path"] for item in items) == sorted(names)


def test_a_result_is_exported(client: Client, server: Server) -> None:
    made = client.recognize(VOICE, granularity="segment")
    grid = client.export(made.id, "textgrid")
    assert grid == server.get(f"/v1/results/{made.id}/export/textgrid").content
    assert b"IntervalTier" in grid
    with pytest.raises(NoSuchResult):
        client.export("0" * 32, "srt")


def test_models_are_listed_and_what_cannot_be_pulled_is_said(client: Client) -> None:
    assert {row["id"] for row in client.models() if row["installed"]} == {"small"}
    with pytest.raises(UsageError):
        client.pull("small")
    assert issubclass(PullInProgress, voxcor.VoxcorError)


def test_it_waits_for_a_place_in_a_full_queue(tmp_path: Path) -> None:
    with serving(tmp_path, VOXCOR_QUEUE_SIZE="1") as server, Client(server.url) as client:
        outcomes = [*client.recognize_many([VOICE] * 4, workers=4)]
        assert [isinstance(outcome, Failure) for outcome in outcomes] == [False] * 4


def test_the_key_is_carried(tmp_path: Path) -> None:
    key = "correct horse battery staple"
    with serving(tmp_path, VOXCOR_API_KEY=key) as server:
        with Client(server.url, api_key=key) as client:
            assert client.recognize(VOICE).emotion
        with Client(server.url) as client, pytest.raises(Unauthorized):
            client.recognize(VOICE)


def test_no_server_is_said_to_be_none() -> None:
    with Client(closed_port()) as client:
        assert not client.is_ready()
        with pytest.raises(ServerUnreachable, match="voxcor serve"):
            client.recognize(VOICE)
        with pytest.raises(ServerUnreachable):
            next(iter(client.recognize_many([VOICE])))


def test_another_server_is_said_to_be_no_voxcor(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = FakeHub({}, portal=True)
    with serve(hub, monkeypatch), Client(hub.url) as client:
        with pytest.raises(ServerError, match=hub.url):
            client.models()
        hub.portal, hub.status = False, 502
        with pytest.raises(ServerError, match=r"no|502"):
            client.models()


@pytest.mark.parametrize("url", ["localhost:7860", "http://:x", "ftp://localhost", ""])
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="http://"):
        Client(url)
