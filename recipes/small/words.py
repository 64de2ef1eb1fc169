"""The card for people, `CARD.md`: the two templates beside this file, with the figures measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dataset

from voxcor.audio.augmentation import STRESSES
from voxcor.evaluation.metrics import Estimate
from voxcor.labels import LABELS
from voxcor.models.cards import Card

WORDS_FILE = "CARD.md"
LANGUAGES = ("en", "zh")
CORPUS = {"en": "{} ({}; {})", "zh": "{}（{}；{}）"}
COMMA = {"en": ", ", "zh": "、"}

# Of a score table: what each column is called, and where it lies in the report.
COLUMNS = {
    "en": (
        "clips",
        "speakers",
        "UAR four",
        "UAR own",
        "UAR open",
        "arousal",
        "ECE",
        "called unknown",
    ),
    "zh": ("片段", "说话人", "UAR 四类", "UAR 自有", "UAR 开放", "唤醒度", "ECE", "判为未知"),
}
KEYS = ("clips", "speakers", "four", "own", "open", "arousal", "ece", "unknown")
CONDITIONS = {
    "en": ("condition", "UAR four", "same label"),
    "zh": ("条件", "UAR 四类", "标签不变"),
}
WORDS = {
    "en": {"mean": "mean", "corpus": "corpus", "label": "label", "own length": "as it is"},
    "zh": {"mean": "平均", "corpus": "语料库", "label": "标签", "own length": "原长"},
}
NOT_MEASURED = {
    "en": "Not measured: every corpus was trained on.",
    "zh": "未测量：所有语料库都用于训练。",
}
FOUR_MEAN = ("four", "own", "open", "arousal", "ece")


def write_words(path: Path, card: Card, corpora: Sequence[str], report: Mapping[str, Any]) -> None:
    """Writes `CARD.md`, English first.

    Args:
        path: the file.
        card: the model's card.
        corpora: names of what it was trained on.
        report: of the evaluation, with its `temperature`.
    """
    texts = [words(card, corpora, report, language) for language in LANGUAGES]
    path.write_text("\n".join(texts), encoding="utf-8")


def words(card: Card, corpora: Sequence[str], report: Mapping[str, Any], language: str) -> str:
    """The card in one language."""
    template = Path(__file__).with_name(f"card.{language}.md").read_text(encoding="utf-8")
    return template.format(
        parameters=card.parameters,
        megabytes=sum(record.bytes for record in card.files.values()) / 1e6,
        created=card.created,
        corpora=COMMA[language].join(
            CORPUS[language].format(
                name, dataset.CORPORA[name].language[language], dataset.CORPORA[name].terms
            )
            for name in corpora
        ),
        dim=card.embedding_dim,
        licence=card.licence,
        temperature=report["temperature"],
        tables=tables(report, language),
        sounds=report["computed_sounds_unknown"],
        top1=card.metrics["int8.top1"],
    )


def tables(report: Mapping[str, Any], language: str) -> str:
    """All tables of a report, each under its heading."""
    headings = {
        "en": (
            "New speakers of known corpora",
            "Corpora never heard",
            "Clips of other lengths",
            "Telephones, noise, rooms",
        ),
        "zh": ("已知语料库的新说话人", "从未听过的语料库", "其他长度的片段", "电话、噪声与房间"),
    }[language]
    known, unseen = report["speaker_disjoint"], report.get("unseen_corpus")
    parts = [f"### {headings[0]}", score_table(known, language), recall_table(known, language)]
    parts.append(f"### {headings[1]}")
    if unseen is None:
        return "\n\n".join([*parts, NOT_MEASURED[language]])
    own_length = WORDS[language]["own length"]
    lengths = {f"{s} s" if s else own_length: row for s, row in report["length_s"].items()}
    names = {stress.id: getattr(stress, language) for stress in STRESSES}
    conditions = {names[stress]: row for stress, row in report["stress"].items()}
    parts += [score_table(unseen, language), recall_table(unseen, language)]
    parts += [f"### {headings[2]}", condition_table(lengths, language)]
    parts += [f"### {headings[3]}", condition_table(conditions, language)]
    return "\n\n".join(parts)


def score_table(report: Mapping[str, Any], language: str) -> str:
    """One row a corpus, and their mean."""
    rows = [[name, *(number(part.get(key)) for key in KEYS)] for name, part in report.items()]
    mean = {key: mean_of(report, key) for key in FOUR_MEAN}
    rows.append([WORDS[language]["mean"], *(number(mean.get(key)) for key in KEYS)])
    return table((WORDS[language]["corpus"], *COLUMNS[language]), rows)


def recall_table(report: Mapping[str, Any], language: str) -> str:
    """One row a label, one column a corpus."""
    rows = [
        [
            getattr(label, language),
            *(number(part["recall"].get(label.id)) for part in report.values()),
        ]
        for label in LABELS
        if any(label.id in part["recall"] for part in report.values())
    ]
    return table((WORDS[language]["label"], *report), rows)


def condition_table(report: Mapping[str, Mapping[str, float]], language: str) -> str:
    """One row a condition."""
    rows = [[name, number(row["four"]), f"{row['same']:.0%}"] for name, row in report.items()]
    return table(CONDITIONS[language], rows)


def mean_of(report: Mapping[str, Any], key: str) -> float | None:
    """The mean of one figure over the corpora that have it, each counting the same."""
    found = [part[key] for part in report.values() if key in part]
    values = [figure.value if isinstance(figure, Estimate) else figure for figure in found]
    return sum(values) / len(values) if values else None


def number(value: Estimate | float | None) -> str:
    """A count as it is, a share with three decimals and its interval, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, Estimate):
        return f"{value.value:.3f} ({value.low:.2f}-{value.high:.2f})"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
