"""A recording, a list of them or a result that cannot be used."""

from typing import ClassVar

from voxcor.errors.base import VoxcorError
from voxcor.untrusted import printable


class InputError(VoxcorError):
    """One recording cannot be used. `name` is the path as given, or `<bytes>`, `<stdin>`, …

    `brief` says it in both languages where the name stands beside it and details are not known.
    """

    code = "input_error"
    brief: ClassVar[tuple[str, str] | None] = None
    en = "{name}: {reason}"
    zh = "{name}：{reason}"


class InputNotFound(InputError):
    code = "input_not_found"
    en = "{name}: no such file or folder."
    zh = "{name}：文件或文件夹不存在。"
    brief = ("The file is not there.", "文件不存在。")


class InputUnreadable(InputError):
    code = "input_unreadable"
    en = "{name}: cannot be read ({reason})."
    zh = "{name}：无法读取（{reason}）。"


class NoAudioFound(InputError):
    """`passed_over` says what is there instead, where something is."""

    code = "no_audio_found"
    en = "{name}: contains no audio file."
    zh = "{name}：其中没有音频文件。"

    @property
    def message(self) -> str:
        """As any error's, and what is there instead after it."""
        return f"{super().message} {printable(self.details.get('passed_over', ''))}".rstrip()


class EmptyInput(InputError):
    code = "empty_input"
    en = "{name}: holds no sound: it is empty, or has no audio track."
    zh = "{name}：其中没有声音：内容为空，或没有音轨。"
    brief = (
        "Holds no sound: it is empty, or has no audio track.",
        "其中没有声音：内容为空，或没有音轨。",
    )


class NotAudio(InputError):
    """`advice` says what it is instead and what to do about it, where that is known."""

    code = "not_audio"
    en = "{name}: is not audio in any format that can be decoded."
    zh = "{name}：不是可解码的音频格式。"
    brief = ("Is not audio in any format that can be decoded.", "不是可解码的音频格式。")

    @property
    def message(self) -> str:
        """As any error's, and the advice after it."""
        return super().message + printable(self.details.get("advice", ""))


class AudioTruncated(InputError):
    code = "audio_truncated"
    en = "{name}: is cut off: it ends before its header says, only {found_s:.2f} s can be decoded."
    zh = "{name}：文件不完整：数据少于文件头所声明的长度，只能解码 {found_s:.2f} 秒。"
    brief = (
        "Is cut off: it ends before its header says.",
        "文件不完整：数据少于文件头所声明的长度。",
    )


class AudioCorrupt(InputError):
    code = "audio_corrupt"
    en = "{name}: is damaged, decoding stops after {found_s:.2f} s ({reason})."
    zh = "{name}：文件已损坏，解码在 {found_s:.2f} 秒处中断（{reason}）。"
    brief = ("Is damaged: decoding stops in the middle.", "文件已损坏，解码中断。")


class InvalidSamples(InputError):
    code = "invalid_samples"
    en = (
        "{name}: holds samples that are no sound (NaN, infinity or absurdly large), "
        "the first at {at_s:.3f} s."
    )
    zh = "{name}：含有无效采样（NaN、无穷大或数值过大），首次出现在 {at_s:.3f} 秒。"
    brief = (
        "Holds samples that are no sound (NaN, infinity or absurdly large).",
        "含有无效采样（NaN、无穷大或数值过大）。",
    )


class DecodingFailed(InputError):
    code = "decoding_failed"
    en = "{name}: cannot be decoded: it takes too much time or memory, or breaks the decoder."
    zh = "{name}：无法解码：所需时间或内存过多，或导致解码器出错。"
    brief = (
        "Cannot be decoded: it takes too much time or memory, or breaks the decoder.",
        "无法解码：所需时间或内存过多，或导致解码器出错。",
    )


class AudioTooLong(InputError):
    code = "audio_too_long"
    en = "{name}: is longer than is taken here, {maximum_min} minutes."
    zh = "{name}：超过此处允许的最长时长（{maximum_min} 分钟）。"
    brief = ("Is longer than this server takes.", "超过本服务器允许的最长时长。")


class TooManyChannels(InputError):
    code = "too_many_channels"
    en = "{name}: has {channels} channels; at most {maximum} are recognised one by one. Mix them."
    zh = "{name}：有 {channels} 个声道，逐个识别最多 {maximum} 个。请改用混合声道。"


class NoSuchTrack(InputError):
    """`track` of a file with `tracks`; both count from 1."""

    code = "no_such_track"
    en = "{name}: has no sound track {track}; its tracks are 1 to {tracks}."
    zh = "{name}：没有音轨 {track}；可用音轨为 1 到 {tracks}。"


class NoSuchChannel(InputError):
    """`channel` of a recording whose last is `last`; both count from 0."""

    code = "no_such_channel"
    en = "{name}: has no channel {channel}; its channels are 0 to {last}."
    zh = "{name}：没有声道 {channel}；可用声道为 0 到 {last}。"


class KilledTwice(InputError):
    code = "killed_twice"
    en = (
        "{name}: twice the process died while it worked on this and nothing else, so it is not "
        "tried again."
    )
    zh = "{name}：进程两次在单独处理它时中止，因此不再尝试。"


class AudioTooShort(InputError):
    code = "audio_too_short"
    en = "{name}: is {duration_ms} ms long; at least {minimum_ms} ms are needed."
    zh = "{name}：时长 {duration_ms} 毫秒，至少需要 {minimum_ms} 毫秒。"
    brief = ("Is too short.", "时长过短。")


class NoSpeech(InputError):
    code = "no_speech"
    en = "{name}: no speech was found in {duration_s} s of audio, so no emotion is given."
    zh = "{name}：在 {duration_s} 秒音频中未检测到语音，因此不给出情感结果。"
    brief = ("No speech was found, so no emotion is given.", "未检测到语音，因此不给出情感结果。")


class SpeakersInvalid(InputError):
    """Speaker turns that do not fit. `name` is their file, `line` the place in it or None."""

    code = "speakers_invalid"
    en = "{name}: {reason_en}."
    zh = "{name}：{reason_zh}。"


class ManifestError(VoxcorError):
    """A manifest that lists no usable recording. `name` is its path as given."""

    code = "manifest_error"
    en = "{name}: {reason}"
    zh = "{name}：{reason}"


class NotAResult(VoxcorError):
    """A file, or a folder, that holds no result. `name` is its path as given."""

    code = "not_a_result"
    en = "{name}: is no result of Voxcor ({reason}). Give a result folder or its result.json."
    zh = "{name}：不是心声的结果（{reason}）。请给出结果文件夹或其中的 result.json。"
