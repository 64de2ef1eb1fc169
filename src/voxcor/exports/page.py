"""A report in one HTML file: the answer, the audio, waveform and curve in step with it, a table.

For people without Voxcor: opened from a mail or a USB stick, it fetches nothing. It is written
piece by piece, so that one of many hours takes no more memory than one of a minute.
"""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcor.audio.quality import warning_words
from voxcor.corrections import CorrectedSegment
from voxcor.errors import InputUnreadable
from voxcor.exports.content import Content
from voxcor.exports.html_page import NAV, both, clock, closing, opening
from voxcor.exports.pieces import FloatArray, as_flac, averaged_frames
from voxcor.labels import get_label
from voxcor.language import Both
from voxcor.result_folder import utf8
from voxcor.results import Result, milliseconds, notice_of
from voxcor.untrusted import html

# Columns of the drawing: more than a screen has, few enough for any file.
_WIDTH = 1200
_WAVE, _CURVE, _STRIP = 90, 130, 26
_HEIGHT = _WAVE + _CURVE + _STRIP
_NARROWEST = 0.05
_GRID = (0.0, 0.5, 1.0)  # scores that have a line
_TICKS = 4  # parts of the time axis

# In whose colour is drawn what is only known to be none that the model said.
_NO_EMOTION = "unknown"

_STYLE = """
.answer { font-size: 28px; font-weight: 600; margin: 20px 0 2px; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 4px 12px;
  align-items: center; max-width: 640px; margin: 16px 0; }
.bars i { display: block; height: 10px; border-radius: 5px; min-width: 2px; }
.bars b { font-weight: 500; font-variant-numeric: tabular-nums; text-align: right; }
audio { width: 100%; margin: 8px 0; }
figure { margin: 0 0 16px; position: relative; cursor: pointer; }
figure svg { display: block; width: 100%; height: 246px; background: var(--card);
  border-radius: 10px; }
figure .over { position: relative; height: 18px; font-size: 12px; color: var(--faint); }
figure .over span { position: absolute; transform: translateX(-50%); }
figure .over span:first-child { transform: none; }
figure .over span:last-child { transform: translateX(-100%); }
figure .scale { position: absolute; left: 4px; font-size: 12px; color: var(--faint);
  transform: translateY(-50%); pointer-events: none; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 16px; font-size: 13px; }
.legend i { display: inline-block; width: 14px; height: 3px; margin-right: 6px;
  vertical-align: middle; }
.grid { stroke: var(--line); vector-effect: non-scaling-stroke; }
.wave { fill: var(--faint); }
.segment { stroke: var(--paper); stroke-width: 2; }
.playhead { stroke: var(--ink); stroke-width: 2; vector-effect: non-scaling-stroke; }
tbody tr { cursor: pointer; }
tbody tr.now { background: var(--card); }
td i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
"""

_SCRIPT = """
const audio = document.querySelector("audio"), figure = document.querySelector("figure");
const { start, duration } = figure.dataset;
const head = figure.querySelector(".playhead"), rows = [...document.querySelectorAll("tbody tr")];
const seek = (s) => {
  if (!audio) return;
  audio.currentTime = Math.max(0, s - start);
  audio.play().catch(() => {}); // paused again at once, or a browser that wants another click
};
const follow = () => {
  const now = audio.currentTime + Number(start);
  head.setAttribute("transform", `translate(${(WIDTH * now) / duration} 0)`);
  rows.forEach((r) => r.classList.toggle("now", r.dataset.start <= now && now < r.dataset.end));
  if (!audio.paused) requestAnimationFrame(follow);
};
const moments = ["play", "seeked", "timeupdate"];
if (audio) moments.forEach((moment) => audio.addEventListener(moment, follow));
figure.addEventListener("click", (event) => {
  const box = figure.getBoundingClientRect();
  seek((duration * (event.clientX - box.left)) / box.width);
});
rows.forEach((row) => {
  row.addEventListener("click", () => seek(row.dataset.start));
  row.addEventListener("keydown", (event) => event.key === "Enter" && seek(row.dataset.start));
});
""".replace("WIDTH", str(_WIDTH))


def to_html(content: Content) -> Iterator[str]:
    """The page in pieces. Empty ones say that there is more work to do."""
    _require_audio(content)
    result = content.result
    label = get_label(result.emotion)
    names = Both(f"{label.en} ({label.zh})", f"{label.zh} ({label.en})")
    confidence = both(Both("Confidence", "置信度"))
    title = Both("Voxcor: emotion in speech", "心声：语音情感识别")
    told = (utf8(result.audio.name), clock(result.audio.duration), result.timestamp)
    facts = html(" · ".join(told))
    answering = html(f"{result.model.id} · {result.model.precision}")
    model = f"{both(Both('Model', '模型'))}{both(Both(': ', '：'))}{answering}"
    yield opening(f"{title} · {utf8(result.audio.name)}", _STYLE)
    yield from (
        f"<header><h1>{both(title)}</h1>{NAV}</header>",
        f'<p class="faint">{facts}</p>',
        f'<p class="faint">{model}</p>',
        f'<p class="answer">{label.emoji} {both(names)}</p>',
        f"<p>{confidence}: {result.confidence:.1%}</p>",
        *_remarks(result),
        f'<div class="bars">{"".join(_bars(result))}</div>',
    )
    yield from _player(content)
    yield from _figure(content)
    yield from _table(content)
    yield from (f'<p class="note">{both(text)}</p>' for text in _notices(result))
    yield closing(_SCRIPT)


def _require_audio(content: Content) -> None:
    if content.audio is None:
        return
    import soundfile

    try:
        soundfile.info(content.audio)
    except soundfile.LibsndfileError as error:
        raise InputUnreadable(name=str(content.audio), reason=str(error)) from error


def _bars(result: Result) -> Iterator[str]:
    for label_id, score in sorted(result.scores.items(), key=lambda item: -item[1]):
        label = get_label(label_id)
        yield (
            f"<span>{_named(label_id)}</span>"
            f'<i style="width:{100 * score:.1f}%;background:{label.color}"></i>'
            f"<b>{score:.1%}</b>"
        )


def _remarks(result: Result) -> Iterator[str]:
    if result.abstained:
        text = Both("Too unsure for an answer.", "置信度过低，不作判断。")
        yield f"<p>{both(text)}</p>"
    if result.blend:
        first, second = map(get_label, result.blend)
        text = Both(f"A blend of {first.en} and {second.en}", f"{first.zh}与{second.zh}的混合")
        yield f"<p>{both(text)}</p>"
    if (beside := result.relative) is not None:
        label, share = get_label(beside.emotion), f"{beside.confidence:.0%}"
        name = utf8(beside.to)
        text = Both(
            f"Relative to {name}: {label.emoji} {label.en} {share}",
            f"相对于 {name}：{label.emoji} {label.zh} {share}",
        )
        yield f"<p>{both(text)}</p>"
    if result.dimensions:
        yield f'<p class="faint">{both(result.dimensions.words)}</p>'
    for code in result.quality.warnings:
        words = warning_words(code, result.quality.details.get(code, {}))
        yield f'<p class="faint">⚠ {both(Both(*words))}</p>'


def _notices(result: Result) -> Iterator[Both]:
    yield notice_of(result.model)
    if not result.model.official:
        yield Both(
            "The weights of this model are none that a hub has published.",
            "该模型的权重并非平台发布的官方权重。",
        )


def _player(content: Content) -> Iterator[str]:
    if content.audio is None:
        return
    yield '<audio controls src="data:audio/flac;base64,'
    rest = b""
    for data in as_flac(content.audio):
        whole = len(rest + data) // 3 * 3
        data, rest = (rest + data)[:whole], (rest + data)[whole:]
        yield base64.b64encode(data).decode()
    yield f'{base64.b64encode(rest).decode()}"></audio>'


def _figure(content: Content) -> Iterator[str]:
    result = content.result
    name = html(str(Both("Waveform and emotion over time", "波形与情感随时间的变化")))
    start = result.preprocessing.trimmed_start if content.audio else 0.0
    yield (
        f'<figure data-start="{start:.3f}" data-duration="{result.audio.duration:.3f}">'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{name}">'
    )
    yield from _grid()
    yield from _wave(content)
    yield from _curves(content)
    yield from _strip(content)
    yield f'<path class="playhead" d="M0 0V{_HEIGHT}"/></svg>'
    yield from _scales(result.audio.duration)
    yield "</figure>"
    yield from _legend(result)


def _grid() -> Iterator[str]:
    for share in _GRID:
        yield f'<path class="grid" d="M0 {_WAVE + _CURVE * (1 - share):.0f}H{_WIDTH}"/>'


def _scales(duration: float) -> Iterator[str]:
    """Beside and below the drawing, which is stretched: its letters would be, too."""
    for share in _GRID:
        yield (
            f'<span class="scale" style="top:{_WAVE + _CURVE * (1 - share):.0f}px">{share:.0%}'
            "</span>"
        )
    ticks = [duration * part / _TICKS for part in range(_TICKS + 1)]
    told = "".join(
        f'<span style="left:{100 * part / _TICKS:.0f}%">{clock(time)}</span>'
        for part, time in enumerate(ticks)
    )
    yield f'<div class="over">{told}</div>'


def _legend(result: Result) -> Iterator[str]:
    entries = []
    for label in map(get_label, result.scores):
        name = both(Both(f"{label.emoji} {label.en}", f"{label.emoji} {label.zh}"))
        entries.append(f'<span><i style="background:{label.color}"></i>{name}</span>')
    yield f'<div class="legend">{"".join(entries)}</div>'


def _wave(content: Content) -> Iterator[str]:
    if content.audio is None:
        return
    result = content.result
    peaks = _peaks(content.audio, _WIDTH)
    first = result.preprocessing.trimmed_start / result.audio.duration * _WIDTH
    kept = 1 - (result.preprocessing.trimmed_start + result.preprocessing.trimmed_end) / max(
        result.audio.duration, 1e-9
    )
    step = kept * _WIDTH / len(peaks)
    top = [f"{first + i * step:.1f} {_WAVE / 2 * (1 - p):.1f}" for i, p in enumerate(peaks)]
    low = [f"{first + i * step:.1f} {_WAVE / 2 * (1 + p):.1f}" for i, p in enumerate(peaks)]
    yield f'<path class="wave" d="M{"L".join([*top, *reversed(low)])}Z"/>'


def _peaks(path: Path, count: int) -> NDArray[np.float64]:
    import soundfile

    with soundfile.SoundFile(path) as file:
        size = max(1, -(-len(file) // count))
        return np.array([np.abs(block).max() for block in file.blocks(blocksize=size)])


def _curves(content: Content) -> Iterator[str]:
    """A line a label, above the strip: from frames where there are any, else from segments."""
    result = content.result
    times, scores = _curve_of_segments(result)
    if content.curve is not None:
        times, scores = averaged_frames(content.curve, len(result.scores), _WIDTH)
    if len(times) < 2:
        return
    for column, label_id in enumerate(result.scores):
        line = "L".join(
            f"{_WIDTH * time / result.audio.duration:.1f} {_WAVE + _CURVE * (1 - score):.1f}"
            for time, score in zip(times, scores[:, column], strict=True)
        )
        yield (
            f'<path d="M{line}" fill="none" stroke="{get_label(label_id).color}" '
            'stroke-width="2" vector-effect="non-scaling-stroke"/>'
        )


def _curve_of_segments(result: Result) -> tuple[FloatArray, FloatArray]:
    """Their borders in seconds and their scores; of many, as many as the drawing shows."""
    shown = result.segments[:: max(1, -(-len(result.segments) // _WIDTH))]
    times = [time for segment in shown for time in (segment.start, segment.end)]
    scores = [
        [segment.scores[label_id] for label_id in result.scores] for segment in shown for _ in "ab"
    ]
    return np.array(times), np.array(scores)


def _strip(content: Content) -> Iterator[str]:
    """A field a segment; what is too narrow to be seen goes into the one before."""
    top, end = _WAVE + _CURVE, -1.0
    duration = content.result.audio.duration
    for segment in content.segments:
        left = _WIDTH * segment.start / duration
        width = _WIDTH * (segment.end - segment.start) / duration
        if left + width < end + _NARROWEST:
            continue
        end = left + width
        label = get_label(segment.emotion or _NO_EMOTION)
        confidence = "" if segment.confidence is None else f" {segment.confidence:.1%}"
        yield (
            f'<rect class="segment" x="{left:.1f}" y="{top}" width="{width:.1f}" '
            f'height="{_STRIP}" fill="{label.color}"><title>{html(label.both_names)}'
            f"{confidence}</title></rect>"
        )


def _table(content: Content) -> Iterator[str]:
    segments = content.segments
    with_speakers = any(segment.speaker for segment in segments)
    columns = [Both("from", "开始"), Both("to", "结束")]
    columns += [Both("speaker", "说话人")] if with_speakers else []
    columns += [Both("emotion", "情感"), Both("confidence", "置信度")]
    with_dimensions = any(segment.dimensions for segment in segments)
    columns += [Both("arousal", "唤醒度"), Both("valence", "效价")] if with_dimensions else []
    columns += [Both("the model said", "模型判断")] if content.is_corrected else []
    head = "".join(f'<th class="word">{both(column)}</th>' for column in columns)
    yield (f'<section><div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>')
    for segment in segments:
        label = get_label(segment.emotion or _NO_EMOTION)
        confidence = "–" if segment.confidence is None else f"{segment.confidence:.1%}"
        speaker = f'<td class="word">{_escaped(segment.speaker or "")}</td>'
        yield (
            f'<tr tabindex="0" data-start="{milliseconds(segment.start) / 1000}" '
            f'data-end="{milliseconds(segment.end) / 1000}">'
            f'<td class="word">{clock(segment.start)}</td>'
            f'<td class="word">{clock(segment.end)}</td>{speaker if with_speakers else ""}'
            f'<td class="word"><i style="background:{label.color}"></i>'
            f"{_named(label.id) if segment.emotion else '–'}</td>"
            f'<td class="word">{confidence}</td>'
            f"{''.join(_dimensions(segment)) if with_dimensions else ''}"
            f"{_judged(segment) if content.is_corrected else ''}</tr>"
        )
    yield "</tbody></table></div></section>"


def _named(emotion: str) -> str:
    label = get_label(emotion)
    return both(Both(f"{label.emoji} {label.en}", f"{label.emoji} {label.zh}"))


def _judged(segment: CorrectedSegment) -> str:
    """What the model said, and what a person has said of that."""
    model, who = segment.model, f" · {_escaped(segment.annotator)}" if segment.annotator else ""
    if segment.verdict is None:
        return "<td></td>"
    said = f"{_named(model.emotion)} {model.confidence:.1%}"
    verdict = f"✓ {both(Both('right', '正确'))}" if segment.verdict == "right" else f"<s>{said}</s>"
    return f'<td class="word">{verdict}{who}</td>'


def _dimensions(segment: CorrectedSegment) -> Iterator[str]:
    point = segment.dimensions
    for value in (None, None) if point is None else (point.arousal, point.valence):
        yield f'<td class="word">{"–" if value is None else f"{value:+z.2f}"}</td>'


def _escaped(text: str) -> str:
    return html(utf8(text))
