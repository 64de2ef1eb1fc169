"""What the columns of a list are for, by the names that people and corpora give them.

A name counts in any case and spelling (`File Name`, `file-name`, `FileName`), in English and in
Chinese. Of several columns for one thing the first of its names here that says something counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from voxcor.tables.times import SpanColumns, TimesUnclear, span_columns, squeezed

Role = Literal[
    "path",
    "folder",
    "label",
    "speaker",
    "key",
    "language",
    "corpus",
    "split",
    "arousal",
    "valence",
]

_NAMES: Mapping[Role, tuple[str, ...]] = {
    "path": (
        *("path", "wav", "file", "audio", "filename", "filepath", "audiofilepath", "audiopath"),
        *("audiofile", "audiofilename", "audioname", "wavpath", "wavfile", "wavfilepath"),
        *("wavfilename", "wavname", "fullpath", "absolutepath", "relativepath", "relpath"),
        *("fname", "clip", "clippath", "clipname", "recording", "recordingpath", "recordingfile"),
        *("sound", "soundfile", "audiourl", "路径", "文件", "文件名", "文件名称", "文件路径"),
        *("音频", "音频文件", "音频文件名", "音频路径", "录音", "录音文件", "录音文件名"),
        *("录音路径", "语音", "语音文件", "语音路径", "音频名称", "音频名", "录音名称", "录音名"),
        *("语音名称", "语音名", "datei", "dateiname", "fichier", "archivo"),
        "source",  # FunASR's; elsewhere it may be anything
    ),
    "folder": ("folder", "dir", "directory", "foldername", "文件夹", "目录"),
    "label": (
        *("label9", "label", "emotion", "emo", "emotionlabel", "emolabel", "labelname"),
        *("emotionname", "emotionclass", "emoclass", "emotioncategory", "class", "category"),
        *("emotarget", "emotiontarget", "labeltext", "emotiontext", "labelstr", "labelen"),
        *("labelzh", "emotionen", "emotionzh", "emotioncn", "emotioneng", "emotionchinese"),
        *("emotionenglish", "majoremotion", "mainemotion", "finalemotion", "goldemotion"),
        *("groundtruth", "goldlabel", "truelabel", "classname", "target", "émotion"),
        *("标签", "情感", "情绪", "情感标签", "情绪标签", "情感类别", "情绪类别", "类别", "标注"),
        *("标签中文", "标签英文", "情感中文", "情感英文", "情绪中文", "情绪英文", "情感标签中文"),
        *("情感标签英文", "情绪标签中文", "情绪标签英文", "中文标签", "英文标签"),
        # Numbers, mostly: then the row is told so.
        *("labelid", "labelidx", "labelindex", "classid", "emotionid", "emoid", "标签编号"),
    ),
    "speaker": (
        *("speaker", "speakerid", "speakername", "spk", "spkid", "spkr", "actor", "actorid"),
        *(
            "spkrid",
            "talker",
            "talkerid",
            "sprecher",
            "locuteur",
            "说话人",
            "说话者",
            "说话人id",
            "说话人编号",
            "发言人",
            "讲话人",
        ),
    ),
    "key": ("key", "id", "utt", "uttid", "utteranceid", "编号", "键"),
    "language": ("language", "lang", "locale", "语言", "语种"),
    "corpus": ("corpus", "dataset", "语料", "语料库", "数据集"),
    "split": ("split", "splitset", "subset", "partition", "划分", "子集"),
    "arousal": ("arousal", "唤醒度", "唤醒"),
    "valence": ("valence", "效价", "愉悦度"),
}

_PLACE = {name: (role, place) for role, names in _NAMES.items() for place, name in enumerate(names)}

# What a sentence says that was looked for.
PATHS = "path, wav, file, audio, file_name, audio_filepath，路径，文件，音频"
LABELS = "label9, label, emotion, emo，标签，情感，情绪"


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a list: their names, what they are for, where a row lies in its recording.

    `unclear` are columns that look like times and cannot be understood; then nothing is known.
    """

    names: tuple[str, ...]
    roles: Mapping[Role, tuple[str, ...]]
    span: SpanColumns | None
    unclear: tuple[str, ...]

    def first(self, role: Role, values: Mapping[str, str]) -> str:
        """What the first column for it says that says anything."""
        return next((values[name] for name in self.roles.get(role, ()) if values.get(name)), "")


@lru_cache(maxsize=64)
def header_of(names: tuple[str, ...]) -> Header:
    """What the columns of these names are for."""
    found: dict[Role, list[tuple[int, str]]] = {}
    for name in names:
        if (known := _PLACE.get(squeezed(name))) is not None:
            found.setdefault(known[0], []).append((known[1], name))
    roles = {role: tuple(name for _, name in sorted(columns)) for role, columns in found.items()}
    rest = [name for name in names if squeezed(name) not in _PLACE]
    span, unclear = None, tuple[str, ...]()
    try:
        span = span_columns(rest)
    except TimesUnclear as error:
        unclear = error.names
    return Header(names, MappingProxyType(roles), span, unclear)


def known_columns(names: Sequence[str]) -> int:
    """How many of the names say what they are for; none where no recording is among them."""
    header = header_of(tuple(names))
    times = 2 if header.span else len(header.unclear)
    return times + sum(map(len, header.roles.values())) if "path" in header.roles else 0
