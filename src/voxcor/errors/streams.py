"""A live stream that does not go on."""

from voxcor.errors.base import VoxcorError


class StreamError(VoxcorError):
    """A live stream does not go on."""

    code = "stream_error"


class InvalidAudioFrame(StreamError):
    code = "invalid_audio_frame"
    en = "{bytes} bytes are no whole number of 16-bit samples; audio is s16le, 16 kHz, mono."
    zh = "{bytes} 字节不是整数个 16 位采样；音频应为 s16le、16 kHz、单声道。"


class NotBareSamples(StreamError):
    """`found` is a media type, `float`, or empty where it is not known."""

    code = "not_bare_samples"
    en = (
        "What comes is {found_en}, and would be heard as noise. Live audio is bare samples, "
        "s16le, 16 kHz, mono: {how_en}"
    )
    zh = "收到的是 {found_zh}，会被当作噪声。实时音频应为裸采样（s16le、16 kHz、单声道）：{how_zh}"


class MessageInvalid(StreamError):
    code = "message_invalid"
    en = "Not a message of this protocol: {reason_en}"
    zh = "不是本协议的消息：{reason_zh}"


class MessageTooLarge(StreamError):
    code = "message_too_large"
    en = "A message may have {maximum_bytes} bytes; this one has {bytes}."
    zh = "单条消息最多 {maximum_bytes} 字节，本条为 {bytes} 字节。"


class ConfigInvalid(StreamError):
    code = "config_invalid"
    en = "The session cannot be set so: {reason_en}"
    zh = "会话不能这样设置：{reason_zh}"


class TooManyStreams(StreamError):
    code = "rate_limited"
    retryable = True
    en = "{running} live sessions run already, as many as this server takes. Try again later."
    zh = "已有 {running} 个实时会话在运行，达到本服务器上限。请稍后重试。"


class MicrophoneFailed(StreamError):
    code = "microphone_failed"
    en = "The microphone cannot be used: {reason_en}"
    zh = "无法使用麦克风：{reason_zh}"
