"""Words for warnings: the same in the document that is served, in the log and in the terminal."""

import json
from pathlib import Path

import pytest

import voxcor.server
from serving import Server, server, wait_until
from test_schema import validate
from voxcor.audio.quality import _DETAILED, _WORDS, describe_warning, warning_words
from voxcor.language import Language, speaking
from voxcor.sources import EXAMPLE

__all__ = ["server"]

CUT = EXAMPLE.read_bytes()[: EXAMPLE.stat().st_size // 2]


def test_a_served_result_says_its_warnings_in_both_languages(server: Server) -> None:
    answered = server.recognize(CUT, "cut.flac").json()
    asked = server.get(f"/v1/results/{answered['id']}").json()
    listed = server.get("/v1/results?limit=1").json()["results"][0]
    quality = answered["quality"]
    assert asked["quality"] == listed["quality"] == quality
    assert quality["messages"].keys() == {*quality["warnings"]} >= {"truncated"}
    for code, message in quality["messages"].items():
        assert (message["en"], message["zh"]) == warning_words(
            code, quality["details"].get(code, {})
        )
    assert (
        f"{quality['details']['truncated']['missing_s']:.1f}"
        in quality["messages"]["truncated"]["zh"]
    )


def test_the_document_on_the_disk_is_that_of_its_schema(server: Server) -> None:
    answered = server.recognize(CUT, "cut.flac").json()
    kept = json.loads(server.get(f"/v1/results/{answered['id']}/files/result.json").content)
    assert "messages" not in kept["quality"]
    del answered["id"], answered["files"]
    validate(answered, "result")
    del answered["quality"]["messages"]
    assert answered == kept


def test_what_warns_of_nothing_has_no_words_for_it(server: Server) -> None:
    quality = server.recognize().json()["quality"]
    assert (quality["warnings"], "messages" in quality) == ([], False)


def test_recordings_of_a_job_say_their_warnings(server: Server) -> None:
    place = server.post("/v1/jobs", files=[("file", ("cut.flac", CUT))]).headers["location"]
    wait_until(lambda: server.get(place).json()["state"] == "done")
    (item,) = server.get(f"{place}/items").json()["items"]
    (document,) = item["documents"]
    assert "truncated" in document["quality"]["messages"]
    told = server.get(f"{place}/events").text
    assert document["quality"]["messages"]["truncated"]["zh"] in told


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_the_log_says_what_is_known_of_a_warning(server: Server, spoken: Language) -> None:
    answered = server.recognize(CUT, "cut.flac").json()
    address = f"/v1/results/{answered['id']}/events?language={spoken}"
    with speaking(spoken):
        sentence = describe_warning("truncated", answered["quality"]["details"]["truncated"])
    assert sentence in server.get(address).text


def test_the_page_has_no_words_of_its_own_for_warnings() -> None:
    """It had copies, which had drifted."""
    static = Path(voxcor.server.__file__).with_name("static")
    page = "".join(path.read_text(encoding="utf-8") for path in static.glob("*.js"))
    assert len(page) > 50_000
    sentences = [
        sentence for words in (_WORDS, _DETAILED) for both in words.values() for sentence in both
    ]
    assert not [sentence for sentence in sentences if sentence in page]
