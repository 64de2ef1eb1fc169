"""A take against its reference: two recordings step by step, whatever their pace.

What is compared is speech: pauses are left out. Of a file each tenth of a second is a step, the
mean of its frames; of a recording in the library, whose frames are not kept, each tenth of a second
of its segments. Of long recordings a step is longer.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import ModelsDiffer, NotInLibrary, QueryInvalid
from voxcor.exports.content import RESULT_FILE, Content, read_content
from voxcor.exports.pieces import averaged_frames
from voxcor.extras import require_extra
from voxcor.frames import HOP, SAMPLE_RATE
from voxcor.labels import LABEL_IDS
from voxcor.library.alignment import Alignment, Courses, align, maximal_runs
from voxcor.library.filters import of_recording
from voxcor.library.listening import listen
from voxcor.library.query import Clip, Region, parse_query
from voxcor.library.store import Library
from voxcor.options import RecognitionOptions
from voxcor.recognizer import Recognizer
from voxcor.results import ModelInfo, milliseconds
from voxcor.sources import is_file, is_folder
from voxcor.timeline import frame_view

STEP = 0.1  # seconds: a syllable
_MOST = 3_000  # steps: the table of all pairs takes 72 MB
_HOP = HOP / SAMPLE_RATE

# Below, two moments say the same: what does not overlap is less than takes of one sentence in one
# mood by one actor leave.
_SAME = 0.1
_SHORTEST = 0.3  # seconds that anybody hears
_MOST_STRETCHES = 8


@dataclass(frozen=True, slots=True)
class Take:
    """One recording in steps.

    `times` [N] are where steps begin, in seconds of the original; each lasts `step` seconds.
    `scores` [N, L] are of `labels`. `frames` says whether they come from frames; else from
    segments. `audio` is what was heard, 16 kHz mono, from `audio_start` seconds on; None where it
    is not at hand.
    """

    name: str
    model: ModelInfo
    labels: tuple[str, ...]
    step: float
    times: NDArray[np.float64]
    scores: Courses
    frames: bool
    audio: NDArray[np.float32] | Path | None = field(default=None, repr=False)
    audio_start: float = 0.0

    @property
    def speech(self) -> float:
        """Seconds that are compared."""
        return len(self.times) * self.step

    @property
    def span(self) -> tuple[float, float]:
        """From the first step to the end of the last, in seconds."""
        return float(self.times[0]), float(self.times[-1]) + self.step

    @property
    def digest(self) -> str:
        """What tells it from one that says something else, or something else when."""
        return hashlib.sha256(self.times.tobytes() + self.scores.tobytes()).hexdigest()

    def mixture(self, first: int = 0, last: int | None = None) -> dict[str, float]:
        """The mean scores of some steps, by label."""
        return dict(zip(self.labels, self.scores[first:last].mean(axis=0).tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Side:
    """What one recording says in a stretch: from when to when, and what leads there."""

    start: float
    end: float
    emotion: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where the two differ: `overlap` 0..1 of their scores; the first less the second."""

    first: Side
    second: Side
    overlap: float
    arousal: float | None
    valence: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two takes on each other.

    `arousal` and `valence` are the mean difference along the path, the first less the second, None
    where the labels say nothing of them; `stretches` where the two differ most, that first.
    `points` have by dimension the values [K, 2] of both along the path.
    """

    first: Take
    second: Take
    alignment: Alignment
    arousal: float | None
    valence: float | None
    stretches: tuple[Stretch, ...]
    points: Mapping[str, NDArray[np.float64]]

    @property
    def similarity(self) -> float:
        return self.alignment.similarity

    def to_document(self) -> dict[str, Any]:
        """As JSON has it: times in milliseconds, the path as pairs of them with their overlap."""
        path = self.alignment.path.T
        times = [
            [milliseconds(at) for at in take.times[steps].tolist()]
            for take, steps in zip((self.first, self.second), path, strict=True)
        ]
        return {
            "first": _described(self.first),
            "second": _described(self.second),
            "similarity": _rounded(self.similarity),
            "arousal": _rounded(self.arousal),
            "valence": _rounded(self.valence),
            "stretches": [_stretch_document(one) for one in self.stretches],
            "path": {
                "first_ms": times[0],
                "second_ms": times[1],
                "overlap": [_rounded(1 - cost) for cost in self.alignment.costs.tolist()],
                **{
                    f"{side}_{name}": [_rounded(value) for value in values[:, place].tolist()]
                    for name, values in self.points.items()
                    for place, side in enumerate(("first", "second"))
                },
            },
        }


def take_of(
    text: str,
    *,
    library: Callable[[], Library],
    recognizer: Callable[[], Recognizer],
    model: str | None = None,
) -> Take:
    """What somebody calls a recording: a file, a part of one, a result folder, or one of the
    library by its name there.

    Args:
        text: `call.wav`, `call.wav@12-15`, `outputs_…`, `3f2a91bc04de5570`.
        library: opened where it is asked for.
        recognizer: made where a file has to be heard.
        model: whose segments of the library; None for the model that heard the most.

    Raises:
        NotInLibrary, LibraryEmpty, ModelNotInLibrary: there is no such thing.
        QueryInvalid: it names no recording.
        InputError: the recording cannot be used.
    """
    path = Path(text)
    if is_folder(path) and is_file(path / RESULT_FILE):
        return of_result(read_content(path))
    asked = parse_query(text, LABEL_IDS)
    if isinstance(asked, Clip):
        return _of_clip(asked, recognizer())
    if isinstance(asked, Region):
        return of_region(asked, library(), model)
    raise QueryInvalid(
        query=text,
        reason_en="no such recording. Give a file, a result folder, or a name in the library.",
        reason_zh="没有这样的录音。请给出文件、结果文件夹，或库中的名称。",
    )


def compare_takes(first: Take, second: Take) -> Comparison:
    """How like two takes are, and where they are not.

    A stretch is where what does not overlap adds up beyond what is usual between the two: all
    maximal scoring subsequences (Ruzzo & Tompa 1999) of the costs less their mean and standard
    deviation.

    Raises:
        ModelsDiffer: two models heard them.
        UsageError: the `library` extra is not installed.
    """
    require_extra("library", ("dtaidistance",), "Comparing recordings", "比较录音")
    if first.model.sha256 != second.model.sha256 or first.labels != second.labels:
        raise ModelsDiffer(
            first=first.name, second=second.name, one=first.model.id, other=second.model.id
        )
    found = align(first.scores, second.scores)
    points = {
        name: np.stack([one[found.path[:, 0]], other[found.path[:, 1]]], axis=1)
        for name, one, other in _dimensions(first, second)
    }
    usual = float(found.costs.mean() + found.costs.std())
    runs = maximal_runs(found.costs - max(_SAME, usual))
    stretches = [_stretch(first, second, found, points, run) for run in runs]
    heard = [
        one
        for one in stretches
        if max(one.first.end - one.first.start, one.second.end - one.second.start) >= _SHORTEST
    ]
    return Comparison(
        first,
        second,
        found,
        _mean_difference(points.get("arousal")),
        _mean_difference(points.get("valence")),
        tuple(heard[:_MOST_STRETCHES]),
        points,
    )


def _of_clip(clip: Clip, recognizer: Recognizer) -> Take:
    part = None
    if clip.start is not None and clip.end is not None:
        part = milliseconds(clip.start), milliseconds(clip.end)
    options = RecognitionOptions(granularity="frame")
    result = listen(recognizer, clip.path, part, options)
    assert result.frames is not None
    spans = [(one.start, one.end) for one in result.segments]
    times, scores = result.frames.times, np.asarray(result.frames.scores, np.float64)
    step, begins, means = _averaged(times, scores, spans, _HOP)
    audio = None if result.processed is None else np.asarray(result.processed, np.float32)
    start = result.preprocessing.trimmed_start
    return Take(
        *(result.audio.name, result.model, result.frames.labels, step, begins, means, True),
        *(audio, start),
    )


def of_result(content: Content) -> Take:
    """A result: its frames where it has some, else its segments."""
    result, labels = content.result, tuple(content.result.scores)
    spans = [(one.start, one.end) for one in result.segments]
    audio, start = content.audio, result.preprocessing.trimmed_start
    if content.curve is None:
        scores = [[*one.scores.values()] for one in result.segments] or [[*result.scores.values()]]
        stepped = _repeated(spans or [(start, result.audio.duration)], np.array(scores))
        return Take(result.audio.name, result.model, labels, *stepped, False, audio, start)
    times, frames = averaged_frames(content.curve, len(labels), 10 * _MOST)
    hop = float(times[1] - times[0]) if len(times) > 1 else _HOP
    averaged = _averaged(times, frames, spans, hop)
    return Take(result.audio.name, result.model, labels, *averaged, True, audio, start)


def of_region(region: Region, library: Library, model: str | None) -> Take:
    """A recording of the library, or the segments that lie in a part of it.

    Raises:
        NotInLibrary, LibraryEmpty, ModelNotInLibrary: there is no such thing.
    """
    table = library.table(model)
    where = of_recording(region.recording)
    if region.start is not None and region.end is not None:
        first, last = milliseconds(region.start), milliseconds(region.end)
        where += f" AND start_ms < {last} AND end_ms > {first}"
    segments = library.segments(table, where)
    if not segments:
        raise NotInLibrary(name=region.recording)
    segments = [one for one in segments if one.recording == segments[0].recording]
    scores = np.array([[*one.scores.values()] for one in segments])
    stepped = _repeated([(one.start, one.end) for one in segments], scores)
    return Take(segments[0].name, table.model, table.labels, *stepped, False)


Steps = tuple[float, NDArray[np.float64], Courses]


def _averaged(
    times: NDArray[np.float64], scores: Courses, spans: Sequence[tuple[float, float]], hop: float
) -> Steps:
    """Frames within spans as means over equal runs of them: seconds a step, times, scores."""
    inside = np.zeros(len(times), bool)
    for start, end in spans:
        inside |= (start <= times) & (times < end)
    if not inside.any():
        inside[:] = True
    times, scores = times[inside], scores[inside]
    run = max(1, round(STEP / hop), -(-len(times) // _MOST))
    edges = np.arange(0, len(times), run)
    counts = np.diff([*edges, len(times)])[:, None]
    means = np.add.reduceat(scores, edges, axis=0) / counts
    return run * hop, times[edges] - hop / 2, _summing_to_one(means)


def _repeated(spans: Sequence[tuple[float, float]], scores: Courses) -> Steps:
    """Scores of spans, a row for each step in them."""
    speech = sum(end - start for start, end in spans)
    step = max(STEP, speech / _MOST)
    counts = [max(1, round((end - start) / step)) for start, end in spans]
    times = np.concatenate(
        [start + step * np.arange(n) for (start, _), n in zip(spans, counts, strict=True)]
    )
    return step, times, _summing_to_one(np.repeat(scores, counts, axis=0))


def _summing_to_one(scores: Courses) -> Courses:
    divided: Courses = scores / scores.sum(axis=1, keepdims=True)
    return divided


def _dimensions(first: Take, second: Take) -> list[tuple[str, Courses, Courses]]:
    """Arousal and valence of each step of both; nothing where the labels have none."""
    found = [
        frame_view(take.scores.astype(np.float32), take.labels, 0).dimensions
        for take in (first, second)
    ]
    one, other = found
    if one is None or other is None:
        return []
    return [
        (name, getattr(one, name).astype(float), getattr(other, name).astype(float))
        for name in ("arousal", "valence")
    ]


def _stretch(
    first: Take,
    second: Take,
    found: Alignment,
    points: Mapping[str, NDArray[np.float64]],
    run: tuple[int, int],
) -> Stretch:
    steps = found.path[slice(*run)]
    sides = [
        _side(take, int(steps[0, place]), int(steps[-1, place]))
        for place, take in enumerate((first, second))
    ]
    arousal, valence = (
        _mean_difference(points[name][slice(*run)]) if name in points else None
        for name in ("arousal", "valence")
    )
    overlap = 1 - float(found.costs[slice(*run)].mean())
    return Stretch(sides[0], sides[1], overlap, arousal, valence)


def _side(take: Take, first: int, last: int) -> Side:
    shares = take.mixture(first, last + 1)
    emotion = max(shares, key=shares.__getitem__)
    end = float(take.times[last]) + take.step
    return Side(float(take.times[first]), end, emotion, shares[emotion])


def _mean_difference(values: NDArray[np.float64] | None) -> float | None:
    """Of those pairs [K, 2] of which both are known; None where there are none."""
    if values is None or np.isnan(values).any(axis=1).all():
        return None
    return float(np.nanmean(values[:, 0] - values[:, 1]))


def _described(take: Take) -> dict[str, Any]:
    shares = take.mixture()
    emotion = max(shares, key=shares.__getitem__)
    return {
        "name": take.name,
        "model": take.model.id,
        "from": "frames" if take.frames else "segments",
        "speech_ms": milliseconds(take.speech),
        "step_ms": milliseconds(take.step),
        "emotion": emotion,
        "scores": {label: _rounded(share) for label, share in shares.items()},
    }


def _stretch_document(stretch: Stretch) -> dict[str, Any]:
    sides = {
        name: {
            "start_ms": milliseconds(side.start),
            "end_ms": milliseconds(side.end),
            "emotion": side.emotion,
            "confidence": _rounded(side.confidence),
        }
        for name, side in (("first", stretch.first), ("second", stretch.second))
    }
    rest = {name: _rounded(getattr(stretch, name)) for name in ("overlap", "arousal", "valence")}
    return {**sides, **rest}


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(value, 4)
