"""Kaldi's data folders: `wav.scp` and what lies beside it (kaldi-asr.org/doc/data_prep.html).

`wav.scp` gives a recording a name, `recording path` a line. With `segments` beside it, `utterance
recording start end` in seconds, where an end of -1 is that of the recording, the rows are those
utterances. `utt2spk` says who speaks in each, `utt2emo` (or utt2emotion, utt2label) what is felt,
`utt2lang` the language. A `text` says what is felt where each of its lines is an emotion.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from voxcor.labels import label_named
from voxcor.language import say
from voxcor.sources import is_file
from voxcor.tables.times import LONGEST_S, seconds

SEGMENTS = "segments"

# The lines of a file.
Read = Callable[[Path], Iterable[str]]

# A line, what it says by column, and what is wrong with it where anything is.
KaldiRow = tuple[int, dict[str, str], str | None]

# Of a row's columns beside `key` and `path` those that are files of their own.
# FunASR's go with the name of the list: `train_emo.txt` with `train_wav.scp`.
_BESIDE = {
    "speaker": ("utt2spk", "spk.txt"),
    "label": ("utt2emo", "utt2emotion", "utt2label", "emo.txt", "emotion.txt", "label.txt"),
    "language": ("utt2lang",),
}

_LIST = re.compile(r"(.*?)wav\.scp", re.IGNORECASE)


def segments_of(source: Path) -> Path | None:
    """The file that cuts the recordings of a `wav.scp` into utterances, where there is one."""
    beside = source.with_name(SEGMENTS)
    return beside if source.name.lower() == "wav.scp" and is_file(beside) else None


def read_kaldi(source: Path, read: Read) -> Iterator[KaldiRow]:
    """The utterances of a data folder, in the order and lines of `segments`, else of `wav.scp`."""
    called = _LIST.fullmatch(source.name)
    prefix = called[1] if called else ""
    beside = {
        column: dict(_pairs(read(source.with_name(prefix + name))))
        for column, names in _BESIDE.items()
        for name in names[::-1]
        if is_file(source.with_name(prefix + name))
    }
    text = source.with_name("text")
    if "label" not in beside and is_file(text):
        said = dict(_pairs(read(text)))
        if all(label_named(words) for words in said.values()):
            beside["label"] = said
    segments = segments_of(source)
    recordings = None if segments is None else dict(_pairs(read(source)))
    for number, line in enumerate(read(segments or source), start=1):
        if not line.strip():
            continue
        if recordings is None:
            key, values, fault = _recording(line)
        else:
            key, values, fault = _utterance(line, recordings)
        more = {column: known[key] for column, known in beside.items() if key in known}
        yield number, {"key": key, **values, **more}, fault


def _recording(line: str) -> tuple[str, dict[str, str], str | None]:
    key, path = _pair(line)
    return key, {"path": path}, _fault(path)


def _utterance(line: str, recordings: dict[str, str]) -> tuple[str, dict[str, str], str | None]:
    key, recording, start, end, *_ = (*line.split(), *[""] * 4)
    path = recordings.get(recording)
    if path is None:
        return key, {}, say(f"wav.scp has no {recording}", f"wav.scp 中没有 {recording}")
    end = f"{LONGEST_S:.0f}" if seconds(end) == -1 else end
    return key, {"path": path, "start": start, "end": end}, _fault(path)


def _fault(path: str) -> str | None:
    if not path.endswith("|"):
        return None
    en = "is a command, and commands in a list are not run; give the file it makes"
    zh = "是一条命令；清单中的命令不会被执行，请给出其生成的文件"
    return say(en, zh)


def _pairs(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    return (_pair(line) for line in lines if line.strip())


def _pair(line: str) -> tuple[str, str]:
    """The first word, and the rest; tabs and spaces are the same."""
    first, *rest = line.strip().split(None, 1)
    return first, rest[0] if rest else ""
