"""The emotion labels: ids, names in two languages, emoji and colour.

The nine defaults stand in the order of emotion2vec's classifier rows (its `tokens.txt`). A model
may carry other labels; an id that is not among the nine gets its own id as name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from voxcor.language import say
from voxcor.untrusted import printable


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
_EXTRA_COLORS = ("#B5179E", "#3A7D44", "#5F0F40", "#118AB2", "#EF6F6C", "#6C584C")

# What corpora, tools and people call the nine beside their names here; whatever else they have is a
# label of its own until it is mapped. English in lower case.
_SYNONYMS = {
    **{name: label.id for label in LABELS for name in (label.id, label.en.lower(), label.zh)},
    **{label.emoji: label.id for label in LABELS},
    **dict.fromkeys(("anger", "ang", "生气", "愤怒的"), "angry"),
    **dict.fromkeys(("disgust", "dis", "讨厌"), "disgusted"),
    **dict.fromkeys(("fear", "fea", "害怕", "恐惧的"), "fearful"),
    **dict.fromkeys(("happiness", "joy", "hap", "开心", "高兴"), "happy"),
    **dict.fromkeys(("neutrality", "neu", "中立", "平静"), "neutral"),
    **dict.fromkeys(("sadness", "难过", "伤心"), "sad"),
    **dict.fromkeys(("surprise", "sur", "吃惊", "惊奇"), "surprised"),
    "<unk>": "unknown",
}

# The English halves of the hub's `tokens.txt` are our ids but for the unknown token.
_HUB_TOKENS = {"<unk>": "unknown"}


def get_label(label_id: str) -> Label:
    """The label with this id; an id outside the nine is named by itself."""
    known = _BY_ID.get(label_id)
    if known is not None:
        return known
    color = _EXTRA_COLORS[sum(map(ord, label_id)) % len(_EXTRA_COLORS)]
    name = printable(label_id).replace("_", " ").capitalize()
    return Label(label_id, name, name, "🔖", color)


def label_named(text: str) -> str | None:
    """The id of the one of the nine that is called so, None where it is none of them.

    Any case, both languages, what corpora write (`anger`, `hap`, `生气`), FunASR's `生气/angry`.
    """
    name = text.strip().casefold()
    known = _SYNONYMS.get(name)
    if known is None and "/" in name:
        ids = {_SYNONYMS.get(half.strip()) for half in name.split("/")}
        known = ids.pop() if len(ids) == 1 else None
    return known


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


def labels_from_tokens(lines: Sequence[str]) -> tuple[str, ...]:
    """Label ids from the lines of a hub's `tokens.txt`: `开心/happy` is `happy`, `<unk>` `unknown`.

    Tokens that begin with `unuse` keep their text: FunASR masks those rows, and so do we.
    """
    tokens = [line.strip() for line in lines if line.strip()]
    return tuple(_HUB_TOKENS.get(token, token.rsplit("/", 1)[-1]) for token in tokens)
