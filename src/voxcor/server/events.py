"""The processing log: what happens to a recording or a download, told while it happens.

An event is a name and plain data, codes and numbers; it is put into words for each reader. `step`
events come first, then `done` or `failed` ends the log.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import Response

from voxcor.audio.quality import describe_warning
from voxcor.errors import error_from
from voxcor.labels import get_label
from voxcor.language import say, speaking
from voxcor.server.problems import language_of

# Proxies close a connection that is silent for a minute.
KEEP_ALIVE_S = 15.0

ENDS = ("done", "failed")


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is `step`, `done` or `failed`; `data` is plain."""

    name: str
    data: Mapping[str, Any]


class EventLog:
    """Events in their order; any thread adds, any number of readers follow from the start.

    Made, and followed, on the event loop.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    @property
    def ended(self) -> bool:
        return bool(self.events) and self.events[-1].name in ENDS

    def add(self, name: str, **data: Any) -> None:
        self.events.append(Event(name, data))
        self._loop.call_soon_threadsafe(self._wake)

    def step(self, step: str, ms: float | None = None, **facts: Any) -> None:
        self.add("step", step=step, ms=ms, facts=facts)

    async def follow(self, after: int = 0) -> AsyncIterator[tuple[int, Event] | None]:
        """Events with their numbers, from 1, those beyond `after`; None where nothing comes."""
        number = after
        while True:
            changed = self._changed
            while number < len(self.events):
                number += 1
                yield number, self.events[number - 1]
            if self.ended:
                return
            try:
                await asyncio.wait_for(changed.wait(), KEEP_ALIVE_S)
            except TimeoutError:
                yield None

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def replay(events: Sequence[Event], after: int) -> AsyncIterator[tuple[int, Event] | None]:
    """A log that has ended, in the form of `EventLog.follow`."""
    for number, event in enumerate(events, 1):
        if number > after:
            yield number, event


def last_event_id(request: Request) -> int:
    """Up to where a reader who comes back has read; 0 for a new one."""
    value = request.headers.get("last-event-id", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def event_stream(
    request: Request, events: AsyncIterator[tuple[int, Event] | None]
) -> StreamingResponse:
    """The events as `text/event-stream`, in words for the reader of the request."""
    spoken = language_of(request)

    async def encoded() -> AsyncIterator[bytes]:
        async for entry in events:
            if entry is None:
                yield format_sse_event(comment="")
                continue
            number, event = entry
            with speaking(spoken):
                text = json.dumps(worded(event), ensure_ascii=False)
            yield format_sse_event(data_str=text, event=event.name, id=str(number))

    # `no` keeps nginx from collecting events until its buffer is full.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(encoded(), headers=headers, media_type="text/event-stream")


def no_more_events() -> Response:
    """What tells an EventSource that it need not come back."""
    return Response(status_code=204)


def worded(event: Event) -> dict[str, Any]:
    """The data of an event with a `message` in the language of the moment."""
    data = dict(event.data)
    if event.name == "done":
        data["message"] = say("Done.", "完成。")
        if "failures" in data:
            data["failures"] = [_in_words(failure) for failure in data["failures"]]
    elif event.name == "failed":
        data = _in_words(data)
    else:
        data["message"] = _SENTENCES[data["step"]](data["facts"])
    return data


def _in_words(failure: Mapping[str, Any]) -> dict[str, Any]:
    """What says of an error its code and details, with the message of the moment's language."""
    error = error_from(failure)
    return {**failure, "message": error.message if error else failure["message"]}


def _received(facts: Mapping[str, Any]) -> str:
    size = f"{facts['bytes'] / 1e6:.1f} MB"
    return say(f"Received {size}.", f"已接收 {size}。")


def _queued(facts: Mapping[str, Any]) -> str:
    ahead = facts["ahead"]
    return say(f"In the queue, {ahead} ahead.", f"排队中,前面还有 {ahead} 个请求。")


def _decoded(facts: Mapping[str, Any]) -> str:
    seconds, rate, channels = facts["duration_ms"] / 1000, facts["sample_rate"], facts["channels"]
    return say(
        f"Decoded: {seconds:.1f} s, {rate} Hz, channels: {channels}.",
        f"解码完成:{seconds:.1f} 秒,{rate} Hz,{channels} 个声道。",
    )


def _preprocessed(facts: Mapping[str, Any]) -> str:
    speech = facts["speech_ms"] / 1000
    start, end = facts["trimmed_start_ms"] / 1000, facts["trimmed_end_ms"] / 1000
    sentence = say(
        f"16 kHz mono; speech: {speech:.1f} s; trimmed: {start:.1f} s before, {end:.1f} s after.",
        f"已转为 16 kHz 单声道;语音 {speech:.1f} 秒;去除静音:前 {start:.1f} 秒,后 {end:.1f} 秒。",
    )
    details = facts.get("details", {})  # a log that is kept may be of an older version
    warnings = [describe_warning(code, details.get(code, {})) for code in facts["warnings"]]
    return say(" ", "").join([sentence, *warnings])


def _window(facts: Mapping[str, Any]) -> str:
    done, total = facts["done"], facts["total"]
    return say(f"Recognised window {done} of {total}.", f"已识别第 {done}/{total} 个窗口。")


def _inferred(facts: Mapping[str, Any]) -> str:
    frames = facts["frames"]
    return say(f"Recognised {frames} frames of 20 ms.", f"识别完成:{frames} 帧(每帧 20 毫秒)。")


def _postprocessed(facts: Mapping[str, Any]) -> str:
    label, share, segments = get_label(facts["emotion"]), facts["confidence"], facts["segments"]
    emotion = f"{label.emoji} {label.both_names}"
    return say(
        f"Result: {emotion}, {share:.1%}; segments: {segments}.",
        f"结果:{emotion},{share:.1%};{segments} 个语段。",
    )


def _saved(facts: Mapping[str, Any]) -> str:
    files = say(", ", "、").join(facts["files"])
    return say(f"Saved: {files}.", f"已保存:{files}。")


def _downloaded(facts: Mapping[str, Any]) -> str:
    return say(f"Downloaded {facts['share']:.0%}.", f"已下载 {facts['share']:.0%}。")


def _converted(facts: Mapping[str, Any]) -> str:
    return say(f"Converted {facts['share']:.0%}.", f"已转换 {facts['share']:.0%}。")


def _made_int8(facts: Mapping[str, Any]) -> str:
    share = facts["share"]
    return say(f"Made and compared int8: {share:.0%}.", f"生成并比较 int8:{share:.0%}。")


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "received": _received,
    "queued": _queued,
    "decode": _decoded,
    "preprocess": _preprocessed,
    "window": _window,
    "inference": _inferred,
    "postprocess": _postprocessed,
    "saved": _saved,
    "download": _downloaded,
    "convert": _converted,
    "int8": _made_int8,
}
