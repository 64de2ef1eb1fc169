"""Passes of many threads through one session: the same answers, nobody is kept waiting."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio_files import noise
from voxcor.errors import AudioTooShort
from voxcor.inference.batching import MOST_PADDED, MOST_PADDING, BatchingNetwork, choose
from voxcor.inference.network import FrameOutput, Network
from voxcor.models.store import find_model, open_network

Waveform = NDArray[np.float32]

LENGTHS = [160 * centiseconds for centiseconds in (50, 52, 55, 50, 200, 57, 22, 50, 212, 52)]


@pytest.fixture(scope="module")
def waveforms() -> list[Waveform]:
    return [noise(length / 16_000, seed=seed) for seed, length in enumerate(LENGTHS)]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Passes through any network wait for this event."""
    opened, run = threading.Event(), Network.run

    def gated(self: Network, waveforms: Sequence[Waveform]) -> list[FrameOutput]:
        assert opened.wait(60)
        return run(self, waveforms)

    monkeypatch.setattr(Network, "run", gated)
    return opened


@pytest.fixture
def batches(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The lengths of each batch that went through."""
    seen: list[list[int]] = []
    run = Network.run

    def recorded(self: Network, waveforms: Sequence[Waveform]) -> list[FrameOutput]:
        seen.append([len(waveform) for waveform in waveforms])
        return run(self, waveforms)

    monkeypatch.setattr(Network, "run", recorded)
    return seen


def open_small() -> BatchingNetwork:
    network = open_network(find_model("small"), threads=1, network=BatchingNetwork)
    assert isinstance(network, BatchingNetwork)
    return network


def queued(network: BatchingNetwork, count: int) -> None:
    """Waits until so many passes wait behind the one that runs."""
    while len(network._queue) < count:
        threading.Event().wait(0.001)


def test_every_thread_gets_the_answer_it_would_get_alone(waveforms: list[Waveform]) -> None:
    alone = open_network(find_model("small"), threads=1)
    network = open_small()
    with ThreadPoolExecutor(len(waveforms)) as threads:
        together = [*threads.map(network.run_long, waveforms)]
    for waveform, output in zip(waveforms, together, strict=True):
        expected = alone.run_long(waveform)
        np.testing.assert_allclose(output.logits, expected.logits, atol=1e-4)
        np.testing.assert_allclose(output.embeddings, expected.embeddings, atol=1e-4)


def test_what_waits_while_a_pass_runs_goes_through_together(
    waveforms: list[Waveform], gate: threading.Event, batches: list[list[int]]
) -> None:
    network = open_small()
    with ThreadPoolExecutor(len(waveforms)) as threads:
        first = threads.submit(network.run, waveforms[:1])
        while not batches:
            threading.Event().wait(0.001)
        rest = [threads.submit(network.run, [waveform]) for waveform in waveforms[1:]]
        queued(network, len(rest))
        gate.set()
        outputs = [future.result()[0] for future in (first, *rest)]
    assert [len(output.logits) for output in outputs] == [(n - 400) // 320 + 1 for n in LENGTHS]
    assert batches[0] == LENGTHS[:1]
    assert sorted(chain.from_iterable(batches)) == sorted(LENGTHS)
    assert max(map(len, batches)) == 6
    assert len(batches) == 4


def test_one_that_fails_costs_no_other_its_answer(gate: threading.Event) -> None:
    network = open_small()
    good, short = noise(0.03), noise(0.024)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(network.run, [good])
        while not network._busy:
            threading.Event().wait(0.001)
        others = [threads.submit(network.run, [waveform]) for waveform in (good, short)]
        queued(network, 2)
        gate.set()
        assert len(first.result()) == len(others[0].result()) == 1
        with pytest.raises(AudioTooShort):
            others[1].result()


def test_short_passes_go_between_the_windows_of_a_long_recording(
    gate: threading.Event, batches: list[list[int]]
) -> None:
    network = open_small()
    with ThreadPoolExecutor(2) as threads:
        long = threads.submit(network.run_long, noise(65))
        while not batches:
            threading.Event().wait(0.001)
        short = threads.submit(network.run_long, noise(2))
        queued(network, 1)
        gate.set()
        assert len(long.result().logits) == (65 * 16_000 - 400) // 320 + 1
        assert len(short.result().logits) == 99
    assert batches[1] == [32_000]
    assert len(batches) == 4


@given(st.lists(st.integers(400, 480_000), min_size=1, max_size=40))
def test_a_batch_begins_with_the_oldest_and_stays_within_its_bounds(lengths: list[int]) -> None:
    chosen = choose(lengths)
    assert chosen[0] == 0
    assert chosen == sorted(set(chosen))
    taken = [lengths[index] for index in chosen]
    assert max(taken) <= MOST_PADDING * min(taken)
    assert len(taken) == 1 or max(taken) * len(taken) <= MOST_PADDED


@given(st.integers(400, 30_000), st.integers(1, 12))
def test_equals_are_taken_until_the_batch_is_full(length: int, count: int) -> None:
    assert len(choose([length] * count)) == min(count, MOST_PADDED // length)
