"""What a training has to say for itself: `report.json`, the model's `CARD.md`, and the tables."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from voxcor.datasets.labelled import RowProblem
from voxcor.evaluation.metrics import (
    Figures,
    confusion_matrix,
    unweighted_accuracy,
    weighted_accuracy,
)
from voxcor.evaluation.published import LINEAR_PROBE, corpus_key
from voxcor.evaluation.report.files import remarks
from voxcor.evaluation.report.tables import Table, interval, name_of
from voxcor.labels import get_label
from voxcor.language import Both, Text, speaking
from voxcor.models.cards import Card
from voxcor.training.folds import Protocol
from voxcor.training.heads import BATCH, ROUND, FloatArray, HeadKind, IntArray
from voxcor.training.start import title_up_to
from voxcor.untrusted import code, markdown

SCHEMA_VERSION = 1

_HELD_OUT: Mapping[Protocol, Both] = {
    "split": Both("the manifest's own split", "清单自带的划分"),
    "loso": Both("each speaker held out in turn", "逐一留出每位说话人"),
    "fold": Both("each fold of the manifest held out in turn", "逐一留出清单中的每一折"),
    "speakers": Both("folds of speakers, each held out in turn", "按说话人分折，逐一留出"),
    "clips": Both(
        "folds of clips of the SAME speakers, each held out in turn: no figure here is about "
        "another voice",
        "按语音片段分折，逐一留出，但说话人相同：以下数值均不能代表其他说话人",
    ),
}


@dataclass(frozen=True, slots=True)
class FoldFigures:
    """One held-out part: `wa`, `ua`, `f1` (weighted by label, as in the paper), shares of 1."""

    name: str
    clips: int
    wa: float
    ua: float
    f1: float
    rounds: int


@dataclass(frozen=True, slots=True)
class Training:
    """All there is to report. Figures `before` are those of the base model on the same clips.

    `layer` is the last block that was kept of it, None where that is all of it. `before` and
    `test_before` are None then, and where it has none of the labels; `test` is None without such a
    split. `chosen_on_held_out`: the held-out clips decided when to stop, so their figures
    flatter a little.
    """

    name: str
    manifest: str
    manifest_sha256: str | None
    data_sha256: str
    terms: str | None
    base: Card
    layer: int | None
    kind: HeadKind
    seed: int
    protocol: Protocol
    labels: tuple[str, ...]
    clips: Mapping[str, int]
    speakers: int
    corpora: tuple[str, ...]
    parameters: int
    rounds: int
    curve: tuple[float, ...]
    temperature: float
    chosen_on_held_out: bool
    folds: tuple[FoldFigures, ...]
    held_out: Figures
    before: Figures | None
    test: Figures | None
    test_before: Figures | None
    problems: tuple[RowProblem, ...]

    @property
    def worse(self) -> bool:
        """Whether the base does better, by the mean of WA and UA, on the clips that tell."""
        before, after = self.verdict
        return before is not None and _mean(after) < _mean(before)

    @property
    def verdict(self) -> tuple[Figures | None, Figures]:
        """Before and after: on the test clips where there are some, else on the held-out ones."""
        if self.test is not None:
            return self.test_before, self.test
        return self.before, self.held_out


def _mean(figures: Figures) -> float:
    return (figures.wa.value + figures.ua.value) / 2


def about_worse(model: str, before: tuple[float, float], after: tuple[float, float]) -> Both:
    """That a training did harm: WA and UA of the base and of what came out, shares of 1."""
    (wa, ua), (new_wa, new_ua) = before, after
    return Both(
        f"This model is worse than {model}, which it began with: on clips that it did not learn "
        f"from, WA went from {100 * wa:.1f} to {100 * new_wa:.1f} % and UA from {100 * ua:.1f} to "
        f"{100 * new_ua:.1f} %. Keep {model}, or train on more clips.",
        f"该模型不如其基础模型 {model}：在未参与学习的语音上，WA 由 {100 * wa:.1f}% 变为 "
        f"{100 * new_wa:.1f}%，UA 由 {100 * ua:.1f}% 变为 {100 * new_ua:.1f}%。"
        f"请继续使用 {model}，或增加训练语音。",
    )


def warning(training: Training) -> Both | None:
    """What `about_worse` says of a training; None where it did no harm."""
    before, after = training.verdict
    if before is None or not training.worse:
        return None
    figures = ((f.wa.value, f.ua.value) for f in (before, after))
    return about_worse(training.base.id, *figures)


def fold_figures(
    name: str, truth: IntArray, logits: FloatArray, labels: int, rounds: int
) -> FoldFigures:
    """Of a fold's clips: truth [m] against logits [m, L]."""
    confusion = confusion_matrix(truth, logits.argmax(axis=1), labels)
    return FoldFigures(
        name=name,
        clips=len(truth),
        wa=float(weighted_accuracy(confusion)),
        ua=float(unweighted_accuracy(confusion)),
        f1=weighted_f1(confusion),
        rounds=rounds,
    )


def weighted_f1(confusion: IntArray) -> float:
    """The mean F1 of the labels, each weighted by its clips: WF1 of the emotion2vec paper."""
    clips = confusion.sum(axis=1)
    f1 = 2 * np.diagonal(confusion) / np.maximum(clips + confusion.sum(axis=0), 1)
    return float((clips * f1).sum() / clips.sum())


def tables(training: Training) -> Iterator[Table]:
    """What a person asks first, first."""
    yield _figures(training)
    if len(training.folds) > 1:
        yield _folds(training)
    yield _by_label(training)
    yield _confusion(training.held_out if training.test is None else training.test)


def to_document(training: Training) -> dict[str, Any]:
    """`report.json`: no clock in it, so the same training gives the same bytes."""
    document = asdict(training)
    base = document.pop("base")
    kept = ("id", "title", "precision", "revision", "sha256", "official", "licence")
    means = {
        figure: {
            "mean": float(np.mean([getattr(fold, figure) for fold in training.folds])),
            "std": float(np.std([getattr(fold, figure) for fold in training.folds])),
        }
        for figure in ("wa", "ua", "f1")
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "method": "head",
        "base": {key: base[key] for key in kept},
        "over_folds": means,
        "worse": training.worse,
        **document,
    }


def to_card_text(training: Training) -> str:
    """`CARD.md`: English, then Chinese."""
    with speaking("en"):
        english = [f"# {markdown(training.name)}", "[中文](#中文)", *_chapter(training, "##")]
    with speaking("zh"):
        chinese = ["## 中文", *_chapter(training, "###")]
    return "\n\n".join([*english, *chinese]) + "\n"


def _chapter(training: Training, level: str) -> Iterator[str]:
    if bad := warning(training):
        yield f"**{markdown(str(bad))}**"
    yield str(_origin(training))
    yield str(_protocol(training))
    for table in tables(training):
        yield f"{level} {markdown(str(table.title))}"
        yield table.to_markdown()
    listed = remarks(training.problems)
    if listed:
        yield f"{level} {Both('Remarks on the data', '数据说明')}"
        yield "\n".join(f"- {markdown(line)}" for line in listed)
    yield f"{level} {Both('Use', '使用')}"
    yield str(_use())


def _origin(training: Training) -> Both:
    base, clips = training.base, sum(training.clips.values())
    head_en, head_zh = "a linear head", "线性分类头"
    if training.kind == "mlp":
        head_en, head_zh = "a head of two layers", "两层分类头"
    elif training.layer is None and set(training.labels) & set(base.labels):
        head_en += ", begun as its own classifier"
        head_zh += "（以原分类头为起点）"
    terms_en = markdown(training.terms or "not stated by whoever trained this")
    terms_zh = markdown(training.terms or "训练者未说明")
    title, model, licence = map(markdown, (base.title, base.id, base.licence))
    manifest = code(training.manifest)
    body_en = markdown(title_up_to(base, training.layer))
    body_zh = f"{title} " if training.layer is None else f"{title} 的前 {training.layer} 个模块"
    return Both(
        f"{body_en} with another head: {head_en}, {training.parameters:,} numbers, trained on "
        f"{clips} clips of {training.speakers} known speakers from {manifest}.\n\n"
        f"Base: {model}, sha256 {code(base.sha256)}, licence: {licence}. "
        f"Data: sha256 `{training.data_sha256}` over audio, labels and speakers; "
        f"terms: {terms_en}.",
        f"在 {body_zh}之上更换了分类头：{head_zh}，{training.parameters:,} 个参数，使用 "
        f"{manifest} 中 {training.speakers} 位已知说话人的 {clips} 条语音训练。\n\n"
        f"基础模型：{model}，sha256 {code(base.sha256)}，许可：{licence}。"
        f"数据：对音频、标签与说话人计算的 sha256 为 `{training.data_sha256}`；"
        f"使用条款：{terms_zh}。",
    )


def _protocol(training: Training) -> Both:
    held_out = _HELD_OUT[training.protocol]
    flatter_en, flatter_zh = "", ""
    if not training.rounds:
        return Both(
            f"Held out: {held_out.en}. Nothing that was tried did better on the held-out clips "
            "than the base model, so this model answers as that one does, among these labels.",
            f"留出方式：{held_out.zh}。在留出的语音上，任何训练都未优于基础模型，"
            "因此本模型的回答与基础模型相同，仅限于这些标签。",
        )
    if training.chosen_on_held_out:
        flatter_en = (
            " The held-out clips also chose when to stop, so their figures flatter a little."
        )
        flatter_zh = "留出的语音同时决定了何时停止训练，因此其数值略偏乐观。"
    return Both(
        f"Held out: {held_out.en}. Training stopped after {training.rounds} rounds of {ROUND} "
        f"batches of {BATCH} clips, seed {training.seed}. Labels weigh alike. Temperature of the "
        f"scores, fitted on held-out clips: {training.temperature:.2f}.{flatter_en}",
        f"留出方式：{held_out.zh}。训练 {training.rounds} 轮（每轮 {ROUND} 批，每批 {BATCH} 条）"
        "后停止，"
        f"随机种子 {training.seed}。各标签权重相等。分数的温度在留出的语音上拟合："
        f"{training.temperature:.2f}。{flatter_zh}",
    )


def _figures(training: Training) -> Table:
    parts = (
        (Both("held out, before", "留出，训练前"), training.before),
        (Both("held out, after", "留出，训练后"), training.held_out),
        (Both("test, before", "测试，训练前"), training.test_before),
        (Both("test, after", "测试，训练后"), training.test),
    )
    rows: list[tuple[Text, ...]] = [
        (name, *_row(figures)) for name, figures in parts if figures is not None
    ]
    rows += _published(training)
    return Table(
        Both("Figures", "结果"),
        ("", Both("clips", "语音"), "WA, %", "UA, %", "WF1, %", "ECE"),
        tuple(rows),
        Both(
            "Before: the base model as it is, choosing among the same labels. WA is the share of "
            "clips that are right, UA the mean recall of the labels, WF1 the mean F1 weighted by "
            "label, as EmoBox and the emotion2vec paper have them; ECE is the gap between "
            "confidence and accuracy. Brackets: 95 % bootstrap intervals. Published: another "
            "model, emotion2vec base, in other folds.",
            "训练前：未经训练的基础模型，在相同标签中选择。WA 为判断正确的比例，"
            "UA 为各类召回率均值，"
            "WF1 为按类别数量加权的 F1，定义与 EmoBox 和 emotion2vec 论文一致；ECE 为置信度与准确率"
            "之间的差距。方括号内为 95% 自助法区间。已发表：另一个模型 emotion2vec base，"
            "数据划分不同。",
        ),
    )


def _row(figures: Figures) -> tuple[str, ...]:
    f1 = weighted_f1(np.array(figures.confusion))
    return (
        str(figures.clips),
        interval(figures.wa),
        interval(figures.ua),
        f"{100 * f1:.1f}",
        f"{figures.ece.value:.3f}",
    )


def _published(training: Training) -> Iterator[tuple[Text, ...]]:
    for corpus in training.corpora:
        row = LINEAR_PROBE.get(corpus_key(corpus))
        if row is not None:
            name = Both(f"{corpus}, published", f"{corpus}，已发表")
            yield name, "", f"{row.wa:.2f}", f"{row.ua:.2f}", f"{row.f1:.2f}", ""


def _folds(training: Training) -> Table:
    folds = training.folds
    rows: list[tuple[Text, ...]] = [
        (fold.name, str(fold.clips), *(f"{100 * v:.1f}" for v in (fold.wa, fold.ua, fold.f1)))
        for fold in folds
    ]
    values = np.array([(fold.wa, fold.ua, fold.f1) for fold in folds])
    spread = zip(100 * values.mean(axis=0), 100 * values.std(axis=0), strict=True)
    rows.append(
        (Both("mean ± sd", "均值 ± 标准差"), "", *(f"{m:.1f} ± {s:.1f}" for m, s in spread))
    )
    return Table(
        Both("By fold", "各折结果"),
        (Both("held out", "留出"), Both("clips", "语音"), "WA, %", "UA, %", "WF1, %"),
        tuple(rows),
        Both(
            "Each row by a head that was trained without it, and stopped by the others.",
            "每行均由未使用该折训练的分类头给出，停止时机由其他折决定。",
        ),
    )


def _by_label(training: Training) -> Table:
    held_out, before = training.held_out, training.before
    rows: list[tuple[Text, ...]] = []
    for label in training.labels:
        recall = held_out.recall.get(label)
        old = before.recall.get(label) if before else None
        rows.append(
            (
                name_of(label),
                str(training.clips[label]),
                f"{100 * old.value:.1f}" if old else "-",
                interval(recall) if recall else "-",
            )
        )
    return Table(
        Both("Recall by label, held out", "各标签召回率（留出）"),
        (
            Both("label", "标签"),
            Both("clips to train on", "训练语音"),
            Both("before, %", "训练前，%"),
            Both("after, %", "训练后，%"),
        ),
        tuple(rows),
    )


def _confusion(figures: Figures) -> Table:
    names = [get_label(label) for label in figures.labels]
    rows: list[tuple[Text, ...]] = [
        (name_of(label), *map(str, row))
        for label, row in zip(figures.labels, figures.confusion, strict=True)
        if any(row)
    ]
    return Table(
        Both("Confusion, clips", "混淆矩阵（语音条数）"),
        (Both("truth ↓ heard →", "真实 ↓ 识别 →"), *(Both(n.en, n.zh) for n in names)),
        tuple(rows),
    )


def _use() -> Both:
    return Both(
        '`voxcor recognize --model THIS_FOLDER PATH...`, or `Recognizer("THIS_FOLDER")` in '
        "Python; every command takes the folder as MODEL. `report.json` has every number. "
        "These are estimates of expressed emotion, not of what a person feels; some uses are "
        "restricted by law.",
        "`voxcor recognize --model 本文件夹 PATH...`，或在 Python 中使用 "
        '`Recognizer("本文件夹")`；所有命令的 MODEL 参数都可以填写该文件夹。全部数值见 '
        "`report.json`。结果是对语音所表达情感的估计，并非说话人的真实感受；某些用途受法律限制。",
    )
