"""`/v1/warnings`: what documents have codes for, in words."""

from fastapi import APIRouter
from pydantic import BaseModel

from voxcor.audio.quality import DETAILED_WORDS, WORDS

router = APIRouter(prefix="/v1", tags=["results"])


class Sentence(BaseModel):
    """A sentence in both languages."""

    en: str
    zh: str


class WarningWords(Sentence):
    """A warning of `quality.warnings`.

    `detailed` says more, where `quality.details` of the result has what fills it: `{tracks}` stands
    for a number, `{missing_s:.1f}` for one with so many decimals.
    """

    detailed: Sentence | None


@router.get("/warnings", summary="Warnings and their words · 音质提示及其文字")
async def list_warnings() -> dict[str, WarningWords]:
    """By code; the same for every result. · 以代码为键；对所有结果均相同。"""
    return {
        code: WarningWords(en=en, zh=zh, detailed=_sentence(DETAILED_WORDS.get(code)))
        for code, (en, zh) in WORDS.items()
    }


def _sentence(words: tuple[str, str] | None) -> Sentence | None:
    return words and Sentence(en=words[0], zh=words[1])
