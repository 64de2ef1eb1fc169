"""An evaluation as tables with a word on each: what the terminal, Markdown and HTML set.

A text that exists in two languages is `Both`: it reads as the reader's own, and a page can show
either.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from voxcor.datasets.manifest import LOST
from voxcor.evaluation.measurement import Evaluation
from voxcor.evaluation.metrics import Estimate, Figures
from voxcor.evaluation.published import LINEAR_PROBE, ZERO_SHOT, Published, corpus_key
from voxcor.labels import get_label
from voxcor.language import Both, Text
from voxcor.untrusted import markdown

# Below this the bootstrap of speakers has too few to draw from.
_MANY_SPEAKERS = 10

_DIMENSIONS = {"arousal": Both("arousal", "唤醒度"), "valence": Both("valence", "效价")}


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` head `rows`; the first `words` of them are names, the others figures."""

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    note: Text = ""
    words: int = 1

    def to_markdown(self) -> str:
        """Title excepted: the rows, and the note below them, in `language()`."""
        rules = ["---" if place < self.words else "---:" for place in range(len(self.columns))]
        lines = [self.columns, rules, *self.rows]
        rows = "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        return f"{rows}\n\n{self.note}" if self.note else rows


def tables(evaluation: Evaluation) -> Iterator[Table]:
    """All tables of a report, the most asked for first."""
    yield _whole(evaluation)
    yield _by_language(evaluation)
    yield _by_label(evaluation.whole)
    for column, groups in evaluation.groups.items():
        yield _by_column(column, groups, evaluation.whole)
    if evaluation.primary:
        yield _beside_published(evaluation)
    if evaluation.stresses:
        yield _under_stress(evaluation)
    yield _abstaining(evaluation)
    if evaluation.calibration is not None:
        yield _calibration(evaluation)


def headline(evaluation: Evaluation) -> Both:
    """What was measured on what."""
    model, whole = evaluation.model, evaluation.whole
    lost = sum(problem.code in LOST for problem in evaluation.problems)
    answered, total = whole.clips, whole.clips + len(evaluation.failures) + lost
    restricted_en = f", choosing among {len(evaluation.labels)}" if evaluation.restricted else ""
    restricted_zh = f"，仅在 {len(evaluation.labels)} 个标签中选择" if evaluation.restricted else ""
    return Both(
        f"{model.id} ({model.precision}) on {evaluation.source}: "
        f"{answered} of {total} clips recognised{restricted_en}",
        f"{model.id}（{model.precision}）在 {evaluation.source} 上："
        f"{total} 条语音中识别了 {answered} 条{restricted_zh}",
    )


def preprocessing(evaluation: Evaluation) -> Both:
    """How the recordings were prepared."""
    if evaluation.trim:
        return Both("Silence before and after speech was left out.", "已去除语音前后的静音。")
    return Both("Recordings were heard untrimmed.", "录音未做静音裁剪。")


def about_training(evaluation: Evaluation) -> Both | None:
    """That figures flatter, where the model was trained on what it was measured on."""
    model, clips = evaluation.model.id, evaluation.whole.clips
    if evaluation.trained_clips:
        trained = evaluation.trained_clips
        return Both(
            f"{model} was trained on {trained} of these {clips} clips: the figures say how well it "
            "remembers, not how well it does on new recordings.",
            f"{model} 曾用这 {clips} 条语音中的 {trained} 条训练：以下数值反映的是记忆，"
            "而不是对新录音的效果。",
        )
    if evaluation.trained_corpora:
        corpora = ", ".join(evaluation.trained_corpora)
        return Both(
            f"{model} was itself trained on {corpora}, so figures on it flatter: new voices fare "
            "worse.",
            f"{model} 本身曾在 {corpora} 上训练，因此相关数值偏乐观：对新的说话人效果会更差。",
        )
    return None


def name_of(label: str) -> Both:
    """A label with its emoji."""
    known = get_label(label)
    return Both(f"{known.emoji} {known.en}", f"{known.emoji} {known.zh}")


def rated_names(figures: Figures) -> tuple[Both, ...]:
    """What the dimensions that people rated are called."""
    return tuple(_DIMENSIONS[dimension] for dimension in figures.concordance)


def interval(estimate: Estimate, *, percent: bool = True) -> str:
    """`45.9 [28.6, 51.4]` in percent, or `0.111 [0.108, 0.262]`."""
    if percent:
        value, low, high = (
            100 * number for number in (estimate.value, estimate.low, estimate.high)
        )
        return f"{value:.1f} [{low:.1f}, {high:.1f}]"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _whole(evaluation: Evaluation) -> Table:
    whole = evaluation.whole
    brier = interval(whole.brier, percent=False)
    return Table(
        Both("All clips", "全部语音"),
        (Both("figure", "指标"), Both("value [95 % interval]", "数值 [95% 区间]")),
        (
            (Both("UA, mean recall, %", "UA（各类召回率均值），%"), interval(whole.ua)),
            (Both("WA, share correct, %", "WA（正确率），%"), interval(whole.wa)),
            (Both("macro-F1, %", "宏平均 F1（%）"), interval(whole.f1)),
            (Both("mean confidence, %", "平均置信度，%"), interval(whole.confidence)),
            (Both("ECE, calibration error", "ECE（校准误差）"), interval(whole.ece, percent=False)),
            (Both("Brier score, 0 to 2", "Brier 分数（0 到 2）"), brier),
            *(
                (Both(f"CCC, {name.en}, -1 to 1", f"CCC，{name.zh}（-1 到 1）"), ccc)
                for name, ccc in zip(
                    rated_names(whole), _ccc(whole, whole.concordance), strict=True
                )
            ),
        ),
        _about_intervals(whole),
    )


def _ccc(figures: Figures, rated: Iterable[str]) -> tuple[str, ...]:
    found = figures.concordance
    return tuple(interval(found[n].ccc, percent=False) if n in found else "–" for n in rated)


def _about_intervals(whole: Figures) -> Both:
    if whole.resampled == "clips":
        return Both(
            "Intervals: bootstrap over clips. With fewer than two known speakers they say nothing "
            "about the next speaker.",
            "区间：对单条语音做自助抽样。已知说话人不足两位，区间不能推广到新的说话人。",
        )
    few = whole.speakers < _MANY_SPEAKERS
    few_en = " So few of them make intervals too narrow." if few else ""
    few_zh = "人数过少，区间偏窄。" if few else ""
    return Both(
        f"Intervals: bootstrap over {whole.speakers} speakers, because clips of one speaker "
        f"resemble each other.{few_en}",
        f"区间：对 {whole.speakers} 位说话人做自助抽样，因为同一说话人的语音彼此相似。{few_zh}",
    )


def _by_language(evaluation: Evaluation) -> Table:
    """The table of the system that Voxcor replaces."""
    return Table(
        Both("Confidence and share correct by language", "各语言的置信度与正确识别率"),
        (
            Both("language", "语言"),
            Both("mean confidence", "平均置信度"),
            Both("share correct", "正确识别率"),
        ),
        tuple(
            (
                language or Both("(not stated)", "（未注明）"),
                f"{figures.confidence.value:.1%}",
                f"{figures.wa.value:.1%}",
            )
            for language, figures in evaluation.languages.items()
        ),
    )


def _by_label(figures: Figures) -> Table:
    count = dict(zip(figures.labels, map(sum, figures.confusion), strict=True))
    return Table(
        Both("By label", "各标签"),
        (
            Both("label", "标签"),
            Both("clips", "语音数"),
            Both("recall, % [95 %]", "召回率，% [95%]"),
            Both("most often taken for", "最常误认为"),
        ),
        tuple(
            (name_of(label), str(count[label]), interval(recall), _mistake(figures, label))
            for label, recall in figures.recall.items()
        ),
    )


def _mistake(figures: Figures, label: str) -> Text:
    own = figures.labels.index(label)
    row = [0 if i == own else clips for i, clips in enumerate(figures.confusion[own])]
    if not any(row):
        return "–"
    other = name_of(figures.labels[row.index(max(row))])
    share = max(row) / sum(figures.confusion[own])
    return Both(f"{other.en} {share:.0%}", f"{other.zh} {share:.0%}")


def _by_column(column: str, groups: Mapping[str, Figures], whole: Figures) -> Table:
    return Table(
        Both(f"By {column}", f"按 {column}"),
        (
            column,
            Both("clips", "语音数"),
            Both("speakers", "说话人"),
            "UA, %",
            "WA, %",
            "F1, %",
            Both("confidence, %", "置信度，%"),
            "ECE",
            *(Both(f"CCC, {name.en}", f"CCC，{name.zh}") for name in rated_names(whole)),
        ),
        tuple(
            (
                value or Both("(empty)", "（空）"),
                str(figures.clips),
                str(figures.speakers or "?"),
                interval(figures.ua),
                interval(figures.wa),
                interval(figures.f1),
                interval(figures.confidence),
                interval(figures.ece, percent=False),
                *_ccc(figures, whole.concordance),
            )
            for value, figures in groups.items()
        ),
    )


def _beside_published(evaluation: Evaluation) -> Table:
    rows: list[tuple[Text, ...]] = []
    for corpus, figures in evaluation.primary.items():
        own = Both(f"{evaluation.model.id}, here", f"{evaluation.model.id}，本次")
        ours = (interval(figures.ua), interval(figures.wa), interval(figures.f1))
        rows.append((corpus, own, Both("4 labels", "4 类"), *ours))
        for model, row in ZERO_SHOT.get(corpus_key(corpus), {}).items():
            rows.append((corpus, model, Both("4 labels, as it is", "4 类，未微调"), *_percent(row)))
        probe = LINEAR_PROBE.get(corpus_key(corpus))
        if probe is not None:
            trained = Both("all labels, trained head", "全部类别，训练分类头")
            rows.append((corpus, "base", trained, *_percent(probe)))
    return Table(
        Both("Beside published figures", "与已发表结果对照"),
        (
            Both("corpus", "语料库"),
            Both("model", "模型"),
            Both("protocol", "协议"),
            "UA, %",
            "WA, %",
            "F1, %",
        ),
        tuple(rows),
        Both(
            "Ours: clips labelled angry, happy, neutral or sad, choosing among these four. "
            "Published: EmoBox test sets (emotion2vec+) and the emotion2vec paper; the folds "
            "differ, and several of these corpora were in the training data of emotion2vec+ seed, "
            "from which base and large derive.",
            "本次结果：仅含愤怒、快乐、中性、悲伤四类语音，并在四类中选择。已发表结果来自 EmoBox "
            "测试集（emotion2vec+）与 emotion2vec 论文；数据划分不同，且其中若干语料库曾用于训练 "
            "emotion2vec+ seed,base 与 large 均由其衍生。",
        ),
        words=3,
    )


def _under_stress(evaluation: Evaluation) -> Table:
    clean = evaluation.whole
    rows: list[tuple[Text, ...]] = [_stress_row(Both("as recorded", "原始录音"), clean, clean, 0)]
    for row in evaluation.stresses:
        name = Both(row.stress.en, row.stress.zh)
        rows.append(_stress_row(name, row.figures, clean, row.failed))
    return Table(
        Both("Under stress", "压力测试"),
        (
            Both("condition", "条件"),
            "UA, %",
            Both("change", "变化"),
            Both("confidence, %", "置信度，%"),
            "ECE",
            Both("no answer", "无结果"),
        ),
        tuple(rows),
        Both(
            "The same clips through real codecs, noise and a room; clips without an answer are in "
            "no figure of their line.",
            "同一批语音经真实编解码器、噪声与房间混响处理；无结果的语音不计入该行指标。",
        ),
    )


def _stress_row(
    name: Text, figures: Figures | None, clean: Figures, failed: int
) -> tuple[Text, ...]:
    if figures is None:
        return (name, "–", "–", "–", "–", str(failed))
    return (
        name,
        interval(figures.ua),
        "–" if figures is clean else f"{100 * (figures.ua.value - clean.ua.value):+z.1f}",
        interval(figures.confidence),
        interval(figures.ece, percent=False),
        str(failed),
    )


def _abstaining(evaluation: Evaluation) -> Table:
    return Table(
        Both("Abstaining below a confidence", "低置信度不作判断"),
        (
            Both("--abstain-below", "--abstain-below"),
            Both("answered, %", "作答比例，%"),
            Both("correct of these, %", "其中正确，%"),
        ),
        tuple(
            (
                f"{row.threshold:.1f}",
                f"{100 * row.answered:.1f}",
                "–" if row.accuracy is None else f"{100 * row.accuracy:.1f}",
            )
            for row in evaluation.coverage
        ),
    )


def _calibration(evaluation: Evaluation) -> Table:
    found = evaluation.calibration
    assert found is not None
    store_en, store_zh = "--calibrate stores it.", "使用 --calibrate 写入模型。"
    if evaluation.overlaps_training:
        store_en = "The model was trained on this: calibrate it on other recordings."
        store_zh = "模型曾在此训练：请用其他录音校准。"
    return Table(
        Both("Calibration", "校准"),
        (Both("figure", "指标"), Both("now", "当前"), Both("with the temperature", "应用温度后")),
        (
            ("ECE", f"{found.ece_before:.3f}", f"{found.ece_after:.3f}"),
            ("NLL", f"{found.nll_before:.3f}", f"{found.nll_after:.3f}"),
        ),
        Both(
            f"Fitted on these clips, the logits are to be divided by {found.temperature:.3f}. The "
            f"figures with it come from speakers it was not fitted on. {store_en}",
            f"在这些语音上拟合，logits 应除以 {found.temperature:.3f}。右列来自未参与拟合的说话人。"
            f"{store_zh}",
        ),
    )


def _percent(row: Published) -> tuple[str, str, str]:
    return f"{row.ua:.1f}", f"{row.wa:.1f}", f"{row.f1:.1f}"


def _cell(text: Text) -> str:
    return markdown(str(text))
