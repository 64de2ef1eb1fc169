"""Groups that are there are found, groups that are not are not, and the same ones every time."""

from pathlib import Path

import numpy as np
import pytest

from library_groups import grouped
from voxcor.library.clusters import find_clusters
from voxcor.library.filters import Filters
from voxcor.library.map import make_map
from voxcor.library.vectors import points, unit

pytest.importorskip("lancedb", reason="the library extra is not installed")
pytest.importorskip("sklearn", reason="the library extra is not installed")

SIZES = {"angry": 60, "sad": 40, "happy": 30}


def named(name: str) -> str:
    return name.partition("-")[0]


def test_groups_are_found_with_what_is_in_them(tmp_path: Path) -> None:
    library = grouped(tmp_path, SIZES)
    found = find_clusters(library, library.table(), smallest=10, by_speaker=True)
    assert [cluster.size for cluster in found.clusters] == pytest.approx([60, 40, 30], abs=3)
    for cluster, label in zip(found.clusters, SIZES, strict=True):
        assert {named(one.name) for one in cluster.members} == {label}
        assert next(iter(cluster.emotions)) == label
        assert cluster.stability > 0.75
        assert cluster.speakers == pytest.approx({"ann": 0.5, "ben": 0.5}, abs=0.1)
        assert {one.id for one in cluster.exemplars} <= {one.id for one in cluster.members}
    assert found.segments == 130


def test_what_is_like_nothing_lies_outside(tmp_path: Path) -> None:
    library = grouped(tmp_path, SIZES, noise=6)
    found = find_clusters(library, library.table(), smallest=10, by_speaker=True)
    outside = {named(one.name) for one in found.outliers}
    assert "noise" in outside
    assert found.outside + sum(cluster.size for cluster in found.clusters) == 136


def test_the_same_library_gives_the_same_clusters(tmp_path: Path) -> None:
    library = grouped(tmp_path, SIZES, noise=10)
    first, second = (find_clusters(library, library.table(), smallest=10) for _ in range(2))
    assert first == second


def test_what_is_no_group_is_not_stable(tmp_path: Path) -> None:
    library = grouped(tmp_path, {}, noise=120)
    found = find_clusters(library, library.table(), smallest=10, by_speaker=True)
    assert all(cluster.stability < 0.6 for cluster in found.clusters)


@pytest.mark.parametrize("count", [1, 4, 8])
def test_few_segments_are_no_clusters(count: int, tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": count})
    found = find_clusters(library, library.table())
    assert (found.clusters, found.segments, found.outside) == ((), count, count)
    assert len(make_map(library, library.table()).segments) == count


def test_filters_choose_what_is_grouped(tmp_path: Path) -> None:
    library = grouped(tmp_path, SIZES)
    found = find_clusters(library, library.table(), filters=Filters(speaker="ann"), smallest=8)
    assert found.segments == 65
    assert all(cluster.speakers == {"ann": 1.0} for cluster in found.clusters)


def test_a_voice_is_taken_away(tmp_path: Path) -> None:
    """Speakers lie far apart, until what each says all the time is taken away."""
    library = grouped(tmp_path, {"angry": 60})

    def apart(by_speaker: bool) -> float:
        found = points(library, library.table(), most=1000, by_speaker=by_speaker)
        is_ann = np.array([one.speaker == "ann" for one in found.segments])
        means = [found.places[chosen].mean(axis=0) for chosen in (is_ann, ~is_ann)]
        return float(np.linalg.norm(means[0] - means[1]))

    assert apart(True) < 0.2 * apart(False)


def test_of_many_an_even_draw_is_taken(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 60, "sad": 60})
    drawn = points(library, library.table(), most=50)
    again = points(library, library.table(), most=50)
    assert [one.id for one in drawn.segments] == [one.id for one in again.segments]
    angry = sum(named(one.name) == "angry" for one in drawn.segments)
    assert len(drawn.segments) == 50
    assert 15 < angry < 35


def test_the_map_keeps_neighbours_together(tmp_path: Path) -> None:
    library = grouped(tmp_path, SIZES)
    first, second = (make_map(library, library.table()) for _ in range(2))
    np.testing.assert_array_equal(first.places, second.places)
    assert np.abs(first.places).max() == pytest.approx(1)
    names = np.array([named(one.name) for one in first.segments])
    distances = np.linalg.norm(first.places[:, None] - first.places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :5]
    assert (names[nearest] == names[:, None]).mean() > 0.95


def test_rows_without_length_stay() -> None:
    rows = np.array([[3, 4], [0, 0]], np.float32)
    np.testing.assert_allclose(unit(rows), [[0.6, 0.8], [0, 0]])
