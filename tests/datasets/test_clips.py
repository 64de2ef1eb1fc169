"""Clips cut from recordings hold what the recordings hold."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_files import speech
from voxcor.audio import decode
from voxcor.datasets.clips import clip_of
from voxcor.errors import NoSuchChannel


@pytest.mark.parametrize("scale", [0.5, 4.0, 32_768.0])
def test_a_clip_has_no_ceiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: float
) -> None:
    """32-bit recorders go beyond full scale, some programs write floats as large as integers."""
    monkeypatch.setenv("VOXCOR_HOME", str(tmp_path / "home"))
    voice = scale * np.stack([speech(2.0), speech(2.0, seed=1)], axis=1)
    path = tmp_path / "call.wav"
    soundfile.write(path, voice, 16_000, subtype="FLOAT")
    clip = decode(clip_of(path, 0.5, 1.25))
    assert (clip.sample_rate, clip.channels) == (16_000, 2)
    np.testing.assert_array_equal(clip.samples, voice[8000:20_000])
    leg = decode(clip_of(path, 0.5, 1.25, 1))
    np.testing.assert_array_equal(leg.samples[:, 0], voice[8000:20_000, 1])
    with pytest.raises(NoSuchChannel, match="no channel 2; its channels are 0 to 1"):
        clip_of(path, 0.5, 1.25, 2)


def test_the_only_channel_has_any_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXCOR_HOME", str(tmp_path / "home"))
    path = tmp_path / "call.wav"
    soundfile.write(path, speech(2.0), 16_000, subtype="FLOAT")
    whole, first = (decode(clip_of(path, 0.5, 1.25, channel)) for channel in (None, 1))
    np.testing.assert_array_equal(first.samples, whole.samples)
