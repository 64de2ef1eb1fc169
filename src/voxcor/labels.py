"""The emotion labels: ids, names in two languages, emoji and colour.

The nine defaults stand in the order that published models have them in. A model may carry other
labels; an id that is not among the nine gets its own id as name.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from voxcor.language import listed, say
from voxcor.untrusted import printable, trimmed


@dataclass(frozen=True, slots=True)
class Label:
    """One emotion: `id` is what files and APIs carry, the rest is for people."""

    id: str
    en: str
    zh: str
    emoji: str
    color: str

    @property
    def name(self) -> str:
        """The name in the language of this process."""
        return say(self.en, self.zh)

    @property
    def both_names(self) -> str:
        """Both names, the reader's first: `快乐 (Happy)` or `Happy (快乐)`."""
        if self.en == self.zh:
            return self.en
        return say(f"{self.en} ({self.zh})", f"{self.zh} ({self.en})")


LABELS = (
    Label("angry", "Angry", "愤怒", "😠", "#D7263D"),
    Label("disgusted", "Disgusted", "厌恶", "🤢", "#6B8E23"),
    Label("fearful", "Fearful", "恐惧", "😨", "#7B4FA3"),
    Label("happy", "Happy", "快乐", "😊", "#F2A900"),
    Label("neutral", "Neutral", "中性", "😐", "#8A8F98"),
    Label("other", "Other", "其他", "🤔", "#8C6D5A"),
    Label("sad", "Sad", "悲伤", "😢", "#2D6CDF"),
    Label("surprised", "Surprised", "惊讶", "😲", "#00A6A6"),
    Label("unknown", "Unknown", "未知", "❓", "#BFC4CC"),
)

LABEL_IDS = tuple(label.id for label in LABELS)

_BY_ID = {label.id: label for label in LABELS}

# Hues for labels that a fine-tuned model brings along, away from the nine above.
EXTRA_COLORS = ("#B5179E", "#3A7D44", "#5F0F40", "#118AB2", "#EF6F6C", "#6C584C")

# Longer is a sentence; with SenseVoice's tags that is what was said.
_LONGEST_NAME = 400

# What corpora, tools and people call the nine beside their names here, in lower case; whatever else
# they have is a label of its own until it is mapped. Those in German, French, Italian and Spanish
# are how folders of corpora are called.
_SYNONYMS = {
    **{name: label.id for label in LABELS for name in (label.id, label.en.lower(), label.zh)},
    **{label.emoji: label.id for label in LABELS},
    **dict.fromkeys(("anger", "ang", "angr"), "angry"),
    **dict.fromkeys(("生气", "愤怒的", "怒", "发怒", "气愤", "恼怒", "憤怒", "生氣"), "angry"),
    **dict.fromkeys(("wut", "ärger", "zorn", "colère", "colere", "rabbia", "enojo"), "angry"),
    **dict.fromkeys(("disgust", "dis", "disg", "disgusting"), "disgusted"),
    **dict.fromkeys(("讨厌", "厌恶的", "厌", "嫌弃", "反感", "恶心", "厭惡"), "disgusted"),
    **dict.fromkeys(("ekel", "dégoût", "degout", "disgusto", "asco"), "disgusted"),
    **dict.fromkeys(("fear", "fea", "afraid", "scared", "frightened", "fearfull"), "fearful"),
    **dict.fromkeys(("害怕", "恐惧的", "恐", "惧", "惊恐", "恐懼"), "fearful"),
    **dict.fromkeys(("angst", "peur", "paura", "miedo"), "fearful"),
    **dict.fromkeys(("happiness", "joy", "hap", "happ"), "happy"),
    **dict.fromkeys(("开心", "高兴", "喜", "喜悦", "愉快", "欢快", "快乐的", "快樂"), "happy"),
    **dict.fromkeys(("freude", "joie", "gioia", "alegría", "alegria"), "happy"),
    **dict.fromkeys(("neutrality", "neu", "neut", "neutre", "neutrale"), "neutral"),
    **dict.fromkeys(("中立", "平静", "中性的", "平淡", "无情绪", "无情感"), "neutral"),
    **dict.fromkeys(("sadness", "sadnes", "trauer", "tristesse", "tristezza", "tristeza"), "sad"),
    **dict.fromkeys(("难过", "伤心", "悲伤的", "悲", "哀", "哀伤", "悲痛", "悲傷", "難過"), "sad"),
    **dict.fromkeys(("surprise", "sur", "surp", "überraschung", "sorpresa"), "surprised"),
    **dict.fromkeys(("吃惊", "惊奇", "惊", "惊讶的", "诧异", "驚訝"), "surprised"),
    **dict.fromkeys(("<unk>", "unk", "emo_unknown"), "unknown"),
}

# What stands between two names in one cell: `愤怒/angry`, `愤怒 (angry)`, `angry;sad`.
_BETWEEN = re.compile(r"[/\\|;,+&()\[\]{}（）【】、，；\s]+")

# `happy:0.8`, `happy (80 %)`: how sure somebody was.
_SCORE = re.compile(
    r"(?:[:=(\s]\s*(?:[01]?\.\d+|\d{1,3}(?:\.\d+)?\s?%)|[:=(]\s*[01])(?=$|[\s;,|/)])"
)

# SenseVoice writes `<|zh|><|HAPPY|><|Speech|>`, ESPnet's recipes `<hap> and what is said`.
_TAG = re.compile(r"<\|?(\w+)\|?>")

# Words beside the name of an emotion that say only that it is one.
_NOUN = re.compile(r"(?:情绪|情感|语音|类|的)$|[\s_-]*(?:emotions?|voice|speech)$")


def get_label(label_id: str) -> Label:
    """The label with this id; an id outside the nine is named by itself."""
    known = _BY_ID.get(label_id)
    if known is not None:
        return known
    color = EXTRA_COLORS[sum(map(ord, label_id)) % len(EXTRA_COLORS)]
    name = printable(label_id).replace("_", " ").capitalize()
    return Label(label_id, name, name, "🔖", color)


def label_named(text: str) -> str | None:
    """The id of the one of the nine that is called so, None where it is none of them.

    Any case, both languages, what corpora write (`anger`, `hap`, `生气`), both names of one
    (`生气/angry`, `愤怒（angry）`), one with its score (`happy:0.8`), a tag (`<|HAPPY|>`).
    """
    ids = labels_named(text)
    return ids[0] if len(ids) == 1 else None


def labels_named(text: str) -> tuple[str, ...]:
    """The ids of those of the nine that a text names, if it names nothing else: `angry;sad`."""
    name = unicodedata.normalize("NFKC", trimmed(text)).casefold()
    if len(name) > _LONGEST_NAME:
        return ()
    if known := _known(name):
        return (known,)
    if tags := [known for tag in _TAG.findall(name) if (known := _known(tag))]:
        return tuple(dict.fromkeys(tags))
    parts = [part for part in _BETWEEN.split(_SCORE.sub(" ", name)) if part]
    ids = [_known(part) for part in parts]
    return tuple(dict.fromkeys(known for known in ids if known)) if all(ids) else ()


def is_code(text: str) -> bool:
    """Whether it is the number or the letter by which a corpus calls a label (`3`, MSP's `A`)."""
    return re.fullmatch(r"-?\d+(?:\.0)?|[A-Za-z]", text) is not None


def _known(name: str) -> str | None:
    return _SYNONYMS.get(name) or _SYNONYMS.get(_NOUN.sub("", name))


def label_meant(text: str) -> str:
    """What a person means where it is not known which model will answer.

    A name of the nine that only people use is one of them: `愤怒`, `开心/happy`, 😠. Anything else
    may be a model's own label, `anger` too.
    """
    name = text.strip()
    return name if name.isascii() else label_named(name) or name


def own_label(text: str, own: Sequence[str]) -> str | None:
    """Which of a model's own labels a person means by `text`, None where it is none of them."""
    name = text.strip()
    folded = {label.casefold(): label for label in own}
    known = name if name in own else folded.get(name.casefold()) or label_named(name)
    return known if known in own else None


def own_labels(texts: Sequence[str], own: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Those of a model's own labels that `texts` name, in its order; texts that name none."""
    found = {text: own_label(text, own) for text in texts}
    chosen = set(found.values())
    return tuple(label for label in own if label in chosen), [t for t in texts if not found[t]]


def objection(texts: Sequence[str], own: Sequence[str]) -> tuple[str, str] | None:
    """Why a model with labels of its `own` cannot choose among `texts` alone, in both languages.

    The model is the subject of the sentence; None where it can.
    """
    _, foreign = own_labels(texts, own)
    if texts and not foreign:
        return None
    named, known = listed(foreign), listed(own)
    return (
        f"has no label {named.en or '(none given)'}. Its labels: {known.en}.",
        f"没有标签 {named.zh or '（未给出）'}。可用标签：{known.zh}。",
    )
