"""Rules: how they are written, when they hold, and that one situation fires once."""

import json
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from places import VOICE
from results_by_hand import happy_then_sad, with_frames
from voxcor import Recognizer
from voxcor.errors import NoSuchRule, RuleInvalid, StorageError
from voxcor.labels import LABEL_IDS
from voxcor.people.baseline import Baseline, relative_to
from voxcor.rules.book import FILE, RuleBook, SavedRule
from voxcor.rules.grammar import parse
from voxcor.rules.watching import COOL_DOWN_S, NEAR, Reading, Relation, Rule, evaluate, readings_of
from voxcor.rules.webhooks import Webhook, new_secret
from voxcor.timeline import relative_scores

SCORES = ("angry", "sad", "neutral")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("angry > 0.6 for 3 s", Rule("", ("angry",), ">", 0.6, 3.0)),
        ("neutral falls below 0.2", Rule("", ("neutral",), "falls below", 0.2)),
        (
            "any of sad, fearful for 30 % of the last minute",
            Rule("", ("sad", "fearful"), "leads", 0.0, 60.0, 0.3),
        ),
        ("escalation: angry > 60 % for 3 seconds", Rule("escalation", ("angry",), ">", 0.6, 3.0)),
        ("happy", Rule("", ("happy",), "leads")),
        (
            "calm: relative angry > 0.5 for 3 s",
            Rule("calm", ("angry",), ">", 0.5, 3.0, relative=True),
        ),
        ("相对 any of sad, angry", Rule("", ("sad", "angry"), "leads", relative=True)),
        ('"relative" > 0.5', Rule("", ("relative",), ">", 0.5)),
        ("sad rises above .5", Rule("", ("sad",), "rises above", 0.5)),
        ("sad>=.5 for 250ms", Rule("", ("sad",), ">=", 0.5, 0.25)),
        (
            "any of sad, sad, angry <= 0.1 for 50% of the last 2 min",
            Rule("", ("sad", "angry"), "<=", 0.1, 120.0, 0.5),
        ),
        ('"very angry" for 1 h', Rule("", ("very angry",), "leads", 0.0, 3600.0)),
        (
            "升级\uff1aany of sad、angry ≥ 60\uff05 for 3 秒",
            Rule("升级", ("sad", "angry"), ">=", 0.6, 3.0),
        ),
    ],
)
def test_rules_are_read_as_they_are_meant(text: str, rule: Rule) -> None:
    read = parse(text)
    name = rule.name or read.condition
    assert read == Rule(
        name, rule.labels, rule.relation, rule.threshold, rule.duration_s, rule.share, rule.relative
    )


labels = st.lists(
    st.sampled_from(
        ["angry", "非常生气", "very angry", "any", "for", "relative", "相对", "4", "half:open"]
    ),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)
hundredths = st.integers(0, 100).map(lambda n: n / 100)


@given(
    labels,
    st.sampled_from(["leads", ">", ">=", "<", "<="]),
    hundredths,
    st.one_of(st.just(0.0), st.integers(1, 3_600_000).map(lambda ms: ms / 1000)),
    st.one_of(st.none(), st.integers(1, 100).map(lambda n: n / 100)),
    st.sampled_from(["", "escalation", "升级-2"]),
    st.booleans(),
)
def test_a_rule_that_is_written_out_reads_as_itself(
    labels: tuple[str, ...],
    relation: Relation,
    threshold: float,
    duration_s: float,
    share: float | None,
    name: str,
    relative: bool,
) -> None:
    threshold = 0.0 if relation == "leads" else threshold
    share = share if duration_s else None
    rule = Rule(name, labels, relation, threshold, duration_s, share, relative)
    rule = rule if name else Rule(rule.condition, *_but_name(rule))
    assert parse(str(rule)) == rule


def _but_name(rule: Rule) -> tuple[object, ...]:
    test = rule.relation, rule.threshold, rule.duration_s, rule.share, rule.relative
    return rule.labels, *test


@pytest.mark.parametrize(
    ("text", "column", "found", "reason"),
    [
        ("", 1, "the end", "an emotion"),
        ("   ", 1, "the end", "an emotion"),
        ("angry > 1.6", 9, "1.6", "between 0 and 1"),
        ("angry > 160 %", 9, "160", "between 0 and 1"),
        ("furious > .3", 1, "furious", "Its labels: angry, disgusted"),
        ("x: any of sad, furios", 16, "furios", "Its labels: angry, disgusted"),
        ("angry >", 8, "the end", "a number"),
        ("angry > much", 9, "much", "a number"),
        ("angry > 0.6 for", 16, "the end", "a number"),
        ("angry > 0.6 for 3", 18, "the end", "a unit of time"),
        ("angry > 0.6 for 3 apples", 19, "apples", "a unit of time"),
        ("angry > 0.6 for 0 s", 17, "0", "more than 0"),
        ("angry > 0.6 for 2 h", 17, "2", "up to 1 hour"),
        ("angry > 0.6 and sad", 13, "and", "a comparison"),
        ("angry for 3 s please", 15, "please", "should end here"),
        ("any sad", 5, "sad", '"of"'),
        ("any of", 7, "the end", "an emotion"),
        ("any of sad,", 12, "the end", "an emotion"),
        ("angry falls 0.2", 13, "0.2", '"below"'),
        ("angry falls below 0.2 for 3 s", 23, "for", 'write "<"'),
        ("angry for 0 % of the last minute", 11, "0", "more than 0 %"),
        ("angry for 101 % of the last minute", 11, "101", "up to 100 %"),
        ("angry for 30 % of minute", 19, "minute", '"the"'),
        ("two words: angry", 1, "two", "no such label"),
        ("a.b: angry", 1, "a.b", "a name is"),
        (": angry", 1, ":", "an emotion"),
        ('"angry', 1, '"', "an emotion"),
        ("angry > 0.6 for 3 s" + " " * 300, 1, "angry", "300 characters"),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, column: int, found: str, reason: str) -> None:
    with pytest.raises(RuleInvalid) as raised:
        parse(text, LABEL_IDS)
    assert reason in raised.value.message
    assert raised.value.details["column"] == column
    assert raised.value.details["found"] == found


def test_what_is_wrong_is_said_in_chinese_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    with pytest.raises(RuleInvalid, match=r"第 9 列.*分数应在 0 到 1"):
        parse("angry > 1.6")


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(RuleInvalid):
        rule = parse(text)
        assert parse(str(rule)) == rule


def frames(*runs: tuple[int, Mapping[str, float] | None], step: float = 0.02) -> list[Reading]:
    """Readings of `step` seconds one after the other; None is no speech."""
    readings, time = [], 0
    for count, scores in runs:
        for _ in range(count):
            if scores is not None:
                readings.append(Reading(time * step, (time + 1) * step, scores))
            time += 1
    return readings


def angry(score: float) -> dict[str, float]:
    return {"angry": score, "sad": 0.0, "neutral": 1 - score}


def times(text: str, readings: Sequence[Reading]) -> list[float]:
    return [round(firing.time, 6) for firing in evaluate([parse(text)], readings)]


def test_a_rule_fires_once_it_has_held_for_long_enough() -> None:
    assert times("angry > 0.6 for 3 s", frames((50, angry(0.1)), (149, angry(0.9)))) == []
    assert times("angry > 0.6 for 3 s", frames((50, angry(0.1)), (150, angry(0.9)))) == [4.0]
    assert times("angry > 0.6", frames((50, angry(0.1)), (150, angry(0.9)))) == [1.02]


def test_one_moment_without_it_starts_the_count_anew() -> None:
    readings = frames((149, angry(0.9)), (1, angry(0.2)), (149, angry(0.9)))
    assert times("angry > 0.6 for 3 s", readings) == []


def test_a_pause_neither_counts_nor_breaks_until_it_is_longer_than_the_rule() -> None:
    assert times("angry for 3 s", frames((100, angry(0.9)), (75, None), (50, angry(0.9)))) == [4.5]
    assert times("angry for 3 s", frames((100, angry(0.9)), (151, None), (50, angry(0.9)))) == []


def test_a_situation_that_goes_on_fires_once() -> None:
    wavering = frames(*[(200, angry(0.9)), (20, angry(0.55)), (20, None)] * 20)
    assert times("angry > 0.6 for 3 s", wavering) == [3.0]


def test_a_situation_is_over_when_nothing_came_near_for_a_while() -> None:
    calm = round(COOL_DOWN_S / 0.02)
    again = frames((150, angry(0.9)), (calm, angry(0.1)), (150, angry(0.9)))
    assert times("angry > 0.6 for 3 s", again) == [3.0, 16.0]
    silence = frames((150, angry(0.9)), (calm, None), (150, angry(0.9)))
    assert times("angry > 0.6 for 3 s", silence) == [3.0, 16.0]
    near = frames((150, angry(0.9)), (calm, angry(0.6 - 0.9 * NEAR)), (150, angry(0.9)))
    assert times("angry > 0.6 for 3 s", near) == [3.0]
    soon = frames((150, angry(0.9)), (calm - 150, angry(0.1)), (150, angry(0.9)))
    assert times("angry > 0.6 for 3 s", soon) == [3.0]


def test_a_crossing_is_seen_by_who_saw_the_other_side() -> None:
    low, high = angry(0.9), angry(0.5)  # of neutral: 0.1 and 0.5
    assert times("neutral falls below 0.2", frames((50, low))) == []
    assert times("neutral falls below 0.2", frames((50, low), (50, high), (9, low))) == [2.02]
    assert times("neutral rises above 0.2", frames((50, low), (50, high))) == [1.02]
    long_silence = frames((5, high), (50, low), (5000, None), (50, low))
    assert times("neutral falls below 0.2", long_silence) == [0.12]


def test_a_share_of_the_last_minute_counts_seconds_of_the_clock() -> None:
    sad = {"sad": 0.8, "neutral": 0.2}
    neutral = {"sad": 0.2, "neutral": 0.8}
    rule = "any of sad, fearful for 30 % of the last minute"
    assert times(rule, frames((1000, neutral), (899, sad))) == []
    assert times(rule, frames((1000, neutral), (900, sad))) == [38.0]
    parts = frames((450, sad), (1000, neutral), (500, None), (450, sad))
    assert times(rule, parts) == [48.0]
    # What is a minute ago counts no more.
    assert times(rule, frames((450, sad), (2600, None), (890, sad))) == []


def test_a_share_is_over_when_it_is_less_for_a_while_whatever_comes_now_and_then() -> None:
    sad = {"sad": 0.8, "neutral": 0.2}
    neutral = {"sad": 0.2, "neutral": 0.8}
    rule = "sad for 50 % of the last 10 s"
    now_and_then = [(400, neutral), (5, sad)] * 3
    readings = frames((250, sad), *now_and_then, (250, sad))
    assert len(times(rule, readings)) == 2


def test_any_of_is_one_of_them_at_each_moment() -> None:
    turns = frames(*[(5, {"angry": 0.7, "sad": 0.1}), (5, {"angry": 0.1, "sad": 0.7})] * 5)
    assert times("any of angry, sad > 0.6 for 1 s", turns) == [1.0]
    assert times("angry > 0.6 for 1 s", turns) == []


def test_a_relative_rule_asks_for_the_relative_scores() -> None:
    absolute = {"angry": 0.7, "sad": 0.1, "neutral": 0.2}
    beside = {"angry": 0.2, "sad": 0.1, "neutral": 0.7}
    both = parse("angry > 0.5"), parse("relative neutral > 0.5"), parse("relative angry > 0.5")
    first, second = evaluate(both, [Reading(0, 1, absolute, beside)])
    assert (first.rule, second.rule) == both[:2]
    assert "relative" not in first.to_document()
    assert second.to_document()["scores"] == absolute
    assert second.to_document()["relative"] == beside


@pytest.mark.parametrize("text", ["relative angry", "relative angry < 1", "relative angry for 1 s"])
def test_a_relative_rule_rests_where_nobody_was_named(text: str) -> None:
    assert evaluate([parse(text)], [Reading(0, 2, {"angry": 0.9, "sad": 0.1})]) == []


def test_a_result_gives_both_kinds_of_scores() -> None:
    baseline = Baseline("Anna", {}, {"happy": 2.0, "sad": 0.0}, 5, 20.0)
    for result in (happy_then_sad(), with_frames()):
        offsets = {label: baseline.offsets.get(label, 0.0) for label in result.scores}
        beside = relative_to(replace(baseline, offsets=offsets), result.scores)
        readings = [*readings_of(replace(result, relative=beside))]
        assert readings
        for reading in readings:
            assert reading.relative == relative_scores(reading.scores, offsets)
            assert reading.relative["happy"] <= reading.scores["happy"]


def test_a_label_that_the_scores_lack_passes_no_test() -> None:
    assert times("fearful < 0.9", frames((50, angry(0.5)))) == []


def test_a_limit_at_the_end_of_the_scale_can_be_left_again() -> None:
    calm = round(COOL_DOWN_S / 0.02)
    again = frames((9, angry(0.08)), (calm, angry(0.01)), (9, angry(0.08)))
    assert len(times("angry > 0.05", again)) == 2


def test_a_firing_carries_its_rule_its_time_and_the_scores() -> None:
    (firing,) = evaluate([parse("hot: angry > 0.6")], frames((50, angry(0.1)), (1, angry(0.9))))
    assert firing.to_document() == {
        "rule": "hot",
        "condition": "angry > 0.6",
        "labels": ["angry"],
        "time_ms": 1020,
        "scores": angry(0.9),
    }


def slow(rule: Rule, grid: Sequence[Mapping[str, float] | None]) -> list[int]:
    """The frames after which the rule fires, each decided by looking back at all before it."""
    needed = round(rule.duration_s / 0.02)
    cool_down = round(COOL_DOWN_S / 0.02)
    holds = [scores is not None and rule.holds(scores) for scores in grid]
    nearly = [scores is not None and rule.holds(scores, nearly=True) for scores in grid]

    def is_met(now: int) -> bool:
        if grid[now] is None:
            return False
        if rule.is_crossing:
            spoken = [frame for frame in range(now) if grid[frame] is not None]
            return holds[now] and bool(spoken) and not holds[spoken[-1]]
        if rule.share is not None:
            recent = holds[max(0, now + 1 - needed) : now + 1]
            return sum(recent) * 100 >= round(rule.share * 100) * needed
        held = silent = 0
        for frame in range(now, -1, -1):
            if grid[frame] is None:
                silent += 1
                if silent > needed:
                    break
            elif holds[frame]:
                held, silent = held + 1, 0
            else:
                break
        return holds[now] and held >= needed

    firings: list[int] = []
    alive: int | None = None  # the last frame of the situation that came near
    for now in range(len(grid)):
        if grid[now] is None:
            continue
        over = alive is None or now - alive - 1 >= cool_down
        if is_met(now):
            if over:
                firings.append(now + 1)
            alive = now
        elif not over and rule.share is None and nearly[now]:
            alive = now
    return firings


speech_or_not = st.one_of(
    st.none(), st.sampled_from([0.0, 0.15, 0.35, 0.45, 0.55, 0.65, 0.9]).map(angry)
)
runs = st.lists(
    st.tuples(st.sampled_from([1, 2, 7, 40, 120, 300, 501, 520]), speech_or_not), max_size=12
)


@pytest.mark.parametrize(
    "text",
    [
        "angry > 0.6 for 3 s",
        "angry > 0.5",
        "angry for 0.04 s",
        "neutral <= 0.35 for 1 s",
        "neutral falls below 0.4",
        "angry rises above 0.4",
        "angry > 0.4 for 30 % of the last 10 s",
        "any of angry, sad for 50 % of the last 4 s",
        "angry for 100 % of the last 2 s",
    ],
)
@given(runs=runs)
def test_rules_on_frames_are_those_of_the_slow_reference(
    text: str, runs: list[tuple[int, Mapping[str, float] | None]]
) -> None:
    rule = parse(text)
    grid = [scores for count, scores in runs for _ in range(count)]
    firings = evaluate([rule], frames(*runs))
    assert [round(firing.time / 0.02) for firing in firings] == slow(rule, grid)


def test_one_rule_does_not_change_what_another_says() -> None:
    readings = frames((200, angry(0.9)), (600, angry(0.1)), (200, angry(0.9)))
    rules = [parse("a: angry > 0.6 for 1 s"), parse("b: neutral falls below 0.2")]
    together = evaluate(rules, readings)
    assert [f for f in together if f.rule.name == "a"] == evaluate(rules[:1], readings)
    assert [f for f in together if f.rule.name == "b"] == evaluate(rules[1:], readings)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


def test_the_frames_of_a_result_are_watched_where_there_is_speech(recognizer: Recognizer) -> None:
    result = recognizer.recognize(VOICE, granularity="frame")
    readings = [*readings_of(result)]
    spoken = sum(segment.end - segment.start for segment in result.segments)
    assert sum(reading.end - reading.start for reading in readings) == pytest.approx(
        spoken, abs=0.1
    )
    assert all(reading.end - reading.start == pytest.approx(0.02) for reading in readings)
    always = f"any of {', '.join(LABEL_IDS)} for 2 s"
    (firing,) = evaluate([parse(always)], readings)
    assert firing.time == pytest.approx(result.segments[0].start + 2, abs=0.04)


def test_the_segments_of_a_result_are_watched_where_it_has_no_frames(
    recognizer: Recognizer,
) -> None:
    result = recognizer.recognize(VOICE)
    readings = [*readings_of(result)]
    assert [(r.start, r.end) for r in readings] == [(s.start, s.end) for s in result.segments]
    second = result.segments[1].emotion
    assert second != result.segments[0].emotion
    (firing,) = evaluate([parse(f"{second} for 1 s")], readings)
    assert firing.time == result.segments[1].end


def test_rules_are_kept_by_name(tmp_path: Path) -> None:
    book = RuleBook(tmp_path / "home")
    assert book.all() == []
    secret = new_secret()
    hot = SavedRule(parse("hot: angry > 0.6 for 3 s"), Webhook("http://localhost:1/x", secret))
    assert book.put(hot)
    assert book.put(SavedRule(parse("低落: sad for 1 min")))
    assert [saved.rule.name for saved in RuleBook(tmp_path / "home").all()] == ["hot", "低落"]
    assert book.get("hot") == hot
    assert not book.put(SavedRule(parse("hot: angry > 0.7")))
    assert book.get("hot").webhook is None
    book.delete("hot")
    for missing in (book.get, book.delete):
        with pytest.raises(NoSuchRule, match="no rule hot"):
            missing("hot")


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    hook = Webhook("https://example.com/hook", new_secret())
    RuleBook(tmp_path).put(SavedRule(parse("hot: angry"), hook))
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert hook.secret not in repr(hook)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"rules": [{"rule": "angry > 3", "webhook": null}]}',
        b'{"rules": [{"rule": "angry"}]}',
        b'{"rules": [{"rule": "a: angry", "webhook": {"url": "ftp://x", "secret": ""}}]}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    book = RuleBook(tmp_path)
    for call in (book.all, lambda: book.put(SavedRule(parse("a: angry")))):
        with pytest.raises(StorageError, match=FILE):
            call()
    assert (tmp_path / FILE).read_bytes() == content


def test_a_write_that_fails_leaves_the_rules_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = RuleBook(tmp_path)
    book.put(SavedRule(parse("a: angry")))

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", fail)
    with pytest.raises(StorageError, match="disk is full"):
        book.put(SavedRule(parse("b: angry")))
    assert [saved.rule.name for saved in book.all()] == ["a"]
    assert {path.name for path in tmp_path.iterdir()} == {FILE, "rules.lock"}
