"""Where sound begins in a file, and where one recording ends and the next one begins.

Taggers put ID3v2 before any container. `cat` puts recordings one behind the other, and so does an
internet radio: a chained Ogg is even valid (RFC 3533). Each is a `Part`, as if it lay alone.
"""

from collections.abc import Callable, Iterator
from itertools import islice, pairwise

from voxcor.audio.headers import (
    Container,
    boxes,
    caf_chunks,
    chunks,
    sniff,
    stated_end,
)
from voxcor.audio.reader import HashedReader, Part

# A day of radio has some hundred; what lies behind these is not heard.
MOST_PARTS = 1000

_MOST_MARKS = 100_000  # in which recordings may begin

_MOST_TAGS = 100
_MOST_PADDING = 1 << 20  # zeros after a tag
_PADDING_BYTES = 1 << 10  # at a time
_SCANNED_BYTES = 1 << 15  # at a time
_MOST_JUNK = 1 << 12  # before a recording
_LONGEST_MARK = 16
_LARGEST_AMR = 61  # bytes of a frame, of AMR-WB at 23.85 kbit/s
_FIRST_BYTES = 200  # within which a frame of MP3 says that it is the first


def _after_tags(file: Part) -> Part:
    """The same without ID3v2 tags, and zeros, before what holds the sound."""
    start = 0
    for _ in range(_MOST_TAGS):
        header = file.peek(start, 10)
        if header[:3] != b"ID3" or len(header) < 10:
            break
        start = _padding_end(file, start + _tag_bytes(header))
    return Part(file.file, min(file.start + start, file.end), file.end)


def _tag_bytes(header: bytes) -> int:
    """Of an ID3v2 tag with a header of ten bytes, and perhaps a footer of as many."""
    size = 0
    for byte in header[6:]:  # four times seven bits
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if header[5] & 0x10 else 0)


def _padding_end(file: Part, start: int) -> int:
    for position in range(start, start + _MOST_PADDING, _PADDING_BYTES):
        after = file.peek(position, _PADDING_BYTES).lstrip(b"\0")
        if after:
            end = min(position + _PADDING_BYTES, file.size) - len(after)
            # The first bytes of an MP4 are zeros, too: of its first size.
            sizes = (end - zeros for zeros in range(4) if end - zeros >= start)
            return next((size for size in sizes if file.peek(size + 4, 4) == b"ftyp"), end)
    return start


_STRONG_MARKS = (
    *(b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b".snd\0\0", b"caff\0\1", b"fLaC"),
    *(b"OggS\0\2", b"\x1aE\xdf\xa3", b"#!AMR", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"FLV\1"),
)
_STRONG_MARKS_AT_4 = (b"ftyp",)


def behind_junk(reader: HashedReader) -> int:
    """Where a recording begins behind bytes that belong to none; 0 where none does.

    Headers of HTTP, byte order marks, line ends, zeros of a disk and tags that are no ID3v2 come
    before a container; nothing is said of MPEG frames, which the decoders find by themselves.
    """
    whole = _after_tags(Part(reader))
    if whole.peek(0, 2) == b"PK":  # an archive, in which anything may lie
        return 0
    head = whole.peek(0, _MOST_JUNK)
    for start in range(1, len(head) - _LONGEST_MARK + 1):
        if head.startswith(_STRONG_MARKS, start) or head.startswith(_STRONG_MARKS_AT_4, start + 4):
            found = Part(reader, whole.start + start, whole.end)
            if sniff(found) not in ("aac", "mp3", None):
                return found.start
    return 0


def parts_of(reader: HashedReader, start: int = 0) -> tuple[list[Part], bool]:
    """The recordings from `start` on, in order, at least one; and whether these are all."""
    whole = _after_tags(Part(reader, start))
    if not whole.size:  # nothing but tags
        return [Part(reader)], True
    starts: list[int] = []
    for found in _following(whole):
        if len(starts) == MOST_PARTS - 1:
            return _cut_at(starts, whole, found), False
        starts.append(found)
    return _cut_at(starts, whole, whole.size), True


def _cut_at(starts: list[int], whole: Part, end: int) -> list[Part]:
    edges = [0, *starts, end]
    return [
        _before_tags(_after_tags(Part(whole.file, whole.start + first, whole.start + last)))
        for first, last in pairwise(edges)
    ]


def _before_tags(file: Part) -> Part:
    """The same without what lies behind the frames of AMR, which would be taken for more of them.

    That is zeros, ID3v1, APE and Lyrics3, of which each ends with its mark, and ID3v2.
    """
    if sniff(file) != "amr":
        return file
    end = file.size
    for _ in range(_MOST_TAGS):
        shorter = _tag_start(Part(file.file, file.start, file.start + end))
        if shorter >= end:
            break
        end = shorter
    return Part(file.file, file.start, file.start + end)


def _tag_start(file: Part) -> int:
    """Where the last tag begins, or the zeros; the size of the file where there are none."""
    tail = file.peek(file.size - _PADDING_BYTES, _PADDING_BYTES)
    start = file.size - len(tail) + max(0, tail.rfind(b"ID3"))
    header = file.peek(start, 10)
    if header[:3] == b"ID3" and start + _tag_bytes(header) == file.size:
        return start
    if len(sound := tail.rstrip(b"\0")) < len(tail) - _LARGEST_AMR and b"TAG" not in tail[-128:]:
        return file.size - len(tail) + len(sound)
    if tail[-128:-125] == b"TAG":
        return file.size - 128
    if tail[-32:-24] == b"APETAGEX":
        has_header = tail[-9] & 0x80
        size = int.from_bytes(tail[-20:-16], "little") + (32 if has_header else 0)
        return max(0, file.size - size)
    if tail[-9:] == b"LYRICS200" and tail[-15:-9].isdigit():
        return max(0, file.size - 15 - int(tail[-15:-9]))
    return file.size


def _following(whole: Part) -> Iterator[int]:
    """Where each further recording begins."""
    start = 0
    while True:
        rest = _after_tags(Part(whole.file, whole.start + start))
        container = sniff(rest)
        if container in _MARKS or _has_no_end(rest, container):
            shift = rest.start - whole.start
            yield from (shift + found for found in _marked(rest, container))
            return
        following = _next_start(rest, container)
        if not following:
            return
        start = rest.start - whole.start + following
        yield start


def _next_start(file: Part, container: Container | None) -> int:
    """Where the recording that a file begins with is followed by another; 0 where by none."""
    if container in ("wav", "w64", "aiff"):
        for kind, position, _ in chunks(file):
            if kind in (b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM", b"riff"):
                return position - (24 if kind == b"riff" else 8)
    elif container == "caf":
        for kind, position, _ in caf_chunks(file):
            if kind == b"caff":
                return position - 12
    elif container == "mp4":
        seen = set()
        for kind, position, _ in boxes(file):
            if kind == b"ftyp" and b"moov" in seen:
                return position
            seen.add(kind)
    elif container in ("mp3", "aac", None):
        return 0  # of frames, which end where they end
    # Chunks of an odd number of bytes are filled up by one, or not, whatever the rule is.
    end = stated_end(file, container)
    for start in (end, end + 1):
        if 0 < start < file.size:
            following = sniff(_after_tags(Part(file.file, file.start + start, file.end)))
            if following not in ("aac", "mp3", None):
                return start
    return 0


def _has_no_end(file: Part, container: Container | None) -> bool:
    """Whether its size is a placeholder, and only the bytes tell where it ends."""
    return container in _MARKS_WITHOUT_SIZE and stated_end(file, container) == 0


def _at(file: Part, position: int, length: int, is_start: Callable[[bytes], bool]) -> int:
    return position if is_start(file.peek(position, length)) else -1


def _flac_start(file: Part, position: int) -> int:
    # The first block is of kind 0 and 34 bytes long: RFC 9639.
    return _at(file, position, 8, lambda head: head[4:] in (b"\0\0\0\x22", b"\x80\0\0\x22"))


def _amr_start(file: Part, position: int) -> int:
    return _at(file, position, 9, lambda head: head[5:6] == b"\n" or head[5:] == b"-WB\n")


def _flv_start(file: Part, position: int) -> int:
    return _at(file, position, 9, lambda head: head[5:] == b"\0\0\0\x09")


def _wav_start(file: Part, position: int) -> int:
    return _at(file, position, 12, lambda head: head[8:] == b"WAVE")


def _matroska_start(file: Part, position: int) -> int:
    return _at(file, position, 64, lambda head: b"webm" in head or b"matroska" in head)


def _mp3_start(file: Part, position: int) -> int:
    """Of a tag before the first frame, or of the first frame, which an encoder writes about."""
    head = file.peek(position, 10)
    if head[:3] == b"ID3":
        is_tag = len(head) == 10 and head[3] < 5 and head[5] & 0x0F == 0 and max(head[6:]) < 0x80
        after = file.peek(position + _tag_bytes(head), 3) if is_tag else b""
        return position if after[:1] == b"\xff" or after == b"ID3" else -1
    # Between the header of a frame and this lies nothing but zeros: 32, 17 or 9 bytes of them.
    before = file.peek(position - 36, min(36, position))
    frame = before.rstrip(b"\0")[-4:]
    start = position - (len(before) - len(before.rstrip(b"\0"))) - len(frame)
    return start if sniff(Part(file.file, file.start + start, file.end)) == "mp3" else -1


# The first bytes of a recording where no size leads to it, and a closer look at what has them.
_Marks = dict[Container | None, tuple[tuple[bytes, ...], Callable[[Part, int], int]]]
_MARKS: _Marks = {
    "flac": ((b"fLaC",), _flac_start),
    "ogg": ((b"OggS\0\2", b"OggS\0\6"), lambda _, position: position),
    "amr": ((b"#!AMR",), _amr_start),
    "flv": ((b"FLV\1",), _flv_start),
    "mp3": ((b"ID3", b"Xing", b"Info"), _mp3_start),
}
_MARKS_WITHOUT_SIZE: _Marks = {
    "wav": ((b"RIFF",), _wav_start),
    "matroska": ((b"\x1aE\xdf\xa3",), _matroska_start),
}


def _marked(file: Part, container: Container | None) -> Iterator[int]:
    """Where recordings of one container begin, by their first bytes."""
    marks, start_of = (_MARKS | _MARKS_WITHOUT_SIZE)[container]
    same = _FIRST_BYTES if container == "mp3" else 0  # up to here it is the one before
    for position in islice(_scanned(file, marks), _MOST_MARKS):
        start = start_of(file, position)
        if start < 0:
            continue
        if start > same:
            yield start
        if container == "ogg":  # it begins with a page for each of its streams
            header = file.peek(start, 27 + 255)
            segments = header[27 : 27 + sum(header[26:27])]  # of a cut header none
            same = start + 27 + len(segments) + sum(segments)
        elif container == "mp3":  # with a tag, the first frame, and what the encoder says in it
            after = _after_tags(Part(file.file, file.start + start, file.end))
            same = after.start - file.start + _FIRST_BYTES


def _scanned(file: Part, marks: tuple[bytes, ...]) -> Iterator[int]:
    """Each place of a mark, in order."""
    longest = max(map(len, marks))
    for start in range(0, file.size, _SCANNED_BYTES):
        block = file.peek(start, _SCANNED_BYTES + longest - 1)
        found = []
        for mark in marks:
            place = block.find(mark)
            while place >= 0:
                found.append(start + place)
                place = block.find(mark, place + 1)
        yield from sorted(found)
