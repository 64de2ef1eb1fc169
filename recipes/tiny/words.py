"""The card for people, `CARD.md`: the two templates beside this file, with the figures measured."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dataset

from voxcor.labels import LABELS
from voxcor.models.cards import Card

WORDS_FILE = "CARD.md"

# How many variants of the recipe were compared by the figures of the card, all in all.
LOOKS = 66

# Where the columns of the score table lie in the report.
COLUMNS = (
    ("clips",),
    ("speakers",),
    ("shared", "uar"),
    ("shared", "wa"),
    ("own", "uar"),
    ("own", "wa"),
    ("open", "uar"),
    ("open", "wa"),
    ("arousal_uar",),
    ("ece",),
    ("ece_raw",),
)
WORDS = {
    "en": {
        "comma": ", ",
        "mean": "mean",
        "head": (
            "corpus",
            "clips",
            "speakers",
            "UAR four",
            "WA four",
            "UAR own",
            "WA own",
            "UAR open",
            "WA open",
            "arousal",
            "ECE",
            "ECE raw",
        ),
        "not measured": "Not measured: there was but one corpus.",
        "fitted on unseen": "fitted on corpora never heard",
        "fitted on known": "fitted on the validation clips, whose ECE is therefore too good",
        "bound": "They derive from share-alike, non-commercial corpora; Voxcor's code is "
        "Apache-2.0. `recipes/tiny/train.py --corpora .../emodb` trains weights free of this.",
        "free": "The corpora they were trained on ask for nothing but to be cited.",
    },
    "zh": {
        "comma": "、",
        "mean": "平均",
        "head": (
            "语料库",
            "片段",
            "说话人",
            "UAR 四类",
            "WA 四类",
            "UAR 自有",
            "WA 自有",
            "UAR 开放",
            "WA 开放",
            "唤醒度",
            "ECE",
            "ECE 原始",
        ),
        "not measured": "未测量:只有一个语料库。",
        "fitted on unseen": "在从未听过的语料库上拟合",
        "fitted on known": "在验证片段上拟合,因此其 ECE 略偏乐观",
        "bound": "权重衍生自“相同方式共享、非商业性使用”的语料库;Voxcor 的代码许可为 Apache-2.0。"
        "用 `recipes/tiny/train.py --corpora .../emodb` 可训练出不受此限制的权重。",
        "free": "训练所用语料库除请求引用外没有其他限制。",
    },
}


def write_words(
    path: Path,
    card: Card,
    corpora: Sequence[str],
    metrics: Mapping[str, Any],
    *,
    members: int,
    other_clips: int,
) -> None:
    """Writes `CARD.md`, English first.

    Args:
        path: the file.
        card: the model's card.
        corpora: names of what it was trained on.
        metrics: the nested report of the evaluation.
        members: perceptrons in the model.
        other_clips: clips labelled `other` in training.
    """
    texts = [
        words(card, corpora, metrics, language, members=members, other_clips=other_clips)
        for language in WORDS
    ]
    path.write_text("\n".join(texts), encoding="utf-8")


def words(
    card: Card,
    corpora: Sequence[str],
    metrics: Mapping[str, Any],
    language: str,
    *,
    members: int,
    other_clips: int,
) -> str:
    """The card in one language."""
    own: dict[str, Any] = WORDS[language]
    known, unseen = metrics["speaker_disjoint"], metrics.get("unseen_corpus")
    template = Path(__file__).with_name(f"card.{language}.md").read_text(encoding="utf-8")
    return template.format(
        parameters=card.parameters,
        megabytes=sum(record.bytes for record in card.files.values()) / 1e6,
        created=card.created,
        corpora=own["comma"].join(corpora),
        languages=own["comma"].join(dataset.CORPORA[name].language[language] for name in corpora),
        looks=LOOKS,
        known=score_table(known, own),
        recalls=recall_table(known, language),
        unseen=score_table(unseen, own) if unseen else own["not measured"],
        unseen_recalls=recall_table(unseen, language) if unseen else "",
        other=other_clips,
        dim=card.embedding_dim,
        members=members,
        temperature=metrics["temperature"],
        fitted_on=own["fitted on unseen" if unseen else "fitted on known"],
        licence=card.licence,
        licence_why=own["free" if card.licence == "Apache-2.0" else "bound"],
    )


def score_table(report: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """One row a corpus, and their mean."""
    rows = [
        [own["mean"] if name == "mean" else name, *(number(part, path) for path in COLUMNS)]
        for name, part in parts(report)
    ]
    return table(own["head"], rows)


def recall_table(report: Mapping[str, Any], language: str) -> str:
    """One row a label, one column a corpus."""
    recalls = {name: part["own"]["recall"] for name, part in parts(report) if name != "mean"}
    rows = [
        [getattr(label, language), *(number(of, (label.id,)) for of in recalls.values())]
        for label in LABELS
        if any(label.id in of for of in recalls.values())
    ]
    return table(("", *recalls), rows)


def parts(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The corpora of a report and their mean, without what else it says."""
    return ((name, part) for name, part in report.items() if isinstance(part, Mapping))


def number(report: Mapping[str, Any], path: Sequence[str]) -> str:
    """A count as it is, a share with three decimals, nothing for nothing."""
    value: Any = report
    for key in path:
        value = value.get(key, "")
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
