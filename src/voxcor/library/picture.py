"""The map as a picture: a dot for each segment in the colour of its emotion, a legend with counts.

Letters are of a font of this system that has Chinese; without one the legend is in English.
"""

import io
from collections import Counter
from typing import TYPE_CHECKING

from voxcor.extras import require_extra
from voxcor.labels import get_label
from voxcor.language import language
from voxcor.library.map import Map

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

SIDE = 1400  # pixels that the plane is wide
_LEGEND, _EDGE, _HEAD, _LOWEST = 380, 60, 110, 600
_SHARPER = 2  # drawn so many times as large, so that dots are round
_INK, _FAINT, _PAPER = "#1C2026", "#667080", "#FFFFFF"

# With Chinese: of Linux, Windows and macOS. Pillow looks for them where each keeps its fonts. The
# number is that of simplified Chinese in a file of several.
_FONTS = (
    ("NotoSansCJK-Regular.ttc", 2),
    ("NotoSansCJKsc-Regular.otf", 0),
    ("NotoSansSC-Regular.otf", 0),
    ("SourceHanSansSC-Regular.otf", 0),
    ("wqy-microhei.ttc", 0),
    ("msyh.ttc", 0),
    ("simhei.ttf", 0),
    ("PingFang.ttc", 0),
    ("Hiragino Sans GB.ttc", 0),
    ("STHeiti Light.ttc", 0),
)


def to_png(found: Map, model: str) -> bytes:
    """The picture of a map.

    Args:
        found: what lies where.
        model: which heard it.

    Raises:
        UsageError: the `library` extra is not installed.
    """
    require_extra("library", ("PIL",), "The picture", "绘制图片")
    from PIL import Image, ImageDraw

    counts = Counter(_emotion(found, at) for at in range(len(found.segments)))
    total = len(found.segments)
    low, high = found.places.min(axis=0), found.places.max(axis=0)
    # One scale for both directions: distances are what the map is about.
    scale = (SIDE - 2 * _EDGE) / max(1e-9, *(high - low).tolist())
    tall = _HEAD + max(_LOWEST, round(2 * _EDGE + scale * float(high[1] - low[1])))
    size = ((SIDE + _LEGEND) * _SHARPER, tall * _SHARPER)
    image = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(image, "RGBA")
    # Many dots are small and let others through.
    radius = _SHARPER * max(2.5, min(9.0, 320 / max(1, total) ** 0.5))
    alpha = 0xD9 if total < 2_000 else 0x8C
    middle = (SIDE / 2, (_HEAD + tall) / 2)
    steps = (found.places - (low + high) / 2) * (scale, -scale)
    # The rare ones last, so that they are not lost below the others.
    for at in sorted(range(total), key=lambda at: -counts[_emotion(found, at)]):
        x, y = (_SHARPER * (middle[axis] + float(steps[at, axis])) for axis in (0, 1))
        color = _rgb(get_label(_emotion(found, at)).color)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*color, alpha))
    image = image.resize((size[0] // _SHARPER, size[1] // _SHARPER), Image.Resampling.LANCZOS)
    _write(ImageDraw.Draw(image), found, counts, model)
    sink = io.BytesIO()
    image.save(sink, "PNG", optimize=True)
    return sink.getvalue()


def _write(pen: "ImageDraw", found: Map, counts: Counter[str], model: str) -> None:
    """The title, and beside the plane what the colours mean."""
    large, in_chinese = _font(34)
    small, _ = _font(24)
    in_chinese = in_chinese and language() == "zh"
    total = len(found.segments)
    recordings = len({one.recording for one in found.segments})
    plural = "s" * (total != 1), "s" * (recordings != 1)
    title = f"{total} segment{plural[0]} of {recordings} recording{plural[1]}"
    note = f"What lies together sounds alike; the axes mean nothing. Model: {model}"
    if in_chinese:
        title = f"{recordings} 段录音的 {total} 个语段"
        note = f"位置相近即听感相近；坐标轴没有含义。模型：{model}"
    pen.text((_EDGE, 24), title, _INK, large)
    pen.text((_EDGE, 70), note, _FAINT, small)
    for line, (emotion, count) in enumerate(counts.most_common()):
        label, y = get_label(emotion), _HEAD + 30 + 44 * line
        pen.ellipse((SIDE + 10, y + 6, SIDE + 30, y + 26), fill=label.color)
        name = label.zh if in_chinese else label.en
        pen.text((SIDE + 44, y), f"{name}  {count}", _INK, small)


def _font(size: int) -> "tuple[FreeTypeFont | ImageFont, bool]":
    """A font, and whether it has Chinese."""
    from PIL import ImageFont

    for name, index in _FONTS:
        try:
            return ImageFont.truetype(name, size, index=index), True
        except OSError:
            continue
    return ImageFont.load_default(size), False


def _emotion(found: Map, at: int) -> str:
    return found.segments[at].label or found.segments[at].emotion


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue
