"""Words for warnings: the same on the server, in the log and in the terminal."""

from pathlib import Path

import pytest

import voxcor.server
from places import VOICE
from serving import Server, server
from voxcor.audio.quality import DETAILED_WORDS, WORDS, describe_warning, warning_words
from voxcor.errors import InputError
from voxcor.language import Language, speaking

__all__ = ["server"]

CUT = VOICE.read_bytes()[: VOICE.stat().st_size // 2]


def test_a_server_has_the_words_of_the_terminal(server: Server) -> None:
    served = server.get("/v1/warnings").json()
    assert served.keys() == WORDS.keys()
    for code, words in served.items():
        assert (words["en"], words["zh"]) == warning_words(code, {})
    cut = server.recognize(CUT, "cut.flac").json()["quality"]
    for spoken in ("en", "zh"):
        filled = served["truncated"]["detailed"][spoken].format(**cut["details"]["truncated"])
        with speaking(spoken):
            assert filled == describe_warning("truncated", cut["details"]["truncated"])


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_the_log_says_what_is_known_of_a_warning(server: Server, spoken: Language) -> None:
    answered = server.recognize(CUT, "cut.flac").json()
    address = f"/v1/results/{answered['id']}/events?language={spoken}"
    with speaking(spoken):
        sentence = describe_warning("truncated", answered["quality"]["details"]["truncated"])
    assert sentence in server.get(address).text


def test_the_page_has_no_words_of_its_own_for_codes() -> None:
    """It had copies, which had drifted."""
    static = Path(voxcor.server.__file__).with_name("static")
    page = "".join(path.read_text(encoding="utf-8") for path in static.glob("*.js"))
    assert len(page) > 50_000
    sentences = [
        sentence
        for words in (WORDS, DETAILED_WORDS)
        for both in words.values()
        for sentence in both
    ]
    sentences += [text for error in InputError.__subclasses__() for text in error.brief or ()]
    assert not [sentence for sentence in sentences if sentence in page]
