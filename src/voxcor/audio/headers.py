"""What a file's first bytes say: its container, and how long the whole file must be.

Decoders mostly take a cut file for a short one. The containers know better: each states somewhere
how many bytes belong to it. References: RIFF and RF64 (EBU Tech 3306), AIFF 1.3, Sony's Wave64,
Ogg (RFC 3533), ISO/IEC 14496-12 boxes, EBML (RFC 8794), the Xing header of MP3, Sun's .au, Apple's
CAF 1.0, Microsoft's ASF 1.20.
"""

from collections.abc import Iterator
from typing import Literal

from voxcor.audio.reader import Part
from voxcor.extensions import PROMISED, extension_of

Container = Literal[
    "wav",
    "w64",
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
    "avi",
    "flv",
]

# How far from a round number a size may lie that only stands for one: the header is taken off it,
# and it is rounded to whole sample frames or pages.
_ROUNDING = 1 << 16

_OGG_PAGE_BYTES = 27 + 255 + 255 * 255  # the largest page there can be

_CHUNKED = ("wav", "w64", "aiff")

# So many bytes behind a WAV's samples may be anything; more are not there for nothing.
_FEWEST_SAMPLES = 1 << 12

# No recording has more chunks or boxes than this; a file made to keep us busy might.
_MOST_PARTS = 100_000


def sniff(file: Part) -> Container | None:
    """The container by its magic bytes, None for one not listed here."""
    head = file.peek(0, 16)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head == _W64_RIFF:
        return "w64"
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
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"FLV\1" and head[5:9] == b"\0\0\0\x09":
        return "flv"
    if _is_adts(head):
        return "aac"
    if _is_mpeg_audio(head):
        return "mp3"
    return None


def contradicts_extension(name: str, container: Container | None) -> bool:
    """Whether the extension of `name` promises another container than the bytes hold."""
    promised = PROMISED.get(extension_of(name), frozenset())
    return bool(promised) and container is not None and container not in promised


def missing_bytes(file: Part, container: Container | None) -> int:
    """How many bytes the file is short of what its header says; 0 where that says nothing."""
    return max(0, stated_end(file, container) - file.size)


def stated_end(file: Part, container: Container | None) -> int:
    """Where the sound ends as the header says; 0 where that says nothing, or a placeholder."""
    measure = {
        "wav": _chunk_end,
        "w64": _chunk_end,
        "aiff": _chunk_end,
        "avi": _riff_end,
        "au": _au_end,
        "caf": _caf_end,
        "ogg": _last_page_end,
        "mp3": _xing_end,
        "mp4": _last_box_end,
        "matroska": _segment_end,
        "asf": _asf_end,
    }.get(container or "")
    return measure(file) if measure else 0


def is_placeholder(size: int, frame_bytes: int = 1) -> bool:
    """Whether a size only stands for one, because the file was written to where none can seek.

    Programs put whatever no such file can have: nothing, all ones, the largest number with or
    without its sign, less the header and rounded; or a thousand million, of bytes or of frames.
    """
    if size <= 0:
        return True
    # Rounded to 2^24, as those of 2^31 and 2^32 are; one true size in 128 looks so, too.
    beside = size % (1 << 24)
    if size >= 1 << 30 and min(beside, (1 << 24) - beside) <= _ROUNDING:
        return True
    return size >= 1 << 48 or _is_round(size) or _is_round(size / frame_bytes)


def _is_round(number: float) -> bool:
    """Whether it is one digit and eight zeros, or more of them."""
    return number >= 10**8 and number % 10 ** (len(str(int(number))) - 1) == 0


def holds_mpeg(file: Part, container: Container | None) -> bool:
    """Whether MPEG audio is in there that libsndfile might try, bare or in a WAV, whole or not."""
    if container == "wav":
        order = _byte_order(file)
        for kind, position, _ in chunks(file):
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


_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"


def _byte_order(file: Part) -> Literal["little", "big"]:
    return "big" if file.peek(0, 4) in (b"RIFX", b"FORM") else "little"


def chunks(file: Part) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and size of each chunk of a RIFF, RIFX, RF64, Wave64 or AIFF file.

    Where another such file lies behind it, that one's header comes as the last of the chunks.
    """
    is_w64 = file.peek(0, 4) == b"riff"
    order = _byte_order(file)
    # Wave64 has a GUID for a name, eight bytes for a size that counts the header, and other steps.
    name, field, step = (16, 8, 8) if is_w64 else (4, 4, 2)
    position = 40 if is_w64 else 12
    for _ in range(_MOST_PARTS):
        header = file.peek(position, name + field)
        if len(header) < name + field:
            return
        size = int.from_bytes(header[name:], order) - (24 if is_w64 else 0)
        if size < 0:
            return
        position += name + field
        yield header[:4], position, size
        position += size + -size % step


def sample_data(file: Part) -> tuple[int, int, int]:
    """Of a file of chunks: where its samples start, what size the header gives them, and the bytes
    of a sample frame. The start is 0 where there are none; in AIFF it is eight bytes before them.
    """
    order = _byte_order(file)
    size_64 = 0
    frame_bytes = 1
    for kind, position, size in chunks(file):
        if kind == b"ds64":
            size_64 = int.from_bytes(file.peek(position + 8, 8), "little")
        elif kind == b"fmt ":
            frame_bytes = int.from_bytes(file.peek(position + 12, 2), order) or 1
        elif kind in (b"data", b"SSND"):
            if size == 0xFFFFFFFF and size_64:
                size = size_64
            return position, size, frame_bytes
    return 0, 0, 1


def _chunk_end(file: Part) -> int:
    """The end of the sample data of a file of chunks; 0 where its size is a placeholder."""
    start, size, frame_bytes = sample_data(file)
    written = size if _knows_whole(file) and size < 1 << 30 else None
    return start + size if written or not is_placeholder(size, frame_bytes) else 0


def _knows_whole(file: Part) -> bool:
    """Whether a file of chunks has its own size first: who wrote that was able to seek."""
    return file.size == 8 + int.from_bytes(file.peek(4, 4), _byte_order(file))


def _samples_go_on(file: Part, end: int) -> bool:
    """Whether behind the `end` that a WAV's header gives its samples lie more of them.

    Recorders count frames for bytes, forget a channel, begin anew after 4 GiB, or never come back
    to the header that they began with.
    """
    tail = file.peek(end, 12)
    for header in (tail, tail[1:]):  # an odd chunk is filled up by one byte, or not
        size = int.from_bytes(header[4:8], _byte_order(file))
        if header[:4].isascii() and header[:4].decode().isprintable() and size <= file.size - end:
            return False
        if header.startswith((b"ID3", b"TAG", b"APETAGEX", b"LYRICS")):
            return False
    if not any(file.peek(end, _FEWEST_SAMPLES)):
        return False
    return file.size - end >= (2 if _knows_whole(file) else _FEWEST_SAMPLES)


def known_sizes(file: Part, container: Container | None) -> dict[int, bytes]:
    """What a header should say where its sizes are placeholders or wrong, by position.

    Placeholders of a WAV decoders see through.
    """
    if container == "au":
        size = int.from_bytes(file.peek(8, 4), "big")
        return {8: b"\xff" * 4} if is_placeholder(size) else {}
    if container == "caf":
        return {
            position - 8: b"\xff" * 8
            for kind, position, size in caf_chunks(file)
            if kind == b"data" and is_placeholder(size)
        }
    fields: dict[int, int] = {}
    start, size, frame_bytes = sample_data(file) if container in _CHUNKED else (0, 0, 1)
    if container == "aiff" and start and is_placeholder(size - 8):
        return {start - 4: min(file.size - start, 0xFFFFFFFF).to_bytes(4, "big")}
    if container == "wav" and start and size and _samples_go_on(file, start + size):
        true_size = min(file.size - start, 0xFFFFFFFF)
        return {start - 4: true_size.to_bytes(4, _byte_order(file))}
    if start and is_placeholder(size, frame_bytes):
        if container == "w64":
            fields = {16: file.size, start - 8: file.size - start + 24}
        elif file.peek(12, 4) == b"ds64":
            fields = {20: file.size - 8, 28: file.size - start}
    return {position: value.to_bytes(8, "little") for position, value in fields.items()}


def _riff_end(file: Part) -> int:
    """The end of the first part of an AVI file, which may have more."""
    size = int.from_bytes(file.peek(4, 4), "little")
    return 0 if is_placeholder(size) else 8 + size


def _au_end(file: Part) -> int:
    """The end of the sample data of an .au file; 0 for one written to a pipe."""
    header = file.peek(4, 8)
    start, size = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")
    return 0 if is_placeholder(size) else start + size


def caf_chunks(file: Part) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and size of each chunk of a CAF file; of one still being written, -1.

    Where another such file lies behind it, that one's header comes as the last of the chunks.
    """
    position = 8
    for _ in range(_MOST_PARTS):
        header = file.peek(position, 12)
        if len(header) < 12:
            return
        size = int.from_bytes(header[4:], "big", signed=True)
        position += 12
        yield header[:4], position, size
        if size < 0:
            return
        position += size


def _caf_end(file: Part) -> int:
    """The end of the sample data of a CAF file; 0 for one still being written."""
    end = 0
    for kind, position, size in caf_chunks(file):
        if kind == b"data":
            return 0 if is_placeholder(size) else position + size
        end = position + size
    return end


def _last_page_end(file: Part) -> int:
    """The end of the last Ogg page that begins in the file."""
    start = max(0, file.size - _OGG_PAGE_BYTES)
    tail = file.peek(start, _OGG_PAGE_BYTES)
    page = tail.rfind(b"OggS")
    if page < 0:
        return 0
    header_bytes = 27 + (tail[page + 26] if page + 26 < len(tail) else 0)
    segments = tail[page + 27 : page + header_bytes]
    return start + page + header_bytes + sum(segments)


def _xing_end(file: Part) -> int:
    """The end of an MP3 stream by the byte count in its Xing header, if it has one."""
    frame = file.peek(0, 256)
    tag = max(frame.find(b"Xing"), frame.find(b"Info"))
    if tag < 0 or len(frame) < tag + 16:
        return 0
    has_frames, has_bytes = frame[tag + 7] & 1, frame[tag + 7] & 2
    if not has_bytes:
        return 0
    field = tag + 8 + (4 if has_frames else 0)
    size = int.from_bytes(frame[field : field + 4], "big")
    return 0 if is_placeholder(size) else size


def boxes(file: Part) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each top-level box of an MP4 file; the end is 0 for "to the end"."""
    position = 0
    for _ in range(_MOST_PARTS):
        header = file.peek(position, 16)
        if len(header) < 8 or not header[4:8].isalnum():  # the end, or what is no box
            return
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        yield header[4:8], position, position + size if size >= 8 else 0
        if size < 8:
            return
        position += size


_SOUND_BOXES = (b"moov", b"moof", b"mdat")


def _last_box_end(file: Part) -> int:
    """The end of the last top-level box of an MP4 file that holds sound, or says where it is.

    Tags behind it look like boxes, and tell no size.
    """
    return max((end for kind, _, end in boxes(file) if kind in _SOUND_BOXES), default=0)


def _segment_end(file: Part) -> int:
    """The end of a Matroska or WebM segment; 0 for a live recording, whose size is unknown."""
    position = 4
    header_size, length = _ebml_size(file, position)
    position += length + header_size
    if file.peek(position, 4) != b"\x18\x53\x80\x67":
        return 0
    size, length = _ebml_size(file, position + 4)
    unknown = (1 << 7 * length) - 1
    return 0 if size == unknown else position + 4 + length + size


_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def _asf_end(file: Part) -> int:
    """The end of an ASF file by its file properties; 0 for a broadcast."""
    position, end = 30, int.from_bytes(file.peek(16, 8), "little")
    for _ in range(_MOST_PARTS):
        header = file.peek(position, 92)
        size = int.from_bytes(header[16:24], "little")
        if len(header) < 92 or size < 24 or position >= end:
            return 0
        if header[:16] == _ASF_FILE_PROPERTIES:
            return 0 if header[88] & 1 else int.from_bytes(header[40:48], "little")
        position += size
    return 0


def _ebml_size(file: Part, position: int) -> tuple[int, int]:
    """An EBML variable-length size: its value and the bytes it takes."""
    field = file.peek(position, 8)
    if not field or field[0] == 0:
        return 0, 1
    length = 9 - field[0].bit_length()
    value = int.from_bytes(field[:length], "big") & ((1 << 7 * length) - 1)
    return value, length
