"""A sentence encoder from a hub or a folder to where it is used; and what may go wrong."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import onnx
import pytest

pytest.importorskip("tokenizers", reason="the library extra is not installed")

from encoder_files import ENCODER, encoder_files
from hub_servers import COMMIT, FakeHub, closed_port, point_at, serve
from voxcor.errors import (
    ChecksumMismatch,
    HubRefused,
    HubUnreachable,
    InputNotFound,
    InputUnreadable,
    ModelCorrupt,
    ModelNotInstalled,
    PullInProgress,
    UnknownModel,
    UsageError,
)
from voxcor.library.words.pulling import pull_encoder
from voxcor.models.add import add
from voxcor.models.encoders import (
    HEAD_FILE,
    encoder_folder,
    list_encoders,
    pulled_encoder,
    read_encoder_card,
    remove_encoder,
)
from voxcor.models.store import BUILT_IN_FOLDER, downloads_of, find_model, installed, locked
from voxcor.settings import Settings

ID = ENCODER.id


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve(FakeHub(dict(encoder_files())), monkeypatch) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "repository"
    place.mkdir()
    for name, content in encoder_files().items():
        (place / name).write_bytes(content)
    return place


def files_in_home() -> set[str]:
    """All files but locks, which are empty."""
    home = Settings().home
    paths = (path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(home).as_posix() for path in paths}


def test_what_was_pulled_says_where_it_came_from_and_is_no_model(hub: FakeHub) -> None:
    seen: list[tuple[str, float]] = []
    card = pull_encoder(ID, progress=lambda *told: seen.append(told))
    assert pulled_encoder() == ENCODER
    assert read_encoder_card(ENCODER) == card
    assert (card.source.hub, card.revision) == ("huggingface", COMMIT)
    assert card.source.repository == "Qdrant/paraphrase-multilingual-MiniLM-L12-v2-onnx-Q"
    for name in ENCODER.files:
        assert card.files[name].sha256 == sha256(hub.files[name]).hexdigest()
    names = (*ENCODER.files, HEAD_FILE, "card.json")
    assert files_in_home() == {f"encoders/{ID}/{name}" for name in names}
    fetched = [Path(r.path).name for r in hub.requests if "/resolve/" in r.path]
    assert fetched == [*ENCODER.files]

    stages = [stage for stage, _ in seen]
    assert stages == sorted(stages)
    for stage in ("download", "fit"):
        shares = [share for name, share in seen if name == stage]
        assert shares == sorted(shares)
        assert shares[-1] == 1

    assert installed() == ("small",)
    with pytest.raises(UnknownModel):
        find_model(ID)
    with pytest.raises(UsageError, match=f"{ID} is the name of a published model"):
        add(BUILT_IN_FOLDER, ID)


def test_it_is_listed_and_removed(hub: FakeHub) -> None:
    (row,) = list_encoders()
    assert (row["id"], row["bytes"], row["licence"]) == (ID, None, "Apache-2.0")
    card = pull_encoder(ID)
    (row,) = list_encoders()
    assert row["bytes"] == sum(record.bytes for record in card.files.values())
    (encoder_folder(ID) / "card.json").write_text("{")
    (damaged,) = list_encoders()
    assert "damaged" in damaged["problem"]
    assert remove_encoder(ID) > row["bytes"]
    assert files_in_home() == set()
    with pytest.raises(ModelNotInstalled):
        remove_encoder(ID)


def test_a_pull_that_was_cut_off_is_continued(hub: FakeHub) -> None:
    graph = onnx.load_from_string(hub.files[ENCODER.graph])
    graph.doc_string = "x" * (24 << 20)
    hub.files[ENCODER.graph] = graph.SerializeToString()

    def cut(offset: int) -> None:
        if offset >= 15 << 20:
            hub.status = 503
            raise ConnectionAbortedError

    hub.on_large = cut
    with pytest.raises(HubUnreachable):
        pull_encoder(ID)
    assert pulled_encoder() is None
    assert any(name.endswith(".incomplete") for name in files_in_home())

    hub.status, hub.on_large = None, lambda _: None
    pull_encoder(ID)
    assert hub.asked_for(ENCODER.graph)[-1].range_start > 0
    assert not downloads_of(ID).exists()


def test_an_interrupted_fit_leaves_the_download_and_no_encoder(hub: FakeHub) -> None:
    def interrupt(stage: str, share: float) -> None:
        if stage == "fit" and share > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull_encoder(ID, progress=interrupt)
    assert pulled_encoder() is None
    assert {name.split("/")[0] for name in files_in_home()} == {"downloads"}
    pull_encoder(ID)
    assert len(hub.asked_for(ENCODER.graph)) == 1


def test_what_is_not_as_the_hub_announced_is_refused(hub: FakeHub) -> None:
    hub.announced[ENCODER.graph] = "ab" * 32
    with pytest.raises(ChecksumMismatch, match=f"models pull {ID} --from PATH"):
        pull_encoder(ID)
    assert files_in_home() == set()


@pytest.mark.parametrize("name", ENCODER.files)
def test_a_repository_without_one_of_the_files_is_refused(hub: FakeHub, name: str) -> None:
    del hub.files[name]
    with pytest.raises(HubRefused, match=name):
        pull_encoder(ID)
    assert files_in_home() == set()


@pytest.mark.parametrize("name", ENCODER.files)
def test_files_of_something_else_install_nothing(hub: FakeHub, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b'{"a": 1}')
    hub.files[name] = b'{"a": 1}'
    with pytest.raises(ModelCorrupt):
        pull_encoder(ID)
    with pytest.raises(InputUnreadable, match=str(folder)):
        pull_encoder(ID, source=folder)
    assert files_in_home() == set()


@pytest.mark.parametrize("name", ENCODER.files)
def test_a_file_that_was_cut_off_installs_nothing(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-20])
    with pytest.raises(InputUnreadable):
        pull_encoder(ID, source=folder)
    assert files_in_home() == set()


@pytest.mark.parametrize("name", ENCODER.files)
def test_a_folder_without_one_of_the_files_installs_nothing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputNotFound, match=name):
        pull_encoder(ID, source=folder)
    assert files_in_home() == set()


@pytest.mark.parametrize("graph", ["small", "other inputs", "other size"])
def test_a_graph_of_something_else_installs_nothing(folder: Path, graph: str) -> None:
    path = folder / ENCODER.graph
    if graph == "small":
        path.write_bytes((BUILT_IN_FOLDER / "model.onnx").read_bytes())
    elif graph == "other inputs":
        model = onnx.load(path)
        for node in (*model.graph.node, model.graph):
            for place, name in enumerate(getattr(node, "input", [])):
                if name == "token_type_ids":
                    node.input[place] = "language_ids"
                elif getattr(name, "name", "") == "token_type_ids":
                    name.name = "language_ids"
        onnx.save(model, path)
    else:
        model = onnx.load(path)
        del model.graph.output[:]
        sums = onnx.helper.make_tensor_value_info("of_tokens", onnx.TensorProto.FLOAT, None)
        model.graph.node.append(
            onnx.helper.make_node("ReduceMean", ["last_hidden_state"], ["of_tokens"], axes=[1])
        )
        model.graph.output.append(sums)
        onnx.save(model, path)
    with pytest.raises(InputUnreadable):
        pull_encoder(ID, source=folder)
    assert files_in_home() == set()


def test_a_failed_pull_leaves_what_was_there(folder: Path) -> None:
    card = pull_encoder(ID, source=folder)
    (folder / ENCODER.graph).write_bytes(b"no graph")
    with pytest.raises(InputUnreadable):
        pull_encoder(ID, source=folder)
    assert read_encoder_card(ENCODER) == card


def test_only_one_pulls_at_a_time(folder: Path) -> None:
    with locked(ID), pytest.raises(PullInProgress):
        pull_encoder(ID, source=folder)


def test_what_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    point_at(closed_port(), monkeypatch)
    with pytest.raises(UnknownModel, match=ID):
        pull_encoder("bogus")
    with pytest.raises(UsageError, match="is not published on ModelScope"):
        pull_encoder(ID, hub="modelscope")
    with pytest.raises(HubUnreachable):
        pull_encoder(ID)
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    with pytest.raises(HubUnreachable):  # there is no other hub for it
        pull_encoder(ID)
