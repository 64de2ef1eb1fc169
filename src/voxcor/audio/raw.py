"""Sound without a header: telephone formats that a person has to name, and what they look like."""

from dataclasses import dataclass
from pathlib import PurePath

from voxcor.audio.reader import Part
from voxcor.audio.signatures import is_silk
from voxcor.errors import UsageError
from voxcor.extensions import bare_format
from voxcor.language import listed, say

# By the names that Asterisk, SoX and FFmpeg have for them: libsndfile's subtype, and the usual
# rate in Hz. All are mono and little-endian.
_FORMATS = {
    "ulaw": ("ULAW", 8000),
    "alaw": ("ALAW", 8000),
    "s16le": ("PCM_16", 16_000),
    "sln": ("PCM_16", 8000),
    "vox": ("VOX_ADPCM", 8000),
}


@dataclass(frozen=True, slots=True)
class RawFormat:
    """What bare bytes are: samples of libsndfile's `subtype` at a rate in Hz, mono."""

    subtype: str
    sample_rate: int


def parse_raw(text: str) -> RawFormat:
    """`ulaw@8000`, `s16le@16000`, or the name alone at its usual rate.

    Raises:
        UsageError: no such format, or no sample rate.
    """
    name, _, rate_text = text.lower().partition("@")
    subtype, usual_rate = _FORMATS.get(name, ("", 0))
    rate = int(rate_text) if rate_text.isdecimal() and len(rate_text) <= 6 else 0
    if not subtype or ((rate_text or "@" in text) and not 4000 <= rate <= 768_000):
        known = listed(_FORMATS)
        raise UsageError(
            reason_en=f"{text} is no raw format: give FORMAT@RATE, such as ulaw@8000, "
            f"with one of {known.en} and a rate in Hz.",
            reason_zh=f"{text} 不是原始音频格式：请按“格式@采样率”给出，如 ulaw@8000；"
            f"可用格式：{known.zh}，采样率以 Hz 为单位。",
        )
    return RawFormat(subtype, rate or usual_rate)


def advice(file: Part, name: str) -> str:
    """A sentence on what bytes that no decoder knows are, and how to convert them, or nothing.

    By their first bytes, and by the extension where they have no others.
    """
    head = file.peek(0, 16)
    if is_silk(head):
        return say(
            " This is SILK, a voice message of WeChat or QQ: convert it with silk-v3-decoder, "
            "which writes bare samples, and give those with --raw s16le@24000.",
            "这是微信或 QQ 语音消息所用的 SILK 格式：请先用 silk-v3-decoder 转换为裸采样，"
            "再以 --raw s16le@24000 读取。",
        )
    if head[:4] == b"\x1fC\xb6u" or head[:1] == b"\xa3":  # a cluster, or a block of one
        return say(
            " This is a piece of a WebM recording without its beginning: join all pieces in "
            "order, as in: cat first.webm second.webm > whole.webm.",
            "这是一段缺少开头的 WebM 录音：请按顺序拼接所有片段，例如："
            "cat first.webm second.webm > whole.webm。",
        )
    if head[4:8] in (b"moof", b"styp", b"sidx", b"mdat"):
        return say(
            " This is a piece of an MP4 recording without its beginning: join it to that, "
            "as in: cat init.mp4 piece.m4s > whole.mp4.",
            "这是一段缺少开头的 MP4 录音：请与开头部分拼接，例如："
            "cat init.mp4 piece.m4s > whole.mp4。",
        )
    suffix = PurePath(name).suffix.lower()
    kind = bare_format(name)
    if kind is None:
        return ""
    # Asterisk counts kilohertz: .sln16.
    khz = suffix.removeprefix(".sln") if kind == "sln" else ""
    rate = 1000 * int(khz) if khz in ("12", "16", "24", "32", "44", "48", "96", "192") else 0
    example = f"{kind}@{rate or _FORMATS[kind][1]}"
    return say(
        f" Its name promises bare samples: say which, as in --raw {example}.",
        f"文件名表明其中是裸采样：请指明格式，例如 --raw {example}。",
    )
