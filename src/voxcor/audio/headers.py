"""What a file's first bytes say: its container, and how long the whole file must be.

Decoders mostly take a cut file for a short one. The containers know better: each states somewhere
how many bytes belong to it. References: RIFF and RF64 (EBU Tech 3306), AIFF 1.3, Ogg (RFC 3533),
ISO/IEC 14496-12 boxes, EBML (RFC 8794), the Xing header of MP3, Sun's .au, Apple's CAF 1.0.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Literal

from voxcor.audio.reader import HashedReader

Container = Literal[
    "wav",
    "aiff",
    "au",
    "caf",
    "flac",
    "ogg",
    "mp3",
    "aac",
    "mp4",
    "matroska",
    "amr",
    "asf",
]

_EXTENSIONS: dict[str, set[Container]] = {
    ".wav": {"wav"},
    ".wave": {"wav"},
    ".aif": {"aiff"},
    ".aiff": {"aiff"},
    ".au": {"au"},
    ".snd": {"au"},
    ".caf": {"caf"},
    ".flac": {"flac"},
    ".ogg": {"ogg"},
    ".oga": {"ogg"},
    ".opus": {"ogg"},
    ".mp3": {"mp3"},
    ".aac": {"aac", "mp4"},  # phones write either under this name
    ".m4a": {"mp4"},
    ".mp4": {"mp4"},
    ".mov": {"mp4"},
    ".3gp": {"mp4"},
    ".webm": {"matroska"},
    ".mkv": {"matroska"},
    ".mka": {"matroska"},
    ".amr": {"amr"},
    ".wma": {"asf"},
}

# What programs that write to a pipe put for a size they cannot know: 0 and all ones (ffmpeg and
# most), 0x7FFFF000 (SoX), 0x7FFFFF00 (arecord); the last two rounded down to whole sample frames.
_SIZES_OF_A_PIPE = (0xFFFFFFFF, 0x7FFFF000, 0x7FFFFF00)

_OGG_PAGE_BYTES = 27 + 255 + 255 * 255  # the largest page there can be

# No recording has more chunks or boxes than this; a file made to keep us busy might.
_MOST_PARTS = 100_000


def sniff(file: HashedReader) -> Container | None:
    """The container by its magic bytes, None for one not listed here."""
    head = file.peek(0, 12)
    if head[:3] == b"ID3":
        head = file.peek(_id3_bytes(file), 12)
        if head[:4] != b"fLaC" and not _is_adts(head):
            return "mp3"
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[:4] == b".snd":
        return "au"
    if head[:4] == b"caff":
        return "caf"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "matroska"
    if head[:5] == b"#!AMR":
        return "amr"
    if head[:8] == b"\x30\x26\xb2\x75\x8e\x66\xcf\x11":
        return "asf"
    if _is_adts(head):
        return "aac"
    if _is_mpeg_audio(head):
        return "mp3"
    return None


def contradicts_extension(name: str, container: Container | None) -> bool:
    """Whether the extension of `name` promises another container than the bytes hold."""
    promised = _EXTENSIONS.get(PurePath(name).suffix.lower())
    return promised is not None and container is not None and container not in promised


def missing_bytes(file: HashedReader, container: Container | None) -> int:
    """How many bytes the file is short of what its header says; 0 where that says nothing."""
    measure = {
        "wav": _chunk_end,
        "aiff": _chunk_end,
        "au": _au_end,
        "caf": _caf_end,
        "ogg": _last_page_end,
        "mp3": _xing_end,
        "mp4": _last_box_end,
        "matroska": _segment_end,
    }.get(container or "")
    return max(0, measure(file) - file.size) if measure else 0


def holds_mpeg(file: HashedReader, container: Container | None) -> bool:
    """Whether MPEG audio is in there that libsndfile might try, bare or in a WAV, whole or not."""
    if container == "wav":
        order = _byte_order(file)
        for kind, position, _ in _chunks(file, order):
            if kind == b"fmt ":
                # 0x50 and 0x55: MPEG and layer 3, in mmreg.h.
                return int.from_bytes(file.peek(position, 2), order) in (0x50, 0x55)
    # Nothing else that libsndfile reads begins with 0xFF.
    return container == "mp3" or file.peek(0, 1) == b"\xff"


def _is_adts(head: bytes) -> bool:
    # Twelve sync bits, then a layer of 00, which MP3 never has.
    return head[:1] == b"\xff" and bool(head[1:2]) and head[1] & 0xF6 == 0xF0


def _is_mpeg_audio(head: bytes) -> bool:
    # Eleven sync bits; then no reserved version, layer, bit rate or sample rate.
    return (
        len(head) >= 4
        and head[0] == 0xFF
        and head[1] & 0xE0 == 0xE0
        and head[1] & 0x18 != 0x08
        and head[1] & 0x06 != 0
        and head[2] & 0xF0 not in (0x00, 0xF0)
        and head[2] & 0x0C != 0x0C
    )


def _id3_bytes(file: HashedReader) -> int:
    # Four times seven bits, and the header's own ten bytes.
    size = 0
    for byte in file.peek(6, 4):
        size = size << 7 | byte & 0x7F
    return size + 10


def _byte_order(file: HashedReader) -> Literal["little", "big"]:
    return "big" if file.peek(0, 4) in (b"RIFX", b"FORM") else "little"


def _chunks(
    file: HashedReader, order: Literal["little", "big"]
) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and size of each chunk of a RIFF, RIFX, RF64 or AIFF file."""
    position = 12
    for _ in range(_MOST_PARTS):
        header = file.peek(position, 8)
        if len(header) < 8:
            return
        size = int.from_bytes(header[4:], order)
        position += 8
        yield header[:4], position, size
        position += size + size % 2


def _chunk_end(file: HashedReader) -> int:
    """The end of the sample data of a RIFF, RIFX, RF64 or AIFF file."""
    order = _byte_order(file)
    size_64 = 0
    frame_bytes = 1
    for kind, position, size in _chunks(file, order):
        if kind == b"ds64":
            size_64 = int.from_bytes(file.peek(position + 8, 8), "little")
        elif kind == b"fmt ":
            frame_bytes = int.from_bytes(file.peek(position + 12, 2), order) or 1
        elif kind in (b"data", b"SSND"):
            if size == 0xFFFFFFFF and size_64:
                return position + size_64
            if any(0 <= mark - size < frame_bytes for mark in _SIZES_OF_A_PIPE):
                return file.size
            return position + size
    return 0


def _au_end(file: HashedReader) -> int:
    """The end of the sample data of an .au file; 0 for one written to a pipe."""
    header = file.peek(4, 8)
    start, size = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")
    return 0 if size == 0xFFFFFFFF else start + size


def _caf_end(file: HashedReader) -> int:
    """The end of the sample data of a CAF file; 0 for one still being written."""
    position = 8
    for _ in range(_MOST_PARTS):
        header = file.peek(position, 12)
        if len(header) < 12:
            break
        size = int.from_bytes(header[4:], "big", signed=True)
        if size < 0:
            return 0
        position += 12 + size
        if header[:4] == b"data":
            break
    return position


def _last_page_end(file: HashedReader) -> int:
    """The end of the last Ogg page that begins in the file."""
    start = max(0, file.size - _OGG_PAGE_BYTES)
    tail = file.peek(start, _OGG_PAGE_BYTES)
    page = tail.rfind(b"OggS")
    if page < 0:
        return 0
    header_bytes = 27 + (tail[page + 26] if page + 26 < len(tail) else 0)
    segments = tail[page + 27 : page + header_bytes]
    return start + page + header_bytes + sum(segments)


def _xing_end(file: HashedReader) -> int:
    """The end of an MP3 stream by the byte count in its Xing header, if it has one."""
    start = _id3_bytes(file) if file.peek(0, 3) == b"ID3" else 0
    frame = file.peek(start, 256)
    tag = max(frame.find(b"Xing"), frame.find(b"Info"))
    if tag < 0 or len(frame) < tag + 16:
        return 0
    has_frames, has_bytes = frame[tag + 7] & 1, frame[tag + 7] & 2
    if not has_bytes:
        return 0
    field = tag + 8 + (4 if has_frames else 0)
    return start + int.from_bytes(frame[field : field + 4], "big")


def _last_box_end(file: HashedReader) -> int:
    """The end of the last top-level box of an MP4 file."""
    position = 0
    for _ in range(_MOST_PARTS):
        header = file.peek(position, 16)
        if len(header) < 8 or not header[4:8].isalnum():  # the end, or what is no box
            break
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < 8:  # 0: the box reaches to the end, whatever that is
            return 0
        position += size
    return position


def _segment_end(file: HashedReader) -> int:
    """The end of a Matroska or WebM segment; 0 for a live recording, whose size is unknown."""
    position = 4
    header_size, length = _ebml_size(file, position)
    position += length + header_size
    if file.peek(position, 4) != b"\x18\x53\x80\x67":
        return 0
    size, length = _ebml_size(file, position + 4)
    unknown = (1 << 7 * length) - 1
    return 0 if size == unknown else position + 4 + length + size


def _ebml_size(file: HashedReader, position: int) -> tuple[int, int]:
    """An EBML variable-length size: its value and the bytes it takes."""
    field = file.peek(position, 8)
    if not field or field[0] == 0:
        return 0, 1
    length = 9 - field[0].bit_length()
    value = int.from_bytes(field[:length], "big") & ((1 << 7 * length) - 1)
    return value, length
