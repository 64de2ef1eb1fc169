"""POST /v1/recognize and the log: what comes out is what `Recognizer` says, now or later."""

import io
from typing import Any

import numpy as np
import pytest
import soundfile

from audio_files import speech
from places import VOICE
from schema import validate
from serving import Server, events_of, parsed, server, wait_until
from voxcor.recognizer import Recognizer
from voxcor.steps import Step

__all__ = ["server"]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(threads=1)


def call() -> bytes:
    """Two legs, speech in the left one only."""
    left = speech(3)
    file = io.BytesIO()
    soundfile.write(file, np.column_stack([left, np.zeros_like(left)]), 16_000, format="WAV")
    return file.getvalue()


def without(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


def test_the_document_is_that_of_the_recognizer(server: Server, recognizer: Recognizer) -> None:
    response = server.recognize(name="calls/morning.flac", granularity="segment")
    assert response.status_code == 200
    document = response.json()
    validate(without(document, "id", "files"), "result")
    expected = recognizer.recognize(VOICE, granularity="segment").to_document()
    changing = ("id", "files", "timestamp", "timings_ms", "scores", "audio", "segments")
    rounded = without(document, *changing, "confidence")
    assert rounded == without(expected, *changing, "confidence")
    assert document["scores"] == pytest.approx(expected["scores"], abs=1e-5)
    assert document["audio"] == {**expected["audio"], "name": "morning.flac"}
    assert document["files"] == ["log.json", "processed_audio.wav", "result.json"]
    for segment, its in zip(document["segments"], expected["segments"], strict=True):
        assert segment["scores"] == pytest.approx(its["scores"], abs=1e-5)
    assert set(document["timings_ms"]) == set(expected["timings_ms"])
    assert document["timings_ms"]["decode"] > 0


def test_every_option_of_the_command_is_one_of_the_route(
    server: Server, recognizer: Recognizer
) -> None:
    document = server.recognize(
        granularity="frame",
        embedding="true",
        model="small",
        labels="happy, sad",
        trim="false",
        abstain_below="1",
        keep_audio="true",
    ).json()
    assert sorted(document["scores"]) == ["happy", "sad"]
    assert document["granularity"] == "frame"
    assert document["abstained"]
    assert not document["model"]["fallback"]
    assert not document["preprocessing"]["trim"]
    assert document["files"] == [
        "embedding.json",
        "embedding.npy",
        "frames.csv",
        "log.json",
        "original.flac",
        "processed_audio.wav",
        "result.json",
    ]
    folder = f"/v1/results/{document['id']}/files"
    embedding = np.load(io.BytesIO(server.get(f"{folder}/embedding.npy").content))
    expected = recognizer.embed(VOICE, granularity="frame", trim=False)
    np.testing.assert_allclose(embedding, expected, atol=1e-4)
    assert server.get(f"{folder}/original.flac").content == VOICE.read_bytes()
    header, *rows = server.get(f"{folder}/frames.csv").text.splitlines()
    assert header == "time_ms,happy,sad"
    assert len(rows) == len(expected)


def test_separate_channels_give_a_result_or_an_error_each(server: Server) -> None:
    answer = server.recognize(call(), "call.wav", channels="separate").json()
    left, right = answer["results"]
    assert left["audio"]["channel"] == 0
    assert right["code"] == "no_speech"
    assert server.get(f"/v1/results/{left['id']}").json() == left
    last = events_of(server, f"/v1/results/{left['id']}/events")[-1]
    assert last[2]["results"] == [left["id"]]


def test_what_was_noticed_of_a_file_comes_with_its_figures(server: Server) -> None:
    response = server.recognize(VOICE.read_bytes()[:60_000], "cut.flac")
    assert response.status_code == 200
    quality = response.json()["quality"]
    assert "truncated" in quality["warnings"]
    assert quality["details"]["truncated"]["missing_s"] > 0
    validate(without(response.json(), "id", "files"), "result")


def test_the_log_says_which_channel_has_no_result_and_why(server: Server) -> None:
    answer = server.recognize(call(), "call.wav", channels="separate").json()
    path = f"/v1/results/{answer['results'][0]['id']}/events"
    last = events_of(server, path, **{"Accept-Language": "zh"})[-1]
    (failure,) = last[2]["failures"]
    assert (failure["channel"], failure["code"]) == (1, "no_speech")
    assert "语音" in failure["message"]


def test_a_request_is_given_up_by_its_own_key_once_it_is_done(server: Server) -> None:
    before = server.left_behind
    headers = {"Request-Key": "once-done", "Prefer": "respond-async"}
    files = {"file": ("call.wav", call())}
    options = {"channels": "separate"}
    accepted = server.post("/v1/recognize", files=files, data=options, headers=headers)
    location = accepted.headers["location"]
    wait_until(lambda: server.get(location).status_code == 200, "the result")
    assert server.delete("/v1/recognize/once-done").status_code == 204
    assert server.get(location).status_code == 404
    assert server.left_behind == before


def test_a_request_is_given_up_by_its_own_key_while_it_runs(server: Server) -> None:
    before = server.left_behind
    headers = {"Request-Key": "while-running", "Prefer": "respond-async"}
    files = {"file": ("long.flac", VOICE.read_bytes())}
    accepted = server.post("/v1/recognize", files=files, headers=headers)
    assert accepted.status_code == 202
    assert server.delete("/v1/recognize/while-running").status_code == 204
    assert server.get(accepted.headers["location"]).status_code == 404
    assert server.left_behind == before


def test_a_request_that_was_given_up_before_it_came_does_nothing(server: Server) -> None:
    before = server.left_behind
    assert server.delete("/v1/recognize/too-early").status_code == 204
    files = {"file": ("late.flac", VOICE.read_bytes())}
    late = server.post("/v1/recognize", files=files, headers={"Request-Key": "too-early"})
    assert late.status_code == 499
    assert server.left_behind == before


def test_when_no_channel_can_be_used_there_is_no_result(server: Server) -> None:
    before = server.left_behind
    file = io.BytesIO()
    soundfile.write(file, np.zeros((16_000, 2)), 16_000, format="WAV")
    response = server.recognize(file.getvalue(), channels="separate")
    assert (response.status_code, response.json()["code"]) == (422, "no_speech")
    assert server.left_behind == before


def test_an_asynchronous_request_is_answered_at_once_and_told_of_in_events(server: Server) -> None:
    headers = {"Prefer": "respond-async, wait=10"}
    files = {"file": ("call.flac", VOICE.read_bytes())}
    response = server.post("/v1/recognize", files=files, headers=headers)
    assert response.status_code == 202
    assert response.headers["preference-applied"] == "respond-async"
    location = response.headers["location"]
    assert location == f"/v1/results/{response.json()['id']}"
    events = events_of(server, f"{location}/events")
    assert [number for number, _, _ in events] == [*range(1, len(events) + 1)]
    assert [data["step"] for _, name, data in events if name == "step"] == [
        "received",
        "queued",
        "decode",
        "preprocess",
        "inference",
        "postprocess",
    ]
    assert events[-1][1:] == (
        "done",
        {
            "id": response.json()["id"],
            "results": [response.json()["id"]],
            "failures": [],
            "message": "Done.",
        },
    )
    document = server.get(location)
    assert document.status_code == 200
    assert document.json()["emotion"]


def test_the_log_is_replayed_from_where_a_reader_stopped(server: Server) -> None:
    path = f"/v1/results/{server.recognize().json()['id']}/events"
    events = events_of(server, path)
    assert events_of(server, path, **{"Last-Event-ID": "4"}) == events[4:]
    assert events_of(server, path, **{"Last-Event-ID": "nonsense"}) == events
    finished = server.get(path, headers={"Last-Event-ID": str(len(events))})
    assert (finished.status_code, finished.content) == (204, b"")


def test_everyone_reads_the_log_and_the_notice_in_their_language(server: Server) -> None:
    files = {"file": ("call.flac", VOICE.read_bytes())}
    chinese = {"Accept-Language": "fr;q=0.9, zh-CN;q=0.8, en;q=0.5"}
    document = server.post("/v1/recognize", files=files, headers=chinese).json()
    assert "估计" in document["notice"]
    path = f"/v1/results/{document['id']}/events"
    assert events_of(server, path, **chinese)[-1][2]["message"] == "完成。"
    assert [*parsed(server.get(f"{path}?language=zh").text)][-1][2]["message"] == "完成。"
    assert events_of(server, path)[-1][2]["message"] == "Done."


def test_asynchronous_work_that_fails_says_so_in_the_log_and_at_its_address(
    server: Server,
) -> None:
    before = server.left_behind
    response = server.post(
        "/v1/recognize", files={"file": b"no sound"}, headers={"Prefer": "respond-async"}
    )
    location = response.headers["location"]
    events = events_of(server, f"{location}/events")
    assert events[-1][1] == "failed"
    assert events[-1][2]["code"] == "not_audio"
    status = server.get(location)
    assert (status.status_code, status.json()["code"]) == (415, "not_audio")
    assert server.delete(location).status_code == 204
    assert server.get(location).status_code == 404
    wait_until(lambda: server.left_behind == before, "a clean folder")


def test_progress_tells_each_step_and_each_window_and_can_end_the_work(
    recognizer: Recognizer,
) -> None:
    steps: list[Step] = []
    recognizer.recognize((speech(65), 16_000), progress=steps.append)
    names = ["decode", "preprocess", "window", "window", "window", "inference", "postprocess"]
    assert [step.name for step in steps] == names
    assert [step.facts for step in steps if step.name == "window"] == [
        {"done": done, "total": 3} for done in (1, 2, 3)
    ]
    assert steps[0].facts == {"duration_ms": 65_000, "sample_rate": 16_000, "channels": 1}

    def stop(step: Step) -> None:
        if step.name == "window":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        recognizer.recognize((speech(65), 16_000), progress=stop)


def test_the_logits_are_those_of_the_scores(recognizer: Recognizer) -> None:
    exponentials = np.exp(recognizer.logits(VOICE).astype(np.float64))
    scores = dict(zip(recognizer.labels, exponentials / exponentials.sum(), strict=True))
    assert scores == pytest.approx(dict(recognizer.recognize(VOICE).scores), abs=1e-6)


def test_turns_of_speakers_come_with_the_recording(server: Server) -> None:
    for text in (
        "SPEAKER speech 1 0.0 8.0 <NA> <NA> ann <NA> <NA>",
        "start,end,speaker\n0,8,ann",
    ):
        answer = server.recognize(speakers=text, granularity="segment")
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert {segment["speaker"] for segment in document["segments"]} == {"ann"}
        assert document["summary"]["speakers"].keys() == {"ann"}
    refused = server.recognize(speakers="SPEAKER speech 1 zero 1 <NA> <NA> ann <NA> <NA>")
    assert (refused.status_code, refused.json()["code"]) == (422, "speakers_invalid")
    assert "/" not in refused.json()["message"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_turns_of_speakers_may_be_a_file_in_any_encoding(server: Server, encoding: str) -> None:
    turns = "start,end,speaker\n0,4,客服\n4,8,客户先生\n".encode(encoding)
    parts = {"file": ("speech.flac", VOICE.read_bytes()), "speakers": ("turns.csv", turns)}
    answer = server.post("/v1/recognize", files=parts)
    assert answer.status_code == 200, answer.text
    assert next(iter(answer.json()["summary"]["speakers"])) == "客服"
