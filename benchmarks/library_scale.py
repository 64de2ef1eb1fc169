"""A library of a million segments: building it, asking it, what its indexes miss, removing from it.

    python benchmarks/library_scale.py --like HOME [--segments N] [--write docs/library.md]

HOME has a library of real speech, as `benchmarks/library.py --home HOME` leaves it. Each segment
here has the vector and the scores of two real ones, mixed at random, so that vectors lie as densely
as real ones do. Recordings have ten segments, and a thousand people speak. Asked is with mixtures
of the same kind that are not in it, as `library search` asks, all kinds of questions in turn. What
is missed is told by comparing all segments by the measure. Each phase is a process of its own, so
that its peak of memory is its own. The last one removes a recording, so a `--home` is used once.

Prints Markdown; `--write` puts it into the place that is marked for it.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from documents import put
from voxcor.language import say
from voxcor.library.filters import Filters, equals
from voxcor.library.query import Heard, Mixture
from voxcor.library.search import SAMPLE, search
from voxcor.library.segments import LibrarySegment, matrix
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.library.vectors import VECTOR_WEIGHT, unit
from voxcor.recognizer import Recognizer
from voxcor.results import ModelInfo

PER_RECORDING = 10
SPEAKERS = 1000
AT_ONCE = 10_000  # segments of a commit
QUESTIONS = 100
WITHOUT_INDEXES = 10  # questions that are asked where there are none
NEAREST = 10

FILTERS = {
    "speaker": Filters(speaker="speaker-7"),
    "day": Filters(since=datetime(2026, 2, 1), until=datetime(2026, 2, 2)),
    "month": Filters(since=datetime(2026, 2, 1), until=datetime(2026, 3, 1)),
    "folder": Filters(folder=Path("/recordings/7")),
    "emotion": Filters(emotion="angry"),
    "confidence": Filters(confidence=0.8),
}

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Real:
    """What segments are made of: vectors `[S, D]`, roots of scores `[S, L]`, and their model."""

    model: ModelInfo
    labels: tuple[str, ...]
    vectors: FloatArray
    roots: FloatArray


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--like", type=Path, required=True, help="VOXCOR_HOME with a real library")
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path, help="where the library is made, or is already")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = options.home or Path(scratch)
        figures: dict[str, float] = {}
        for phase in (build, index, ask, remove):
            found = alone(phase, options.like, home, options.segments)
            print(phase.__name__, found, flush=True)
            figures |= {f"{phase.__name__}.{name}": value for name, value in found.items()}
    text = table(options.segments, figures)
    print(text, end="")
    if options.write:
        put(options.write, "scale", lambda: table(options.segments, figures))


def alone(phase: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """What a phase measures in a process of its own, and its peak of memory in MB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (phase, *arguments))


def measured(phase: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    found = phase(*arguments)
    return {"peak_mb": peak_mb(), **found}


def peak_mb() -> float:
    """The most memory that this process had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def real(home: Path) -> Real:
    """The library whose segments are mixed."""
    library = Library.open(home)
    table = library.table()
    rows = library.rows(table)
    return Real(table.model, table.labels, matrix(rows), matrix(rows, "score_roots"))


def mixed(of: Real, count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Vectors `[count, D]` and roots of scores `[count, L]`, each of two real ones."""
    rng = np.random.default_rng(seed)
    one, other = rng.integers(len(of.vectors), size=(2, count))
    share = rng.uniform(0.5, 1, (count, 1)).astype(np.float32)
    vectors = share * of.vectors[one] + (1 - share) * of.vectors[other]
    scores = share * of.roots[one] ** 2 + (1 - share) * of.roots[other] ** 2
    return vectors, np.sqrt(scores / scores.sum(axis=1, keepdims=True))


def batches(of: Real, segments: int) -> Iterator[tuple[list[LibrarySegment], FloatArray]]:
    """All of them, as many at a time as go in by one commit."""
    for first in range(0, segments, AT_ONCE):
        count = min(AT_ONCE, segments - first)
        vectors, roots = mixed(of, count, seed=first)
        yield [segment(of, first + i, roots[i] ** 2) for i in range(count)], vectors


def segment(of: Real, number: int, scores: FloatArray) -> LibrarySegment:
    recording, place = divmod(number, PER_RECORDING)
    best = int(scores.argmax())
    return LibrarySegment(
        recording=f"{recording:016x}",
        name=f"{recording}.wav",
        path=f"/recordings/{recording % 100}/{recording}.wav",
        channel=None,
        start=3.0 * place,
        end=3.0 * place + 2.5,
        emotion=of.labels[best],
        confidence=float(scores[best]),
        scores=dict(zip(of.labels, scores.tolist(), strict=True)),
        arousal=None,
        valence=None,
        speaker=f"speaker-{recording % SPEAKERS}",
        text=None,
        recorded_at=datetime(2026, 1, 1) + timedelta(minutes=recording),
        source="benchmark",
    )


def build(like: Path, home: Path, segments: int) -> dict[str, float]:
    """Segments go in; then, with all of them there, recordings one by one."""
    of, library = real(like), Library.open(home)
    began = time.perf_counter()
    made = 0.0
    before = began
    for batch, vectors in batches(of, segments):
        made += time.perf_counter() - before
        library.add(of.model, batch, vectors)
        before = time.perf_counter()
    seconds = time.perf_counter() - began - made
    vectors, roots = mixed(of, 100 * PER_RECORDING, seed=segments + 1)
    each = [segment(of, segments + i, root**2) for i, root in enumerate(roots)]
    began = time.perf_counter()
    for first in range(0, len(each), PER_RECORDING):
        last = first + PER_RECORDING
        library.add(of.model, each[first:last], vectors[first:last])
    one_by_one = len(each) / PER_RECORDING / (time.perf_counter() - began)
    return {"s": seconds, "per_s": segments / max(seconds, 1e-9), "recordings_per_s": one_by_one}


def index(_like: Path, home: Path, _segments: int) -> dict[str, float]:
    """Small files are joined and indexes made."""
    library = Library.open(home)
    began = time.perf_counter()
    library.compact()
    seconds = time.perf_counter() - began
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    return {"s": seconds, "gb": size / 1e9}


def ask(like: Path, home: Path, _segments: int) -> dict[str, float]:
    """Questions as `library search` puts them, warm; and how many of the nearest are missed."""
    library = Library.open(home)
    table = library.table()
    clips, mixtures = questions(real(like), QUESTIONS)

    def found(query: Heard | Mixture, filters: Filters | None = None) -> set[str]:
        hits = search(library, query, recognizer=Recognizer, filters=filters).hits
        return {hit.segment.id for hit in hits[:NEAREST]}

    kinds: dict[str, Callable[[int], set[str]]] = {
        "clip": lambda i: found(clips[i]),
        "mixture": lambda i: found(mixtures[i]),
    }
    for name, filters in FILTERS.items():
        kinds[name] = lambda i, filters=filters: found(clips[i], filters)  # type: ignore[misc]
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    hits: dict[str, list[set[str]]] = {kind: [] for kind in kinds}
    for i in range(QUESTIONS):
        for kind, question in kinds.items():
            if not i:
                question(0)
            began = time.perf_counter()
            hits[kind].append(question(i))
            took[kind].append(1000 * (time.perf_counter() - began))
    figures = {"peak_mb": peak_mb()}
    for kind, times in took.items():
        p50, p95 = np.percentile(times, [50, 95]).tolist()
        figures |= {f"{kind}.p50_ms": p50, f"{kind}.p95_ms": p95}
    for name, filters in FILTERS.items():
        figures[f"{name}.rows"] = rows_of(library, table, filters.where)
    angry = FILTERS["emotion"].where
    for kind, asked, where in (
        ("clip", clips, None),
        ("mixture", mixtures, None),
        ("emotion", clips, angry),
    ):
        there = nearest_of_all(library, table, asked, where)
        shared = [len(a & b) / len(b) for a, b in zip(hits[kind], there, strict=True)]
        figures[f"{kind}.recall"] = float(np.mean(shared))
    return figures


def questions(of: Real, count: int) -> tuple[list[Heard], list[Mixture]]:
    """Clips that the library does not have, and mixtures of one to three of the labels."""
    vectors, roots = mixed(of, count, seed=7)
    rng = np.random.default_rng(7)
    clips = [
        Heard(of.model, dict(zip(of.labels, (root**2).tolist(), strict=True)), vector)
        for root, vector in zip(roots, vectors, strict=True)
    ]
    mixtures = []
    for i in range(count):
        labels = rng.choice(of.labels, 1 + i % 3, replace=False).tolist()
        shares = rng.dirichlet(np.full(len(labels), 3)).tolist()
        mixtures.append(Mixture(dict(zip(labels, shares, strict=True))))
    return clips, mixtures


def rows_of(library: Library, table: ModelTable, where: str | None) -> int:
    return len(library.rows(table, where, ["recording", "start_ms"]))


def nearest_of_all(
    library: Library, table: ModelTable, asked: Sequence[Heard | Mixture], where: str | None
) -> list[set[str]]:
    """The ids of the nearest segments to each question, all of them compared by the measure."""
    shares = [one.scores if isinstance(one, Heard) else one.shares for one in asked]
    roots = unit(np.sqrt([[one.get(label, 0) for label in table.labels] for one in shares]))
    mean = library.sample(table, SAMPLE).mean(axis=0)
    vectors = [unit(one.vector - mean) for one in asked if isinstance(one, Heard)]
    best = np.full((NEAREST, len(asked)), -np.inf)
    ids = np.full(best.shape, "", object)
    query: Any = lancedb.connect(library.folder).open_table(table.name).search()
    query = query.select(["recording", "start_ms", "end_ms", "score_roots", "vector"])
    for batch in (query.where(where) if where else query).limit(table.rows).to_batches(AT_ONCE):
        rows = pa.Table.from_batches([batch])
        near = unit(matrix(rows, "score_roots")) @ roots.T
        if vectors:
            cosines = unit(matrix(rows) - mean) @ np.array(vectors).T
            near = (near + VECTOR_WEIGHT * cosines) / (1 + VECTOR_WEIGHT)
        names = [
            f"{one['recording']}@{one['start_ms'] / 1000:g}-{one['end_ms'] / 1000:g}"
            for one in rows.select(["recording", "start_ms", "end_ms"]).to_pylist()
        ]
        everything = np.vstack([best, near])
        named = np.vstack([ids, np.repeat(np.array(names, object)[:, None], len(asked), axis=1)])
        first = np.argpartition(-everything, NEAREST - 1, axis=0)[:NEAREST]
        best = np.take_along_axis(everything, first, axis=0)
        ids = np.take_along_axis(named, first, axis=0)
    return [{*column} - {""} for column in ids.T.tolist()]


def remove(like: Path, home: Path, _segments: int) -> dict[str, float]:
    """A recording goes; questions are asked without indexes; new ones are made."""
    library = Library.open(home)
    began = time.perf_counter()
    library.remove(equals("recording", f"{7:016x}"))
    removed = time.perf_counter() - began
    took = []
    for clip in questions(real(like), WITHOUT_INDEXES)[0]:
        began = time.perf_counter()
        search(library, clip, recognizer=Recognizer)
        took.append(time.perf_counter() - began)
    began = time.perf_counter()
    library.compact()
    indexed = time.perf_counter() - began
    return {"s": removed, "index_s": indexed, "without.p50_ms": 1000 * float(np.median(took))}


def table(segments: int, figures: Mapping[str, float]) -> str:
    """The figures as Markdown, in the language that is spoken."""

    def times(kind: str) -> str:
        return f"{figures[f'ask.{kind}.p50_ms']:.0f} / {figures[f'ask.{kind}.p95_ms']:.0f} ms"

    def of(name: str, title: str) -> str:
        rows = f"{figures[f'ask.{name}.rows']:,.0f}"
        return say(f"{title} ({rows} segments)", f"{title}（{rows} 个语段）")

    within = {
        "speaker": of("speaker", say("by a clip, of one speaker", "按片段，限定一位说话人")),
        "day": of("day", say("by a clip, of a day", "按片段，限定一天")),
        "month": of("month", say("by a clip, of a month", "按片段，限定一个月")),
        "folder": of("folder", say("by a clip, of a folder", "按片段，限定一个文件夹")),
        "emotion": of("emotion", say("by a clip, of one emotion", "按片段，限定一种情感")),
        "confidence": of(
            "confidence",
            say("by a clip, of a confidence of 0.8 or more", "按片段，限定置信度不低于 0.8"),
        ),
    }

    def recall(kind: str) -> str:
        return f"{figures[f'ask.{kind}.recall']:.3f}"

    build_s, index_s = figures["build.s"], figures["index.s"]
    rows = {
        say("segments", "语段数"): f"{segments:,}",
        say("adding them, in large commits", "大批写入"): f"{build_s:.0f} s",
        say("then recordings one at a time", "之后逐段录音写入"): say(
            f"{figures['build.recordings_per_s']:.0f} a second",
            f"每秒 {figures['build.recordings_per_s']:.0f} 段",
        ),
        say("joining files, making indexes", "合并文件、建立索引"): f"{index_s:.0f} s",
        say("on the disk", "占用磁盘"): f"{figures['index.gb']:.1f} GB",
        say("by a clip, p50 / p95", "按片段检索，p50 / p95"): times("clip"),
        say("by a mixture", "按混合比例检索"): times("mixture"),
        **{title: times(kind) for kind, title in within.items()},
        say("recall at 10: by a clip", "前 10 项召回率：按片段"): recall("clip"),
        say("by a mixture, recall", "按混合比例，召回率"): recall("mixture"),
        say("by a clip of one emotion, recall", "按片段并限定情感，召回率"): recall("emotion"),
        say("removing a recording", "删除一个录音"): f"{figures['remove.s']:.0f} s",
        say("new indexes after it", "之后重建索引"): f"{figures['remove.index_s']:.0f} s",
        say("by a clip meanwhile", "其间按片段检索"): (
            f"{figures['remove.without.p50_ms']:.0f} ms"
        ),
        say("memory: adding / indexing / asking", "内存：写入 / 建索引 / 检索"): " / ".join(
            f"{figures[f'{phase}.peak_mb']:.0f} MB" for phase in ("build", "index", "ask")
        ),
    }
    lines = [f"| {name} | {figure} |" for name, figure in rows.items()]
    return "\n".join(("| | |", "|---|---|", *lines, ""))


if __name__ == "__main__":
    main()
