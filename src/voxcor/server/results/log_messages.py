"""The processing log in words: a sentence for each step, in the language of its reader."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.sse import ServerSentEvent

from voxcor.audio.quality import describe_warning
from voxcor.errors import error_from
from voxcor.labels import get_label
from voxcor.language import say
from voxcor.results import channels_in_words
from voxcor.server.event_log import EventLog, LogEntry, all_read, last_event_id, server_sent


def unread_log(log: EventLog, request: Request) -> AsyncIterator[ServerSentEvent]:
    """What the reader, by Last-Event-ID, has not read of a processing log, in words.

    Raises:
        HTTPException: 204, there is nothing and nothing will come.
    """
    after = last_event_id(request)
    if log.ended and after >= log.count:
        raise all_read()

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for number, entry in log.follow(after):
            yield server_sent(entry.name, with_message(entry), number)

    return events()


def with_message(entry: LogEntry) -> dict[str, Any]:
    """The data of an entry with a `message` in the language of the moment."""
    data = dict(entry.data)
    if entry.name == "done":
        data["message"] = say("Done.", "完成。")
        if "failures" in data:
            data["failures"] = [_in_words(failure) for failure in data["failures"]]
    elif entry.name == "failed":
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
    if not ahead:
        return say("Nothing is ahead; it begins.", "前面没有其他请求，立即开始。")
    return say(f"In the queue, {ahead} ahead.", f"排队中，前面还有 {ahead} 个请求。")


def _decoded(facts: Mapping[str, Any]) -> str:
    seconds, rate = facts["duration_ms"] / 1000, f"{facts['sample_rate'] / 1000:g} kHz"
    channels = channels_in_words(facts["channels"])
    return say(
        f"Decoded: {seconds:.1f} s, {rate}, {channels}.",
        f"解码完成：{seconds:.1f} 秒，{rate}，{channels}。",
    )


def _preprocessed(facts: Mapping[str, Any]) -> str:
    speech = facts["speech_ms"] / 1000
    start, end = facts["trimmed_start_ms"] / 1000, facts["trimmed_end_ms"] / 1000
    sentence = say(
        f"16 kHz mono; speech: {speech:.1f} s; trimmed: {start:.1f} s before, {end:.1f} s after.",
        f"已转为 16 kHz 单声道；语音 {speech:.1f} 秒；"
        f"去除静音：前 {start:.1f} 秒，后 {end:.1f} 秒。",
    )
    details = facts.get("details", {})  # a log that is kept may be of an older version
    warnings = [describe_warning(code, details.get(code, {})) for code in facts["warnings"]]
    return say(" ", "").join([sentence, *warnings])


def _window(facts: Mapping[str, Any]) -> str:
    done, total = facts["done"], facts["total"]
    return say(f"Recognised window {done} of {total}.", f"已识别第 {done}/{total} 个窗口。")


def _inferred(facts: Mapping[str, Any]) -> str:
    frames = facts["frames"]
    return say(f"Recognised {frames} frames of 20 ms.", f"识别完成：{frames} 帧（每帧 20 毫秒）。")


def _postprocessed(facts: Mapping[str, Any]) -> str:
    label, share, segments = get_label(facts["emotion"]), facts["confidence"], facts["segments"]
    emotion = f"{label.emoji} {label.both_names}"
    return say(
        f"Result: {emotion}, {share:.1%}; {segments} segment{'s' * (segments != 1)}.",
        f"结果：{emotion}，{share:.1%}；{segments} 个语段。",
    )


def _saved(facts: Mapping[str, Any]) -> str:
    files = say(", ", "、").join(facts["files"])
    return say(f"Saved: {files}.", f"已保存：{files}。")


def _downloaded(facts: Mapping[str, Any]) -> str:
    return say(f"Downloaded {facts['share']:.0%}.", f"已下载 {facts['share']:.0%}。")


def _converted(facts: Mapping[str, Any]) -> str:
    return say(f"Converted {facts['share']:.0%}.", f"已转换 {facts['share']:.0%}。")


def _made_int8(facts: Mapping[str, Any]) -> str:
    share = facts["share"]
    return say(f"Made and compared int8: {share:.0%}.", f"生成并比较 int8：{share:.0%}。")


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
