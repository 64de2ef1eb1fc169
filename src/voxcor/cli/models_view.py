"""What the terminal says of models: where each comes from, what was measured of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voxcor.invocation import voxcor
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.models.cards import Card
    from voxcor.models.verify import NotCompared

# oruk-bench 2026 (a vendor's run): 64,384 clips, 20 languages; CREMA-D is acted English.
_WHICH_FIRST_EN = (
    "To begin with, on a CPU: {voxcor} models pull plus-base. It is 57 % of the size of plus-large "
    "and answers about as well (68.5 against 68.6 % of 64,384 clips in 20 languages, oruk-bench "
    "2026, a vendor's run); plus-large is ahead on some kinds of speech (CREMA-D: 73.8 against "
    "65.8 %)."
)
_WHICH_FIRST_ZH = (
    "用 CPU 时建议先安装：{voxcor} models pull plus-base。其大小为 plus-large 的 57%，准确率相近"
    "（oruk-bench 2026，某厂商的测试，20 种语言 64,384 条：68.5% 与 68.6%）；"
    "plus-large 在部分语音上更好（CREMA-D：73.8% 与 65.8%）。"
)


def which_first() -> str:
    """Which model to begin with."""
    return say(_WHICH_FIRST_EN, _WHICH_FIRST_ZH).format(voxcor=voxcor())


def cells(row: Mapping[str, Any]) -> list[str]:
    if row["problem"]:
        state = say("damaged", "已损坏")
    else:
        state = say("installed", "已安装") if row["installed"] else "-"
    space = "-"
    if row["bytes"]:
        space = size(row["bytes"])
    elif row["download_bytes"]:
        space = say("download ", "下载 ") + size(row["download_bytes"])
    weights = _standing(row["standing"]) if row["standing"] else "-"
    labels = str(len(row["labels"])) if row["labels"] else say("none", "无")
    return [row["id"], state, space, row["precision"] or "-", labels, weights]


def of_encoder(row: Mapping[str, Any]) -> str:
    """A line of its own: it recognises nothing, and is no row of the table."""
    if row["problem"]:
        state = say("damaged", "已损坏")
    elif row["bytes"]:
        state = say("installed, ", "已安装，") + size(row["bytes"])
    else:
        state = say("download ", "下载 ") + size(row["download_bytes"])
    words = say("For words in the library", "声音库的文字检索可用")
    return say(f"{words}: {row['id']} ({state})", f"{words}：{row['id']}（{state}）")


def _standing(standing: str) -> str:
    return {
        "official": say("official", "官方"),
        "unchecked": say("not checked", "未核对"),
        "unofficial": say("unofficial", "非官方"),
    }[standing]


def provenance(card: "Card") -> tuple[str, ...]:
    from voxcor.models.cards import OFFICIAL, standing_of

    standing = standing_of(card)
    weights = _standing(standing)
    published = OFFICIAL.get(card.id)
    if standing == "unofficial":
        weights += say(", and every result will say so", "，所有结果都会注明")
    elif standing == "unchecked" and published:
        weights = say(published.caution_en, published.caution_zh) or weights
    return (
        say("weights: ", "权重：") + weights,
        say("source: ", "来源：") + (card.source.repository or card.source.file),
        say("sha256: ", "sha256：") + card.sha256,
        say("licence: ", "许可：") + card.licence,
    )


def agreement(card: "Card") -> tuple[str, ...]:
    """What was measured of an int8 model; nothing of another."""
    from voxcor.models.agreement import ENOUGH_S

    found = {
        name.removeprefix("int8."): value
        for name, value in card.metrics.items()
        if name.startswith("int8.")
    }
    if not found:
        return ()
    speech_s, pieces = found["speech_s"], int(found["pieces"])
    lines = [
        say(
            f"int8 beside fp32, on {speech_s:.0f} s of speech (pieces: {pieces}): "
            f"embeddings differ by {found['embedding_mean']:.1%} of their length",
            f"int8 与 fp32 比较（{speech_s:.0f} 秒语音，{pieces} 个片段）："
            f"特征向量相差其长度的 {found['embedding_mean']:.1%}",
        )
    ]
    if "top1" in found:
        lines.append(
            say(
                f"the same first label in {found['top1']:.1%} of the pieces, "
                f"scores differ by {found['score_mean']:.4f} on average, "
                f"{found['score_max']:.4f} at most",
                f"{found['top1']:.1%} 的片段首选标签相同，"
                f"分数平均相差 {found['score_mean']:.4f}，最大 {found['score_max']:.4f}",
            )
        )
    if speech_s < ENOUGH_S:
        lines.append(
            say(
                f"that is under {ENOUGH_S:.0f} s of speech and says little; "
                "measure on recordings of your own with --speech PATH",
                f"语音不足 {ENOUGH_S:.0f} 秒，说明不了多少；请用 --speech PATH 在自己的录音上比较",
            )
        )
    return tuple(lines)


def why_not_compared(code: "NotCompared") -> str:
    return {
        "no_published_scores": say(
            "nobody has published scores for this model", "该模型没有公布的分数"
        ),
        "unofficial": say("these are not the published weights", "该模型使用的不是官方发布的权重"),
        "other_labels": say(
            "its labels are not those of the published scores", "其标签与官方公布分数的标签不同"
        ),
        "no_clip": say(
            "the example clip is not here, give it with --clip PATH",
            "缺少示例音频，请用 --clip PATH 指定",
        ),
    }[code]


def size(count: int) -> str:
    """Bytes for people, in powers of ten as the hubs count."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
