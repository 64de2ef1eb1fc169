"""An evaluation as files: the JSON document, Markdown, a row for each clip, the HTML page."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import LOST
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import drafting, publish
from voxcor.evaluation.measurement import Evaluation, value_of
from voxcor.evaluation.published import LINEAR_PROBE, ZERO_SHOT, corpus_key
from voxcor.evaluation.report.page import to_html
from voxcor.evaluation.report.tables import about_training, headline, preprocessing, tables
from voxcor.language import say
from voxcor.result_folder import to_json
from voxcor.results import Failure
from voxcor.tables import csv_text
from voxcor.untrusted import cell, markdown

SCHEMA_VERSION = 1

_CLIP_COLUMNS = ("row", "path", "speaker", "label", "emotion", "right", "confidence")

# More of one kind are counted, not listed.
_LISTED = 5


def save(evaluation: Evaluation, out_dir: Path) -> Path:
    """Writes a report into a folder of its own below `out_dir`, which is made where missing.

    - `evaluation.json`: every figure with its interval, every problem and failure.
    - `evaluation.md`, `evaluation.html`: the same for people; the page needs no other file.
    - `clips.csv`: a row for each recognised clip, with all its scores.

    The folder is named `evaluation_YYYYMMDD_HHMMSS`, with `_2`, `_3`, … where that is taken.

    Returns:
        the folder.

    Raises:
        DiskFull, StorageDenied, StorageError: it cannot be written; nothing is kept.
    """
    digits = evaluation.timestamp.translate({ord("-"): None, ord(":"): None, ord(" "): "_"})
    folder = out_dir / f"evaluation_{digits}"
    with storage_errors(out_dir), drafting(folder) as draft:
        for name, text in {
            "evaluation.json": to_json(to_document(evaluation), indent=2) + "\n",
            "evaluation.md": to_markdown(evaluation),
            "evaluation.html": to_html(evaluation, remarks(_doubts(evaluation))),
            "clips.csv": to_csv(evaluation),
        }.items():
            # A file name may hold bytes that are no UTF-8.
            (draft / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        return publish(draft, folder, numbered=True)


def remarks(found: Iterable[RowProblem | Failure]) -> list[str]:
    """A line for each of the first few of every kind, and how many more there are."""
    kinds: dict[str, list[str]] = {}
    for item in found:
        kinds.setdefault(item.code, []).append(item.message)
    lines = []
    for code, messages in kinds.items():
        lines += [f"{message} ({code})" for message in messages[:_LISTED]]
        more = len(messages) - _LISTED
        if more > 0:
            lines.append(say(f"… and {more} more ({code})", f"……另有 {more} 条（{code}）"))
    return lines


def has_losses(evaluation: Evaluation) -> bool:
    """Whether a clip that somebody wanted measured is missing from the figures."""
    lost = any(problem.code in LOST for problem in evaluation.problems)
    return lost or bool(evaluation.failures)


def to_document(evaluation: Evaluation) -> dict[str, Any]:
    """The JSON document: every figure with its interval, every problem and failure."""
    return {
        "schema_version": SCHEMA_VERSION,
        "manifest": evaluation.source,
        "timestamp": evaluation.timestamp,
        "model": asdict(evaluation.model),
        "labels": list(evaluation.labels),
        "restricted": evaluation.restricted,
        "trim": evaluation.trim,
        "heard": {
            "clips": evaluation.trained_clips,
            "corpora": list(evaluation.trained_corpora),
        },
        "figures": asdict(evaluation.whole),
        "groups": {
            column: {value: asdict(figures) for value, figures in groups.items()}
            for column, groups in evaluation.groups.items()
        },
        "published": {
            corpus: {"figures": asdict(figures), **_published(corpus_key(corpus))}
            for corpus, figures in evaluation.primary.items()
        },
        "stress": {
            row.stress.id: {
                "failed": row.failed,
                "figures": asdict(row.figures) if row.figures else None,
            }
            for row in evaluation.stresses
        },
        "coverage": [asdict(row) for row in evaluation.coverage],
        "calibration": asdict(evaluation.calibration) if evaluation.calibration else None,
        "problems": [asdict(problem) for problem in evaluation.problems],
        "failures": [failure.to_document() for failure in evaluation.failures],
    }


def to_markdown(evaluation: Evaluation) -> str:
    """The report as Markdown, in the language of the process."""
    title, prepared = say("Evaluation", "评测"), preprocessing(evaluation)
    parts: list[str] = [f"# {title}", markdown(str(headline(evaluation))), str(prepared)]
    if flatters := about_training(evaluation):
        parts.append(f"**{markdown(str(flatters))}**")
    for table in tables(evaluation):
        parts += [f"## {markdown(str(table.title))}", table.to_markdown()]
    listed = remarks(_doubts(evaluation))
    if listed:
        parts.append(f"## {say('Remarks', '说明')}")
        parts.append("\n".join(f"- {markdown(line)}" for line in listed))
    return "\n\n".join(parts) + "\n"


def to_csv(evaluation: Evaluation) -> str:
    """Every recognised clip in a row: what it is, what was recognised, all scores."""
    rows: list[list[object]] = [[*_CLIP_COLUMNS, *map(cell, evaluation.labels)]]
    for utterance, scores in zip(evaluation.utterances, evaluation.scores, strict=True):
        emotion = evaluation.labels[int(scores.argmax())]
        named = (str(utterance.path), value_of(utterance, "speaker"), utterance.label)
        known = [utterance.row, *map(cell, named)]
        found = [cell(emotion), int(emotion == utterance.label), f"{scores.max():.6f}"]
        rows.append([*known, *found, *(f"{score:.6f}" for score in scores)])
    return csv_text(rows)


def _doubts(evaluation: Evaluation) -> tuple[RowProblem | Failure, ...]:
    return (*evaluation.problems, *evaluation.failures)


def _published(corpus: str) -> dict[str, Any]:
    probe = LINEAR_PROBE.get(corpus)
    return {
        "zero_shot": {model: asdict(row) for model, row in ZERO_SHOT.get(corpus, {}).items()},
        "linear_probe": asdict(probe) if probe else None,
    }
