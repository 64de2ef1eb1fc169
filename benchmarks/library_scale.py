"""A library of a million segments: building it, asking it, and what the index misses.

    python benchmarks/library_scale.py --like HOME [--segments N] [--write docs/library.md]

HOME has a library of real speech, as `benchmarks/library.py --home HOME` leaves it. Each segment
here has the vector and the scores of two real ones, mixed at random, so that vectors lie as densely
as real ones do. Recordings have ten segments, and a thousand people speak. Asked is with mixtures
of the same kind that are not in it. Each phase is a process of its own, so that its peak of memory
is its own.

Prints Markdown; `--write` puts it into the place that is marked for it.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
from numpy.typing import NDArray

from documents import put
from voxcor.language import say
from voxcor.library.filters import Filters
from voxcor.library.segments import LibrarySegment, from_arrow, matrix
from voxcor.library.store import Library
from voxcor.results import ModelInfo

PER_RECORDING = 10
SPEAKERS = 1000
AT_ONCE = 10_000  # segments of a commit
QUESTIONS = 100
NEAREST = 10
CANDIDATES = 200  # of a question, as `voxcor.library.search` wants them

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
        for phase in (build, index, ask):
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {**found, "peak_mb": peak}


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
    of, library = real(like), Library.open(home)
    table = library.table()
    vectors, roots = mixed(of, QUESTIONS, seed=7)
    one_speaker = Filters(speaker="speaker-7").where
    compared = lancedb.connect(library.folder).open_table(table.name)

    def exactly(i: int) -> Any:
        query: Any = compared.search(vectors[i], vector_column_name="vector")
        return query.distance_type("cosine").bypass_vector_index().limit(CANDIDATES).to_arrow()

    kinds: dict[str, Callable[[int], Any]] = {
        "vector": lambda i: library.nearest(table, vectors[i], limit=CANDIDATES),
        "scores": lambda i: library.nearest(
            table, roots[i], column="score_roots", limit=CANDIDATES
        ),
        "speaker": lambda i: library.nearest(
            table, vectors[i], where=one_speaker, limit=CANDIDATES
        ),
        "exact": exactly,
    }
    found: dict[str, float] = {}
    hits = {}
    for kind, question in kinds.items():
        question(0)
        took = []
        answers = []
        for i in range(QUESTIONS):
            began = time.perf_counter()
            answers.append(question(i))
            took.append(1000 * (time.perf_counter() - began))
        found[f"{kind}.p50_ms"], found[f"{kind}.p95_ms"] = np.percentile(took, [50, 95]).tolist()
        hits[kind] = [
            {one.id for one in from_arrow(rows, table.labels)[:NEAREST]} for rows in answers
        ]
    missed = [len(a & b) / NEAREST for a, b in zip(hits["vector"], hits["exact"], strict=True)]
    return {**found, "recall": float(np.mean(missed))}


def table(segments: int, figures: Mapping[str, float]) -> str:
    """The figures as Markdown, in the language that is spoken."""

    def times(kind: str) -> str:
        return f"{figures[f'ask.{kind}.p50_ms']:.0f} / {figures[f'ask.{kind}.p95_ms']:.0f} ms"

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
        say("by vector, p50 / p95", "按向量检索，p50 / p95"): times("vector"),
        say("of one speaker", "限定一位说话人"): times("speaker"),
        say("by scores", "按得分检索"): times("scores"),
        say("by vector, without the index", "按向量检索，不用索引"): times("exact"),
        say("recall at 10", "前 10 项召回率"): f"{figures['ask.recall']:.3f}",
        say("memory: adding / indexing / asking", "内存：写入 / 建索引 / 检索"): " / ".join(
            f"{figures[f'{phase}.peak_mb']:.0f} MB" for phase in ("build", "index", "ask")
        ),
    }
    lines = [f"| {name} | {figure} |" for name, figure in rows.items()]
    return "\n".join(("| | |", "|---|---|", *lines, ""))


if __name__ == "__main__":
    main()
