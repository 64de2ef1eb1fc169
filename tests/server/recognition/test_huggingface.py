"""POST /hf/audio-classification, asked by Hugging Face's own client."""

import base64
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from places import VOICE
from serving import Server, server
from voxcor.recognizer import Recognizer

__all__ = ["server"]

ROUTE = "/hf/audio-classification"


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> InferenceClient:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return InferenceClient(model=server.url + ROUTE, token="hf_none")


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(threads=1)


def test_the_recording_as_the_body(client: InferenceClient, recognizer: Recognizer) -> None:
    scores = recognizer.recognize(VOICE).scores
    found = client.audio_classification(VOICE)
    assert [element.label for element in found] == sorted(scores, key=lambda x: -scores[x])[:5]
    for element in found:
        assert element.score == pytest.approx(scores[element.label], abs=1e-5)
    assert client.audio_classification(VOICE.read_bytes()) == found
    assert client.audio_classification(str(VOICE)) == found


def test_parameters_come_with_base64(client: InferenceClient, recognizer: Recognizer) -> None:
    logits = dict(zip(recognizer.labels, recognizer.logits(VOICE).tolist(), strict=True))
    raw = client.audio_classification(VOICE, top_k=9, function_to_apply="none")
    assert {e.label: e.score for e in raw} == pytest.approx(logits, abs=1e-3)
    sigmoid = client.audio_classification(VOICE, top_k=2, function_to_apply="sigmoid")
    assert len(sigmoid) == 2
    for element in sigmoid:
        expected = 1 / (1 + np.exp(-logits[element.label]))
        assert element.score == pytest.approx(expected, abs=1e-4)
    many = client.audio_classification(VOICE, top_k=100, function_to_apply="softmax")
    assert sum(element.score for element in many) == pytest.approx(1)


def test_the_client_shows_the_reason_of_an_error(client: InferenceClient, tmp_path: Path) -> None:
    (tmp_path / "text.flac").write_text("no sound")
    with pytest.raises(HfHubHTTPError, match="is not audio"):
        client.audio_classification(tmp_path / "text.flac")


def test_nothing_is_stored(client: InferenceClient, server: Server) -> None:
    client.audio_classification(VOICE)
    client.audio_classification(VOICE, top_k=1)
    assert server.left_behind == set()


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ({}, 400, "malformed_request"),
        ({"inputs": 7}, 400, "malformed_request"),
        ({"inputs": "not base64!"}, 400, "malformed_request"),
        ({"inputs": ""}, 422, "empty_input"),
        ({"inputs": base64.b64encode(b"text").decode()}, 415, "not_audio"),
        ({"inputs": "", "parameters": {"top_k": 0}}, 400, "malformed_request"),
        ({"inputs": "", "parameters": {"function_to_apply": "tanh"}}, 400, "malformed_request"),
        ([], 400, "malformed_request"),
    ],
)
def test_bodies_the_contract_does_not_know(
    server: Server, document: object, status: int, code: str
) -> None:
    response = server.post(ROUTE, json=document)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["error"] == response.json()["message"]
    assert server.left_behind == set()


def test_parameters_that_are_null_are_left_out(server: Server) -> None:
    inputs = base64.b64encode(VOICE.read_bytes()).decode()
    parameters = {"top_k": None, "function_to_apply": None, "unknown": 1}
    response = server.post(ROUTE, json={"inputs": inputs, "parameters": parameters})
    assert len(response.json()) == 5
    assert len(server.post(ROUTE, json={"inputs": inputs, "parameters": None}).json()) == 5
