"""Whether a file that is only found, and has no name that says so, is a recording.

By its first bytes, which must be beyond doubt: what a name promises may be tried by the decoders,
what nobody promised is left alone. `voxcor.audio.headers` knows the containers that are measured.
"""

import codecs
import io

from voxcor.audio.headers import sniff
from voxcor.audio.reader import HashedReader, Part

# Of such a length are the first bytes that `has_media_signature` wants.
HEAD_BYTES = 1 << 13

# Containers that FFmpeg or libsndfile reads and nothing else here asks about: Monkey's Audio,
# WavPack, True Audio, TAK, Musepack, Shorten, DSF, RealMedia, SPHERE, Creative, OpenMG, DTS, WTV,
# MPEG programs; IRCAM in either byte order, AVR, PARIS, PVF, Psion, FastTracker.
_FURTHER_SIGNATURES = (
    *(b"MAC ", b"wvpk", b"TTA1", b"tBaK", b"MPCK", b"MP+", b"ajkg", b"DSD ", b".RMF", b".ra\xfd"),
    *(b"NIST_1A", b"Creative Voice File", b"ea3\x03", b"EA3\x01", b"\x7f\xfe\x80\x01"),
    *(b"\xb7\xd8\x00\x20\x37\x49\xda\x11", b"\0\0\1\xba"),
    *(b"\x64\xa3\1\0", b"\x64\xa3\2\0", b"\x64\xa3\3\0", b"\0\1\xa3\x64", b"\0\2\xa3\x64"),
    *(b"2BIT", b" paf", b"fap ", b"PVF1\n", b"ALawSoundFile**", b"Extended Instrument:"),
)

# At the start of a file of chunks, and after the size of the whole.
_FURTHER_CHUNKS = (b"RIFFXWMA", b"FORM8SVX", b"FORM16SV")

# Pictures in the boxes of MP4: AVIF, HEIF, Canon's CR3.
_PICTURES = (b"avi", b"hei", b"hev", b"mif", b"msf", b"crx")


def has_media_signature(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` of a file, whatever its name, are those of a recording."""
    if is_silk(head):
        return True  # no decoder knows it, and who brings it is told how to convert it
    if _is_text(head):
        return False
    container = sniff(Part(HashedReader(io.BytesIO(head))))
    if container in ("aac", "mp3") or head[:2] in (b"\x0b\x77", b"\x56\xe0"):  # AC-3, LOAS
        # Two bytes may mean anything, as do those that UTF-16 begins with; frames repeat them.
        return head.count(head[:2]) > 2
    if container == "mp4":
        return head[8:11] not in _PICTURES
    if container:
        return True
    is_quicktime = head[:1] == b"\0" and head[4:8] in (b"moov", b"wide", b"free", b"skip", b"mdat")
    is_tagged = head[:3] == b"ID3" and len(head) > 10 and head[3] < 5
    return (
        is_quicktime
        or is_tagged
        or head.startswith(_FURTHER_SIGNATURES)
        or head[:4] + head[8:12] in _FURTHER_CHUNKS
        or any(_repeats(head, start, step) for start, step in ((0, 188), (4, 192)))
    )


def is_silk(head: bytes) -> bool:
    """Whether it is a voice message of WeChat, which has a byte before the mark, or of QQ."""
    return b"#!SILK" in head[:8]


def _is_text(head: bytes) -> bool:
    """Whether it is UTF-8, of which a last character may be cut: `MAC addresses`, `caffeine`."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _repeats(head: bytes, start: int, step: int) -> bool:
    """Whether packets of an MPEG transport stream follow each other there."""
    marks = head[start::step]
    return len(marks) > 2 and marks == b"G" * len(marks)
