"""What the page weighs, and the pages to read beside it."""

import pytest
from playwright.sync_api import expect

from serving import Server
from visiting import DESKTOP, PHONE, OpenPage, keep, violations

MOST_BYTES = 150_000

# Bodies as they came over the wire, of the document and of all that it has loaded.
WEIGHT = """() => performance.getEntries()
  .filter((entry) => entry.encodedBodySize)
  .map((entry) => [new URL(entry.name).pathname, entry.encodedBodySize])"""


def test_the_page_weighs_little(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_role("button", name="Recognise")).to_be_visible()
    weights = dict(page.evaluate(WEIGHT))
    assert {"/", "/static/app.js", "/static/vendor/preact.js"} <= weights.keys()
    heaviest = sorted(weights.items(), key=lambda entry: -entry[1])[:8]
    assert sum(weights.values()) < MOST_BYTES, heaviest


@pytest.mark.parametrize("path", ["docs", "licences"])
@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", DESKTOP), ("zh", "dark", DESKTOP), ("zh", "light", PHONE)],
)
def test_pages_to_read_look_like_the_page(
    open_page: OpenPage,
    service: Server,
    path: str,
    language: str,
    scheme: str,
    size: tuple[int, int],
) -> None:
    page = open_page(language=language, scheme=scheme, size=size)
    theme = page.evaluate(LOOKS)
    page.get_by_role("link", name={"docs": "API"}.get(path) or LICENCES[language]).click()
    expect(page.locator("main h1")).to_be_visible()
    assert page.url.startswith(f"{service.url}/{path}")
    assert page.evaluate(LOOKS) == theme
    page.locator("details summary").first.click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"{path}-{language}-{scheme}-{size[0]}")
    page.locator("nav a").click()
    expect(page.locator(".state .on")).to_be_visible()


LICENCES = {"en": "Licences", "zh": "许可证"}

LOOKS = """() => {
  const style = getComputedStyle(document.body);
  return [style.fontFamily, style.color, style.backgroundColor, document.documentElement.lang];
}"""


def test_pages_to_read_keep_to_what_was_chosen_on_the_page(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("button", name="中文").click()
    page.get_by_role("button", name="深色").click()
    page.get_by_role("link", name="API").click()
    expect(page.locator("main h2").first).to_have_text("识别")
    root = page.locator(":root")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("link", name="EN", exact=True).click()
    expect(page.locator("main h2").first).to_have_text("Recognition")
    expect(root).to_have_attribute("lang", "en")
