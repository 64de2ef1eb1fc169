"""The catalogue of published models, and cards on disk."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from architectures import BASE, LARGE
from installed import CARD
from voxcor.errors import ModelCorrupt, UnknownFamily
from voxcor.models.cards import (
    CARD_FILE,
    OFFICIAL,
    OfficialModel,
    read_card,
    write_card,
)
from voxcor.models.families.emotion2vec.published import labels_from_tokens
from voxcor.models.family import family_names, find_family


def parameters(model: OfficialModel) -> int:
    architecture = LARGE if model.embedding_dim == LARGE.embed_dim else BASE
    shapes = replace(architecture, num_outputs=len(model.labels)).shapes()
    total = 0
    for shape in shapes.values():
        count = 1
        for size in shape:
            count *= size
        total += count
    return total


def test_the_catalogue_counts_the_parameters_of_each_architecture() -> None:
    family = [m for m in OFFICIAL.values() if m.family == "emotion2vec"]
    assert {m.id: m.parameters for m in family} == {m.id: parameters(m) for m in family}


def test_the_catalogue_names_the_published_models() -> None:
    recognisers = {"plus-large", "plus-base", "plus-seed", "base-finetuned"}
    bases = {"base", "whisper-base", "whisper-small", "whisper-medium"}
    assert set(OFFICIAL) == recognisers | bases
    assert {model.id for model in OFFICIAL.values() if not model.labels} == bases


def test_the_expected_download_is_the_size_of_the_published_file() -> None:
    assert OFFICIAL["plus-large"].download_bytes == pytest.approx(1_945_790_254, rel=1e-3)


def test_the_catalogues_labels_are_those_of_the_hubs_tokens(plus_large_files: Path) -> None:
    tokens = (plus_large_files / "tokens.txt").read_text(encoding="utf-8").splitlines()
    assert OFFICIAL["plus-large"].labels == labels_from_tokens(tokens)


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_card(CARD, tmp_path)
    assert read_card(tmp_path) == CARD
    assert "高兴" in (tmp_path / CARD_FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"colour": "red"}, "colour"),
        ({"embedding_dim": "1024"}, "embedding_dim"),
        ({"labels": "angry"}, "labels"),
        ({"schema_version": 2}, "schema_version"),
        ({"precision": "fp64"}, "precision"),
        ({"files": {"model.onnx": {"bytes": 3}}}, r"files\.model\.onnx\.sha256"),
        ({"source": {"hub": "elsewhere", "repository": None, "file": "x"}}, r"source\.hub"),
    ],
)
def test_a_card_that_says_something_else_is_damaged(
    tmp_path: Path, change: dict[str, Any], place: str
) -> None:
    write_card(CARD, tmp_path)
    content = json.loads((tmp_path / CARD_FILE).read_text(encoding="utf-8"))
    (tmp_path / CARD_FILE).write_text(json.dumps(content | change), encoding="utf-8")
    with pytest.raises(ModelCorrupt, match=place):
        read_card(tmp_path)


def test_a_card_without_a_field_is_damaged(tmp_path: Path) -> None:
    write_card(CARD, tmp_path)
    content = json.loads((tmp_path / CARD_FILE).read_text(encoding="utf-8"))
    del content["sha256"]
    (tmp_path / CARD_FILE).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ModelCorrupt, match="sha256"):
        read_card(tmp_path)


def test_a_card_from_before_families_is_of_the_first(tmp_path: Path) -> None:
    write_card(CARD, tmp_path)
    content = json.loads((tmp_path / CARD_FILE).read_text(encoding="utf-8"))
    assert content.pop("family") == "emotion2vec"
    (tmp_path / CARD_FILE).write_text(json.dumps(content), encoding="utf-8")
    assert read_card(tmp_path) == CARD


@pytest.mark.parametrize("family", ["whispers", "", "../emotion2vec", "__init__"])
def test_a_card_of_another_family_is_refused_with_what_there_is(
    tmp_path: Path, family: str
) -> None:
    write_card(replace(CARD, family=family), tmp_path)
    with pytest.raises(UnknownFamily, match="this Voxcor has only emotion2vec") as caught:
        read_card(tmp_path)
    assert caught.value.details["family"] == family


def test_a_family_is_found_by_the_name_of_its_module() -> None:
    """And neither onnx nor torch is imported to know of it: `models list` asks every family."""
    assert "emotion2vec" in family_names()
    for name in family_names():
        assert find_family(name).name == name
    program = (
        "import sys; from voxcor.models.family import family_names, find_family; "
        "print([*map(find_family, family_names())] and sorted({'onnx', 'torch'} & {*sys.modules}))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert out.stdout.strip() == "[]", out.stderr


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_other_files_are_no_cards(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CARD_FILE).write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"card\.json"):
        read_card(tmp_path)


def test_a_folder_without_a_card_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match=tmp_path.name):
        read_card(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "a\x1b[2J"},
        {"title": "a\nb"},
        {"licence": "x" * 100_000},
        {"labels": ["happy", "happy"]},
        {"labels": ["\x07"]},
        {"labels": [str(i) for i in range(1001)]},
        {"embedding_dim": 0},
        {"embedding_dim": 1 << 40},
        {"parameters": -1},
        {"hop_ms": 10},
        {"temperature": 0.0},
        {"temperature": float("inf")},
        {"temperature": float("nan")},
        {"metrics": {"uar": float("nan")}},
        *(
            {"files": {name: {"bytes": 3, "sha256": "1" * 64}}}
            for name in ("../a", "/etc/passwd", "a/b", "a\\b", "..", "", "card.json", "C:a", "\0")
        ),
        {"files": {"a": {"bytes": -1, "sha256": "1" * 64}}},
    ],
)
def test_a_card_that_says_what_no_card_says_is_damaged(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    write_card(CARD, tmp_path)
    content = json.loads((tmp_path / CARD_FILE).read_text(encoding="utf-8"))
    (tmp_path / CARD_FILE).write_text(json.dumps(content | change), encoding="utf-8")
    with pytest.raises(ModelCorrupt, match=r"card\.json"):
        read_card(tmp_path)


def test_a_card_of_megabytes_is_damaged(tmp_path: Path) -> None:
    write_card(CARD, tmp_path)
    with (tmp_path / CARD_FILE).open("a") as file:
        file.write(" " * 2_000_000)
    read_card(tmp_path)  # spaces after the end are beyond what is read
    (tmp_path / CARD_FILE).write_text('{"id": "' + "a" * 2_000_000 + '"}')
    with pytest.raises(ModelCorrupt, match=r"card\.json"):
        read_card(tmp_path)


def test_the_licence_is_told_as_it_is_and_the_base_is_pinned() -> None:
    """FunASR's licence lets the weights be shared; the module said that nobody wants that."""
    from voxcor.models import cards

    words = Path(cards.__file__).read_text(encoding="utf-8")
    assert "passed on" not in words
    base = OFFICIAL["base"]
    assert base.sha256 == "4f14ddf7ba394bcafdd4bff6ae0f24ab2e4134260d4dd42c58ea791a201b02dd"
    assert base.repositories["huggingface"].revision == "0c9a3152734f9d7a7a05b4ee6bfb3c109d288664"


def test_every_checksum_and_revision_that_is_known_is_pinned() -> None:
    known = {model.id for model in OFFICIAL.values() if model.sha256}
    assert known == {"plus-large", "plus-base", "base"}
    for model in OFFICIAL.values():
        assert bool(model.sha256) != bool(model.caution_en and model.caution_zh)
