"""Every view with something in it: desktop and phone, both languages, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from places import DATA, VOICE
from serving import Server, ended, put, serving
from visiting import DESKTOP, PHONE, SLOW_MS, keep, violations, visitors
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has been in use for a while."""
    with serving(tmp_path_factory.mktemp("furnished")) as running:
        put(running, "escalation", rule="angry > 0.01 for 200 ms").raise_for_status()
        yield running


@pytest.fixture(scope="module")
def views(furnished: Server) -> dict[str, tuple[str, str]]:
    """Where each view is, by name, and what has to be there before anybody looks."""
    example = EXAMPLE.read_bytes()
    utterance = furnished.recognize(example, "example.flac", embedding="true").json()["id"]
    frames = furnished.recognize(example, "example.flac", granularity="frame").json()["id"]
    segments = furnished.recognize(granularity="segment", embedding="true").json()["id"]
    letter = b"Dear Sir or Madam, this is no recording. " * 50
    files = [
        ("file", (name, content))
        for name, content in {
            "example.flac": example,
            "voice.flac": VOICE.read_bytes(),
            "chained.opus": (DATA / "heard" / "opus-chained.opus").read_bytes(),
            "letter.mp3": letter,
        }.items()
    ]
    job = furnished.post("/v1/jobs", files=files, data={"granularity": "segment"}).json()["id"]
    ended(furnished, job)
    known = {"result_ids": [utterance, segments], "speaker": "anna"}
    furnished.post("/v1/library/recordings", json=known).raise_for_status()
    return {
        "recognise": ("recognise", ".drop"),
        "utterance": (f"result/{utterance}", ".outcome .leads"),
        "frame": (f"result/{frames}", ".waveform canvas"),
        "segment": (f"result/{segments}", ".waveform canvas"),
        "queue": ("queue", ".job .item"),
        "live": ("live", "button"),
        "history": ("history", ".item"),
        "library": ("library/calm", ".hits .item"),
        "models": ("models", ".model"),
        "rules": ("rules", "#rule-reading"),
    }


# Every two of them together once.
@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [
        ("en", "light", DESKTOP),
        ("zh", "dark", DESKTOP),
        ("zh", "light", PHONE),
        ("en", "dark", PHONE),
    ],
)
def test_it_is_looked_at(
    browser: Browser,
    furnished: Server,
    views: dict[str, tuple[str, str]],
    language: str,
    scheme: str,
    size: tuple[int, int],
) -> None:
    with visitors(browser, furnished) as open_page:
        for name, (address, there) in views.items():
            page = open_page(address, language=language, scheme=scheme, size=size)
            page.wait_for_selector(f"{there} >> nth=0", timeout=SLOW_MS)
            page.wait_for_load_state("networkidle")
            keep(page, f"every/{name}-{language}-{scheme}-{size[0]}")
            assert violations(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], name
            # The views are more than a phone is wide.
            current = page.locator("nav [aria-current]").bounding_box()
            assert current is not None
            assert 0 <= current["x"] <= size[0] - current["width"], name
            page.close()
