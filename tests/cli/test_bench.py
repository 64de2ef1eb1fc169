"""`voxcor bench`: every side is measured at every length, and ratios are against FunASR."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from voxcor.cli import app
from voxcor.errors import UsageError
from voxcor.evaluation.speed import FUNASR, clip, compare, funasr_side, model_side, peak_gigaflops


def test_every_side_is_measured_at_every_length() -> None:
    heard: list[tuple[str, int]] = []

    def side(name: str) -> tuple[str, object]:
        return "fp32", lambda samples: heard.append((name, len(samples)))

    sides = {FUNASR: side(FUNASR), "ours": side("ours")}
    timings = list(compare(sides, rounds=2, seconds=(1, 2)))  # type: ignore[arg-type]
    assert [(t.side, t.seconds) for t in timings] == [
        (FUNASR, 1), ("ours", 1), (FUNASR, 2), ("ours", 2)
    ]  # fmt: skip
    assert heard == [(name, 16_000 * s) for s in (1, 2) for _ in range(3) for name in sides]
    assert timings[0].ratio == 1
    assert timings[1].ratio is not None


def test_clips_are_sound_of_their_length() -> None:
    samples = clip(3)
    assert samples.shape == (48_000,)
    assert 0.01 < np.sqrt((samples**2).mean()) < 1


def test_the_peak_is_a_rate() -> None:
    assert 0.1 < peak_gigaflops(threads=1) < 100_000


def test_without_funasr_there_is_no_ratio() -> None:
    (timing,) = compare({"small": model_side("small", 1)}, rounds=1, seconds=(1,))
    assert timing.ratio is None
    assert timing.times_real_time == pytest.approx(1 / timing.median_s)


def test_without_funasr_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "funasr", None)
    with pytest.raises(UsageError, match="FunASR cannot be imported"):
        funasr_side(tmp_path)


def test_the_command_prints_a_table_or_json() -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["bench", "small", "--rounds", "1", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert [t["seconds"] for t in document["timings"]] == [3, 10, 30]
    done = runner.invoke(app, ["bench", "small", "--rounds", "1"])
    assert "GFLOP/s" in done.stdout
    assert done.stdout.count("small") == 3
