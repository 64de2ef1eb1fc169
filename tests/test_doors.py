"""The files that people bring, through every door; `benchmarks/doors.py` prints the table."""

import pytest

from doors import DOORS, FILES, INPUTS, Input, differences
from places import ROOT

SOURCE = ROOT / "src"


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], str]:
    return differences(SOURCE, INPUTS, FILES)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("brought", INPUTS, ids=lambda each: each.title)
def test_every_door_hears_what_was_brought(
    found: dict[tuple[str, str], str], brought: Input, door: str
) -> None:
    assert found[brought.title, door] == ""


def test_every_file_is_brought() -> None:
    assert {path.name for path in FILES.iterdir()} == {each.name for each in INPUTS}
