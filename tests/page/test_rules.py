"""Rules on the page: written and chosen, kept and taken back, and shown where they fire."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from places import VOICE
from serving import Server, ended, put, wait_until
from visiting import PHONE, OpenPage, keep, recognise, violations
from voxcor.errors import RuleInvalid
from voxcor.labels import LABEL_IDS, get_label
from voxcor.rules.grammar import parse

# The example is angry from its first second on.
SURE = "angry > 0.01 for 200 ms"


@pytest.fixture
def rules(service: Server) -> Iterator[Server]:
    """The server, which has no rules again after the test."""
    yield service
    for rule in service.get("/v1/rules").json()["rules"]:
        service.delete(f"/v1/rules/{rule['name']}")


def test_a_rule_is_checked_while_it_is_written_and_saved(open_page: OpenPage) -> None:
    page = open_page("rules")
    rule = page.get_by_label("Rule", exact=True)
    rule.fill("escalation: furious > 0.6")
    with pytest.raises(RuleInvalid) as wrong:
        parse("escalation: furious > 0.6", LABEL_IDS)
    expect(page.locator("#rule-reading")).to_have_text(wrong.value.message)
    expect(page.get_by_role("button", name="Save the rule")).to_be_disabled()
    rule.fill("escalation: angry > 60 % for 3 s")
    expect(page.locator("#rule-reading")).to_have_text("✓ angry > 0.6 for 3 s")
    page.get_by_role("button", name="Save the rule").click()
    expect(saved(page)).to_contain_text("escalation")
    page.get_by_role("button", name="Delete escalation", exact=True).click()
    expect(saved(page)).to_have_count(1)
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Delete escalation", exact=True).click()
    page.get_by_role("button", name="Really delete escalation").click()
    expect(saved(page)).to_have_count(0)


def test_a_deleted_rule_comes_back(open_page: OpenPage, rules: Server) -> None:
    hook = "https://example.com/hook"
    before = put(rules, "calm", rule="any of neutral, sad > 0.5", webhook={"url": hook}).json()
    page = open_page("rules")
    page.get_by_role("button", name="Delete calm", exact=True).click()
    page.get_by_role("button", name="Really delete calm").click()
    expect(page.get_by_text("calm is deleted.")).to_be_visible()
    assert rules.get("/v1/rules").json() == {"rules": []}
    page.get_by_role("button", name="Undo").click()
    expect(saved(page)).to_contain_text(hook)
    after = rules.get("/v1/rules/calm").json()
    assert {**after, "webhook": {"url": hook, "secret": None}} == after
    assert after["condition"] == before["condition"]
    # The old secret went with the rule.
    expect(page.locator(".remark code")).to_contain_text("whsec_")


@pytest.mark.parametrize(
    ("chosen", "rule"),
    [
        ({}, "angry > 0.6 for 3 s"),
        ({"Emotion": "sad", "Comparison": "leads"}, "sad for 3 s"),
        ({"Comparison": "rises above", "Score, %": "25"}, "angry rises above 0.25"),
        ({"Comparison": "<", "How long": "once", "Name (optional)": "cool off"}, "angry < 0.6"),
        (
            {"How long": "share", "Share, %": "40", "Seconds": "60", "Name (optional)": "常怒"},
            "angry > 0.6 for 40 % of the last 1 min",
        ),
    ],
)
def test_a_rule_is_put_together_by_choosing(
    open_page: OpenPage, rules: Server, chosen: dict[str, str], rule: str
) -> None:
    page = open_page("rules")
    builder = page.locator(".builder")
    for name, value in chosen.items():
        named = builder.locator("label").filter(has=page.get_by_text(name, exact=True))
        field = named.locator("select, input")
        if field.evaluate("field => field.localName") == "select":
            field.select_option(value)
        else:
            field.fill(value)
    builder.get_by_role("button", name="Write the rule").click()
    expect(page.locator("#rule-reading")).to_have_text(f"✓ {rule}")
    page.get_by_role("button", name="Save the rule").click()
    name = chosen.get("Name (optional)", "rule-1").replace(" ", "-")
    expect(saved(page)).to_contain_text(name)
    assert rules.get(f"/v1/rules/{name}").json()["condition"] == rule


def test_where_rules_fire_is_on_the_result_and_leads_there(
    open_page: OpenPage, rules: Server
) -> None:
    page = open_page()
    recognise(page, VOICE, "frame")
    expect(page.locator(".segments tbody tr").first).to_be_visible()
    expect(page.locator(".fired")).to_have_count(0)
    put(rules, "hot", rule=SURE)
    recognise(page, VOICE, "frame")
    fired = page.locator(".fired .item")
    expect(fired).to_have_count(1)
    latest = rules.get("/v1/results?limit=1").json()["results"][0]
    (firing,) = rules.get(f"/v1/results/{latest['id']}/firings").json()["firings"]
    angry = get_label("angry")
    expect(fired).to_contain_text(SURE)
    expect(fired).to_contain_text(
        f"{angry.emoji} {angry.en} {100 * firing['scores']['angry']:.0f}%"
    )
    fired.get_by_role("button").click()
    at = float(page.get_by_label("Position").input_value())
    assert at == pytest.approx(firing["time_ms"] / 1000, abs=0.1)
    assert violations(page) == []
    keep(page, "rules-fired-en")


def test_what_fired_lately_is_listed_and_opens_its_result(
    open_page: OpenPage, rules: Server
) -> None:
    put(rules, "hot", rule=SURE)
    page = open_page("rules")
    expect(page.locator(".rules .nothing")).to_have_count(0)
    # While the view is open, too.
    rules.recognize(name="loud.flac", granularity="segment")
    heard = page.get_by_role("log").locator(".item").first
    expect(heard).to_contain_text("loud.flac")
    expect(heard).to_contain_text("hot")
    heard.get_by_role("link", name="loud.flac").click()
    expect(page.locator(".outcome .facts .file-name")).to_have_text("loud.flac")
    fired = page.locator(".fired .item")
    expect(fired).to_contain_text("hot")
    expect(page.locator(".waveform canvas").first).to_be_visible()
    moment = float(page.url.rpartition("/")[2])
    assert moment > 0
    at = float(page.get_by_label("Position").input_value())
    assert at == pytest.approx(moment, abs=0.1)


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", (1280, 900)), ("zh", "dark", (1280, 900)), ("zh", "light", PHONE)],
)
def test_rules_are_for_everybody(
    open_page: OpenPage, rules: Server, language: str, scheme: str, size: tuple[int, int]
) -> None:
    put(rules, "hot", rule=SURE, webhook={"url": "https://example.com/hook"})
    put(rules, "升级", rule="any of angry, disgusted for 30 % of the last minute")
    rules.recognize(name="通话.flac", granularity="segment")
    page = open_page("rules", language=language, scheme=scheme, size=size)
    expect(page.get_by_role("log").locator(".item").first).to_be_visible()
    page.locator(".builder button").click()
    expect(page.locator("#rule-reading")).to_contain_text("✓")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"rules-{language}-{scheme}-{size[0]}")


def saved(page: Page) -> Locator:
    """The rules in the list of those that are saved."""
    return page.get_by_role("region", name="Rules", exact=True).locator(".item")


def test_a_firing_in_a_job_leads_to_the_job(open_page: OpenPage, rules: Server) -> None:
    put(rules, "sure", rule=SURE).raise_for_status()
    files = [("file", ("call 7.flac", VOICE.read_bytes()))]
    job = rules.post("/v1/jobs", files=files, data={"granularity": "segment"}).json()["id"]
    ended(rules, job)
    wait_until(lambda: rules.get("/v1/firings?limit=1").json()["firings"], "the firing")
    page = open_page("rules")
    page.get_by_role("link", name="call 7.flac").first.click()
    expect(page.locator(".job .item.done .file-name")).to_have_text("call 7.flac")
    assert page.url.endswith(f"#job/{job}")
