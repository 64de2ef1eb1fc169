"""Long audio through overlapping windows, on a small emotion2vec with random weights."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints import write_checkpoint
from voxcor.errors import AudioTooShort, CheckpointInvalid
from voxcor.frames import num_frames
from voxcor.inference.network import (
    LONGEST_PASS,
    OVERLAP_FRAMES,
    WINDOW_FRAMES,
    Network,
    window_starts,
)
from voxcor.labels import LABEL_IDS
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = tmp_path_factory.mktemp("small")
    write_checkpoint(folder / "model.pt")
    convert_checkpoint(folder / "model.pt", folder, family=FAMILY, labels=LABEL_IDS)
    return Network(folder / "model.onnx", threads=1)


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32)


def test_thirty_seconds_are_one_pass(network: Network) -> None:
    waveform = noise(LONGEST_PASS)
    whole, single = network.run_long(waveform), network.run([waveform])[0]
    np.testing.assert_array_equal(whole.logits, single.logits)


def test_longer_audio_has_a_frame_for_every_20_ms(network: Network) -> None:
    waveform = noise(LONGEST_PASS * 2 + 12_345)
    output = network.run_long(waveform)
    assert output.logits.shape == (num_frames(len(waveform)), 9)
    assert output.embeddings.shape == (num_frames(len(waveform)), 64)
    assert np.isfinite(output.logits).all()


def test_the_curve_has_no_seam_where_windows_meet(network: Network) -> None:
    """No step from frame to frame is larger at a window's edge than elsewhere."""
    waveform = noise(LONGEST_PASS * 3, seed=1)
    output = network.run_long(waveform)
    steps = np.linalg.norm(np.diff(output.logits, axis=0), axis=1)
    for first in window_starts(num_frames(len(waveform)))[1:]:
        edges = [*range(first - 3, first + 3)]
        edges += range(first + OVERLAP_FRAMES - 3, first + OVERLAP_FRAMES + 3)
        assert steps[edges].max() <= np.quantile(steps, 0.999)


def test_outside_overlaps_a_window_is_the_pass_itself(network: Network) -> None:
    waveform = noise(LONGEST_PASS * 2, seed=2)
    output = network.run_long(waveform)
    alone = network.run([waveform[:LONGEST_PASS]])[0]
    untouched = WINDOW_FRAMES - OVERLAP_FRAMES
    np.testing.assert_allclose(output.logits[:untouched], alone.logits[:untouched], atol=1e-5)


@given(st.integers(1, 2_000_000))
def test_windows_cover_everything_and_overlap(total: int) -> None:
    starts = window_starts(total)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] + WINDOW_FRAMES >= total
    if len(starts) > 1:
        assert starts[-1] + WINDOW_FRAMES == total
        assert max(np.diff(starts)) <= WINDOW_FRAMES - OVERLAP_FRAMES


def test_less_than_one_frame_is_refused(network: Network) -> None:
    with pytest.raises(AudioTooShort):
        network.run([noise(399)])
    assert network.run([noise(400)])[0].logits.shape == (1, 9)


def test_gain_changes_nothing(network: Network) -> None:
    waveform = noise(16_000)
    loud, quiet = network.run([waveform])[0], network.run([0.01 * waveform])[0]
    np.testing.assert_allclose(loud.logits, quiet.logits, atol=1e-3)


def test_labels_must_be_as_many_as_the_classifier_has_rows(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "model.pt")
    with pytest.raises(CheckpointInvalid, match="9 outputs, but 8 labels"):
        convert_checkpoint(tmp_path / "model.pt", tmp_path, family=FAMILY, labels=LABEL_IDS[:8])
