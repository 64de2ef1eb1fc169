"""What small words do: intensity, negation, and which clause weighs more.

Held in one table for both languages, and matched as the lexicon is: the longest expression wins, so
`not only` is no negation and `不得了` none either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from voxcor.library.words.feelings import Feeling, feeling_of
from voxcor.library.words.tokens import Key, key_of

# intensity: before what it changes; after: behind it. negation: before what it denies; failing:
# right behind it. join: a negation reaches over it. contrast, concession: begin a clause. filler:
# nothing of these, and no distance either.
Kind = Literal[
    "intensity", "after", "negation", "failing", "join", "contrast", "concession", "filler"
]

# Shares and dimensions are taken so many times.
_MUCH = 1.4
_LITTLE = 0.6
_HARDLY = 0.35

# Two of them take no more than this together: `really very`, `真的很`.
MOST = 1.6

# A later clause after `but` weighs so much against one without; one after `although` this.
CONTRAST = 1.5
CONCESSION = 0.6

_WORDS: Mapping[tuple[Kind, float], str] = {
    ("intensity", _MUCH): """
        very; extremely; so; really; deeply; utterly; absolutely; totally; completely; terribly;
        incredibly; intensely; highly; profoundly; awfully; too; such; truly; wildly; couldn't be
        more; never so; never been so; never felt so; more and more; increasingly; full of; filled
        with; most; immensely; insanely; all the more; more than;
        很；非常；特别；极其；极度；极为；十分；格外；无比；相当；太；超；超级；真；真的；异常；
        尤其；最；颇；深深；强烈；充满；满是；满腔；越来越；越发；更加；实在；好不；从未如此；
        从来没这么；从没这么；再也不能更；不要太；多么；如此；这么；那么；万分
    """,
    ("intensity", _LITTLE): """
        slightly; a little; a bit; a touch; somewhat; mildly; faintly; vaguely; kind of; sort of;
        a hint of; a trace of; a tinge of; a touch of; rather; fairly; less; almost; nearly; not
        entirely; not completely; not altogether; not so much; a note of; an undertone of;
        有点；有点儿；有些；略；略微；稍；稍微；稍稍；微微；一点；一点点；些许；几分；一丝；略带；
        带点；带一点；有一点；隐约；隐隐；淡淡；几乎；差点；快要；不完全；多少有点
    """,
    ("intensity", _HARDLY): """
        not very; not too; not that; not so; not particularly; not especially; not really; barely;
        hardly; scarcely; isn't very; wasn't very; isn't really; only a little;
        不太；不大；不怎么；不是很；不是特别；不那么；没那么；不算很；不是太；没多；不甚
    """,
    ("after", _MUCH): """
        as hell; beyond words; beyond belief; indeed; like never before; through and through;
        极了；死了；坏了；得要命；得要死；得不得了；得不行；透了；至极；得很；万分；不已；透顶；
        死我了
    """,
    ("after", _LITTLE): "at most; if anything；一点；一些；一点儿；几分",
    ("negation", 0): """
        not; no; never; without; isn't; wasn't; aren't; weren't; don't; doesn't; didn't; can't;
        cannot; won't; ain't; nor; neither; none of; no longer; not at all; far from; anything but;
        nothing like; lack of; lacking; free of; no trace of; no sign of; without any; without a
        trace of; not in the least; not the least bit; not a bit; not remotely; instead of; rather
        than; stopped being; devoid of; haven't; hasn't; not even;
        不；没；没有；并不；并没有；并没；并非；不是；毫无；无；别；未；未曾；绝不；绝非；从不；
        不再；
        毫不；丝毫不；丝毫没有；一点也不；一点都不；一点也没有；一点儿也不；谈不上；算不上；
        称不上；
        不算；不带；不觉得；不感到；没什么；而不是；而非；绝没有；哪里是；哪是；哪有；哪里有；才不是；根本不；根本没；完全不；
        完全没有；
        看不出；听不出；既不；也不；又不；既没有；也没有；既非；亦非；不曾；从来不
    """,
    ("failing", 0): "不起来；不起；不下来；不下去；不出来；不了",
    ("join", 0): "or；或；或者；和；与；及",
    ("contrast", CONTRAST): """
        but; yet; however; nevertheless; nonetheless; still; actually; in fact; in reality; in
        truth; underneath; deep down; on the inside; inside; beneath it; at heart; though really;
        但；但是；可是；不过；然而；却；其实；实际上；事实上；内心；心里；骨子里；而实际；实则；
        只是；倒是
    """,
    ("concession", CONCESSION): """
        although; though; even though; despite; in spite of; outwardly; on the surface; on the
        outside; seemingly; apparently; pretending to be; pretends to be; pretending; trying to
        sound; tries to sound; trying to be; trying to seem; supposedly; while;
        虽然；虽；虽说；尽管；即使；表面上；表面；看似；看起来；看上去；外表；假装；装作；装得；
        努力装作；
        故作；貌似；似乎；明明；嘴上
    """,
    ("filler", 0): """
        not only; not just; not merely; not simply; can't help; couldn't help; cannot help; can't
        stop; couldn't stop; cannot stop; no wonder; no doubt; nothing but; not without; no matter;
        never mind; feeling; sounding; being; at all; any; much; the; a; an; is; be; to; of;
        不仅；不但；不只；不光；不由得；不由自主；不禁；忍不住；禁不住；不得不；不得了；差不多；
        不知；
        不停；不断；不住；别人；分别；告别；个别；区别；无论；不论；不管；不如；不无；无不；
        觉得；感到；
        显得；在；是；的；地；得；有；任何；表现出；那样；这样；人；什么
    """,
}


@dataclass(frozen=True, slots=True)
class Particle:
    """A small word: its kind, and by how much it takes or weighs where it does."""

    kind: Kind
    value: float


@cache
def particles() -> Mapping[Key, Particle]:
    """Every small word of both languages by its key."""
    return {
        key_of(word): Particle(kind, value)
        for (kind, value), words in _WORDS.items()
        for word in " ".join(words.split()).replace("；", ";").split(";")
    }


def intensified(feeling: Feeling, factor: float) -> Feeling:
    """More of it or less: what is not neutral is taken `factor` times against what is.

    Below 1 the rest of the shares becomes neutral. Dimensions are taken as many times.
    """
    neutral = feeling.mixture["neutral"]
    kept = (1 - neutral) * factor if factor < 1 else (1 - neutral / factor)
    scale = kept / (1 - neutral) if neutral < 1 else 0.0
    shares = {label: share * scale for label, share in feeling.mixture.items()}
    shares["neutral"] = 1 - kept if neutral < 1 else 1.0
    moved = Feeling(shares, feeling.arousal * factor, feeling.valence * factor)
    return feeling_of(moved.vector())


# Of what is denied: people rarely deny what nobody would have thought of, so that some is kept.
_KEPT = 0.1
_TO_NEUTRAL = 0.7
_OPPOSED_VALENCE = 0.3
_OPPOSED_AROUSAL = 0.3


def negated(feeling: Feeling) -> Feeling:
    """`not angry` is neutral or something else, moderately the better, and not happy."""
    neutral = feeling.mixture["neutral"]
    shares = {label: share * _KEPT for label, share in feeling.mixture.items()}
    denied = (1 - neutral) * (1 - _KEPT)
    shares["neutral"] += denied * _TO_NEUTRAL
    shares["other"] += denied * (1 - _TO_NEUTRAL) + neutral * (1 - _KEPT)
    return Feeling(shares, -feeling.arousal * _OPPOSED_AROUSAL, -feeling.valence * _OPPOSED_VALENCE)
