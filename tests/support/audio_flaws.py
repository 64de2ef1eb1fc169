"""Files as the world makes them: what taggers, pipes, `cat` and cameras do to a good one.

Each takes the bytes of a good file, or the sound to put in one, and gives the bytes of the other.
"""

import io
from fractions import Fraction

import av
import numpy as np

from audio_files import Samples

# Containers and codecs that hold several streams, and whether a picture goes with them.
MUXED = {
    "mp4": ("mp4", "aac", "mpeg4"),
    "mov": ("mov", "pcm_s16le", "mpeg4"),
    "m4a": ("ipod", "aac", None),
    "mkv": ("matroska", "aac", "mpeg4"),
    "mka": ("matroska", "flac", None),
    "webm": ("webm", "libopus", "vp8"),
    "flv": ("flv", "aac", "flv1"),
    "ts": ("mpegts", "aac", "mpeg2video"),
    "ts-mp2": ("mpegts", "mp2", "mpeg2video"),
    "3gp": ("3gp", "aac", "mpeg4"),
}


def tagged(content: bytes, *sizes: int, padding: int = 0, footer: bool = False) -> bytes:
    """After ID3v2 tags of so many bytes, with zeros between each and what follows it."""
    tags = []
    for size in sizes:
        counted = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
        flags = b"\x10" if footer else b"\0"
        tags += [b"ID3\4\0" + flags + counted, b"x" * size, bytes(padding)]
        if footer:
            tags.insert(-1, b"3DI\4\0" + flags + counted)
    return b"".join(tags) + content


def sized(content: bytes, size: int) -> bytes:
    """With `size` for the sample data's in the header, and for the whole file's; as a pipe has."""
    fields: list[tuple[int, int, str]]  # position, bytes, byte order
    if content[:4] == b"riff":
        fields = [(16, 8, "little"), (content.index(b"data\xf3\xac") + 16, 8, "little")]
    elif content[:4] == b"RF64":
        fields = [(20, 8, "little"), (28, 8, "little"), (36, 8, "little")]
    elif content[:4] == b"RIFF":
        fields = [(4, 4, "little"), (content.index(b"data") + 4, 4, "little")]
    elif content[:4] == b"FORM":
        fields = [(4, 4, "big"), (content.index(b"SSND") + 4, 4, "big")]
    elif content[:4] == b".snd":
        fields = [(8, 4, "big")]
    else:
        assert content[:4] == b"caff"
        fields = [(content.index(b"data") + 4, 8, "big")]
    patched = bytearray(content)
    for position, width, order in fields:
        value = size % (1 << 8 * width)
        patched[position : position + width] = value.to_bytes(width, order)  # type: ignore[arg-type]
    return bytes(patched)


def without_end(ogg: bytes) -> bytes:
    """An Ogg file whose last page does not say that it is the last, as a killed recorder leaves."""
    page = ogg.rindex(b"OggS")
    patched = bytearray(ogg)
    patched[page + 5] &= ~4
    patched[page + 22 : page + 26] = bytes(4)
    crc = 0
    for byte in patched[page:]:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    patched[page + 22 : page + 26] = crc.to_bytes(4, "little")
    return bytes(patched)


def muxed(name: str, *tracks: Samples, rate: int = 48_000, late: float = 0.0) -> bytes:
    """A file of `MUXED` with sound tracks `[N, C]`, which begin `late` seconds after its picture.

    Where the container has no picture, nothing is there before the sound.
    """
    container, codec, picture_codec = MUXED[name]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        picture = output.add_stream(picture_codec, rate=25) if picture_codec else None
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"  # type: ignore[union-attr]
        packets = []
        for samples in tracks:
            layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
            stream = output.add_stream(codec, rate=rate, layout=layout)
            stream.codec_context.open()
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=layout)
            frame.rate, frame.pts, frame.time_base = rate, round(late * rate), Fraction(1, rate)
            resampler = av.AudioResampler(
                stream.format, layout, rate, frame_size=stream.codec_context.frame_size or None
            )
            for part in [*resampler.resample(frame), *resampler.resample(None), None]:
                packets += stream.encode(part)
        if picture is not None:
            longest = late + max(len(samples) for samples in tracks) / rate
            for index in range(round(25 * longest)):
                black = np.zeros((48, 64, 3), np.uint8)
                image = av.VideoFrame.from_ndarray(black, format="rgb24")
                image.pts, image.time_base = index, Fraction(1, 25)
                packets += picture.encode(image)  # type: ignore[union-attr]
            packets += picture.encode(None)  # type: ignore[union-attr]
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            output.mux(packet)
    return file.getvalue()


def muxed_plainly(container: str) -> bytes:
    """Half a second of a tone in a container that FFmpeg writes, in the codec that it prefers.

    Raises:
        av.FFmpegError, TypeError, ValueError: it takes no such sound.
    """
    rates = (48_000, 16_000, 8_000, 44_100)
    for rate in rates:
        file = io.BytesIO()
        try:
            with av.open(file, "w", format=container) as output:
                stream = output.add_stream(output.default_audio_codec, rate=rate, layout="mono")
                stream.codec_context.open()
                tone = 0.3 * np.sin(np.arange(rate // 2) * 0.1).astype(np.float32)[None]
                frame = av.AudioFrame.from_ndarray(tone, format="flt", layout="mono")
                frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
                resampler = av.AudioResampler(
                    stream.format, "mono", rate, frame_size=stream.codec_context.frame_size or None
                )
                for part in [*resampler.resample(frame), *resampler.resample(None), None]:
                    output.mux(stream.encode(part))
        except (av.FFmpegError, ValueError):
            if rate == rates[-1]:
                raise
        else:
            return file.getvalue()
    raise AssertionError
