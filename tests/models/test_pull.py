"""From a hub, or from a file, to an installed model; and what may go wrong on the way."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from architectures import LARGE
from checkpoints import write_checkpoint
from dying import needs_dev_full
from hostile_checkpoints import whole_model
from hub_servers import COMMIT, TOKENS, FakeHub, closed_port, point_at, serve
from voxcor.errors import (
    CheckpointInvalid,
    CheckpointUnsafe,
    ChecksumMismatch,
    DiskFull,
    HubRefused,
    HubUnreachable,
    InputNotFound,
    InputUnreadable,
    ModelError,
    UnknownModel,
    UsageError,
)
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import OFFICIAL, Hub, standing_of
from voxcor.models.pull import pull
from voxcor.models.store import downloads_of, find_model, folder_of, installed, open_network
from voxcor.settings import Settings

torch = pytest.importorskip("torch")

PULL = """
import sys
from voxcor.errors import VoxcorError
from voxcor.models.pull import pull
try:
    print(pull("plus-seed", hub=sys.argv[1]).sha256)
except VoxcorError as error:
    print(error.code, error)
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small emotion2vec with random weights, 34 MB with its optimizer."""
    path = tmp_path_factory.mktemp("checkpoint") / "model.pt"
    write_checkpoint(path)
    return path.read_bytes()


@pytest.fixture(params=["huggingface", "modelscope"])
def name(request: pytest.FixtureRequest) -> Hub:
    hub: Hub = request.param
    return hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, checkpoint: bytes) -> Iterator[FakeHub]:
    files = {
        "config.yaml": b"never asked for",
        "example/test.wav": b"RIFF",
        "model.pt": checkpoint,
        "tokens.txt": TOKENS.encode(),
    }
    with serve(FakeHub(files), monkeypatch) as running:
        yield running


@pytest.fixture
def source(tmp_path: Path, checkpoint: bytes) -> Path:
    """A folder with what the hubs have in theirs."""
    folder = tmp_path / "official"
    (folder / "example").mkdir(parents=True)
    (folder / "model.pt").write_bytes(checkpoint)
    (folder / "tokens.txt").write_text(TOKENS, encoding="utf-8")
    (folder / "example" / "test.wav").write_bytes(b"RIFF")
    return folder


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def files_in_home() -> set[str]:
    """All files but locks, which stay and are empty, and stamps, which say what was read."""
    home = Settings().home
    paths = (path for path in home.rglob("*") if not path.is_dir() and path.suffix != ".lock")
    names = {path.relative_to(home).as_posix() for path in paths}
    return {name for name in names if not name.startswith("stamps/")}


def pull_in_a_process(hub: Hub, program: str = PULL) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, hub],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_a_pulled_model_works_and_says_where_it_came_from(
    hub: FakeHub, name: Hub, checkpoint: bytes
) -> None:
    card = pull("plus-seed", hub=name)
    assert installed() == ("plus-seed", "small")
    assert find_model("auto").card == card
    assert not card.official  # nobody has recorded the checksum of plus-seed
    assert standing_of(card) == "unchecked"
    assert card.sha256 == digest(checkpoint)
    assert card.revision == (COMMIT if name == "huggingface" else "master")
    assert (card.source.hub, card.source.file) == (name, "model.pt")
    assert card.source.repository == OFFICIAL["plus-seed"].repositories[name].name
    assert (card.title, card.licence) == ("emotion2vec+ seed", OFFICIAL["plus-seed"].licence)
    assert (card.labels, card.embedding_dim) == (LABEL_IDS, 64)
    assert set(card.files) == {"model.onnx", "model.onnx.data", "example.wav"}
    assert files_in_home() == {f"models/plus-seed/{file}" for file in (*card.files, "card.json")}

    output = open_network(find_model("plus-seed")).run([np.ones(16_000, np.float32)])[0]
    assert output.embeddings.shape == (49, 64)
    assert np.isfinite(output.logits).all()


def test_only_what_is_needed_is_fetched_and_progress_only_rises(hub: FakeHub, name: Hub) -> None:
    seen: list[tuple[str, float]] = []
    pull("plus-seed", hub=name, progress=lambda stage, share: seen.append((stage, share)))
    assert not [request for request in hub.requests if "config.yaml" in request.path]
    assert list(OrderedDict.fromkeys(stage for stage, _ in seen)) == ["download", "convert"]
    for stage in ("download", "convert"):
        shares = [share for its, share in seen if its == stage]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0


def test_a_pull_that_was_cut_off_is_continued(hub: FakeHub, name: Hub) -> None:
    def cut(offset: int) -> None:
        if offset >= 15 << 20:
            hub.status = 503
            raise ConnectionAbortedError

    hub.on_large = cut
    with pytest.raises(HubUnreachable):
        pull("plus-seed", hub=name)
    assert installed() == ("small",)
    assert "tokens.txt" in {Path(file).name for file in files_in_home()}

    hub.status, hub.on_large = None, lambda _: None
    pull("plus-seed", hub=name)
    assert 0 < hub.asked_for("model.pt")[-1].range_start <= 15 << 20
    assert installed() == ("plus-seed", "small")
    assert not downloads_of("plus-seed").exists()


def test_a_killed_pull_is_continued_by_the_next(hub: FakeHub, name: Hub) -> None:
    process = pull_in_a_process(name)

    def on_disk() -> int:
        found = downloads_of("plus-seed").rglob("model.pt.incomplete")
        return sum(path.stat().st_size for path in found)

    def kill(offset: int) -> None:
        if offset >= 20 << 20:
            while process.poll() is None and not on_disk():
                time.sleep(0.01)
            process.kill()
            raise ConnectionAbortedError

    hub.on_large = kill
    assert process.communicate()[0] == ""
    have = on_disk()
    assert have
    assert installed() == ("small",)

    hub.on_large = lambda _: None
    pull("plus-seed", hub=name)
    assert hub.asked_for("model.pt")[-1].range_start == have
    assert installed() == ("plus-seed", "small")


def test_a_pull_that_is_killed_while_it_converts_leaves_no_model(hub: FakeHub) -> None:
    program = """
import os, signal
from voxcor.models.pull import pull
def progress(stage, share):
    if (stage, share) == ("convert", 1.0):
        os.kill(os.getpid(), signal.SIGKILL)
pull("plus-seed", hub="huggingface", progress=progress)
"""
    pull_in_a_process("huggingface", program).communicate()
    assert any("building" in file for file in files_in_home())
    assert installed() == ("small",)

    card = pull("plus-seed", hub="huggingface")
    assert len(hub.asked_for("model.pt")) == 1  # it was complete
    assert files_in_home() == {f"models/plus-seed/{file}" for file in (*card.files, "card.json")}


def test_the_hubs_announcement_is_held_against_the_catalogue(
    hub: FakeHub, name: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is downloaded that could not be right."""
    published = replace(OFFICIAL["plus-seed"], sha256="0" * 64)
    monkeypatch.setitem(OFFICIAL, "plus-seed", published)
    with pytest.raises(ChecksumMismatch, match=hub.sha256("model.pt")):
        pull("plus-seed", hub=name)
    assert hub.asked_for("model.pt") == []
    assert files_in_home() == set()


@pytest.mark.parametrize("known", [False, True])
def test_other_bytes_than_announced_are_refused(
    hub: FakeHub, name: Hub, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = "1" * 64
    hub.announced["model.pt"] = expected
    if known:
        published = replace(OFFICIAL["plus-seed"], sha256=expected)
        monkeypatch.setitem(OFFICIAL, "plus-seed", published)
    with pytest.raises(ChecksumMismatch, match=expected) as caught:
        pull("plus-seed", hub=name)
    assert digest(hub.files["model.pt"]).startswith(caught.value.details["found"].rstrip("."))
    assert files_in_home() == set()
    assert installed() == ("small",)


@pytest.mark.parametrize(
    ("model", "from_hub", "way"),
    [
        ("plus-base", "huggingface", "voxcor models pull plus-base --hub modelscope"),
        ("plus-base", "modelscope", "voxcor models pull plus-base --hub huggingface"),
        ("base-finetuned", "modelscope", "voxcor models pull base-finetuned --from PATH"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_other_bytes_are_told_with_the_other_hub(
    hub: FakeHub,
    model: str,
    from_hub: Hub,
    way: str,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", language)
    hub.announced["model.pt"] = "1" * 64
    with pytest.raises(ChecksumMismatch) as caught:
        pull(model, hub=from_hub)
    assert way in str(caught.value)


@pytest.mark.parametrize(
    "announced", ["../../../../../../x", "/tmp/voxcor", "1" * 63, "", "G" * 64]
)
def test_an_announcement_that_is_no_checksum_is_none(
    hub: FakeHub, name: Hub, announced: str
) -> None:
    hub.announced["model.pt"] = announced
    card = pull("plus-seed", hub=name)
    assert not card.official
    assert {path.name for path in Settings().home.iterdir()} <= {"models", "downloads", "stamps"}


def test_tokens_and_clips_of_a_size_that_is_absurd_are_left_there(hub: FakeHub, name: Hub) -> None:
    hub.files["tokens.txt"] = b"a\n" * 2_000_000
    hub.files["example/test.wav"] = bytes(3_000_000)
    card = pull("plus-seed", hub=name)
    assert card.labels == LABEL_IDS
    assert "example.wav" not in card.files
    assert hub.asked_for("example/test.wav") == []


@pytest.mark.parametrize("from_file", [True, False], ids=["file", "mirror"])
def test_a_file_made_to_harm_is_refused_at_every_door(
    hub: FakeHub, tmp_path: Path, from_file: bool
) -> None:
    """In a process of its own: it ended with a signal where sizes in the file were believed."""
    content = whole_model(LARGE.shapes())
    hub.files["model.pt"] = content
    (tmp_path / "model.pt").write_bytes(content)
    arguments = ["--from", str(tmp_path)] if from_file else ["--hub", "huggingface"]
    command = [sys.executable, "-m", "voxcor", "models", "pull", "plus-seed", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not an emotion2vec checkpoint" in done.stderr
    assert files_in_home() == set()


def test_the_right_bytes_are_official(
    hub: FakeHub, name: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = replace(OFFICIAL["plus-seed"], sha256=hub.sha256("model.pt"))
    monkeypatch.setitem(OFFICIAL, "plus-seed", published)
    assert pull("plus-seed", hub=name).official


def test_space_is_looked_for_before_anything_large_is_fetched(
    hub: FakeHub, checkpoint: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(".")._replace(free=len(checkpoint))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    needed = len(checkpoint) * 4 // 3 // 1_000_000 + 1  # the file, and a graph of a third of it
    with pytest.raises(DiskFull, match=f"{needed} MB are needed"):
        pull("plus-seed", hub="huggingface")
    assert hub.asked_for("model.pt") == []
    assert files_in_home() == set()


@needs_dev_full
def test_a_disk_that_fills_up_during_the_download_keeps_nothing(hub: FakeHub, name: Hub) -> None:
    folder = downloads_of("plus-seed") / hub.sha256("model.pt")[:16]
    folder.mkdir(parents=True)
    (folder / "model.pt.incomplete").symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        pull("plus-seed", hub=name)
    assert files_in_home() == set()
    assert Path("/dev/full").exists()


@needs_dev_full
@pytest.mark.parametrize("file", ["model.onnx", "model.onnx.data"])
def test_a_disk_that_fills_up_during_conversion_keeps_nothing(
    source: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder = tempfile.mkdtemp

    def make_full_folder(*args: Any, **kwargs: Any) -> str:
        folder = make_folder(*args, **kwargs)
        (Path(folder) / file).symlink_to("/dev/full")
        return folder

    monkeypatch.setattr(tempfile, "mkdtemp", make_full_folder)
    with pytest.raises(DiskFull):
        pull("plus-seed", source=source)
    assert files_in_home() == set()
    assert installed() == ("small",)


def test_a_limit_on_file_sizes_is_an_error_of_storage(hub: FakeHub, name: Hub) -> None:
    pytest.importorskip("resource", reason="this system has no such limit")
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (15 << 20, 15 << 20))\n"
    output, _ = pull_in_a_process(name, limit + PULL).communicate()
    assert output.startswith("storage_error")
    assert "File too large" in output
    assert files_in_home() == set()


def test_a_hub_that_cannot_be_reached_leaves_what_was_begun(
    name: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = downloads_of("plus-seed") / "0123456789abcdef" / "model.pt.incomplete"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"the first part")
    point_at(closed_port(), monkeypatch)
    with pytest.raises(HubUnreachable, match="voxcor models pull plus-seed --from"):
        pull("plus-seed", hub=name)
    assert begun.exists()
    assert installed() == ("small",)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_hub_that_refuses_leaves_nothing(hub: FakeHub, name: Hub, status: int) -> None:
    hub.status = status
    with pytest.raises(HubRefused, match=f"HTTP {status}"):
        pull("plus-seed", hub=name)
    assert files_in_home() == set()


def test_a_repository_without_checkpoint_is_no_model(hub: FakeHub, name: Hub) -> None:
    del hub.files["model.pt"]
    with pytest.raises(HubRefused, match=r"does not give model\.pt"):
        pull("plus-seed", hub=name)
    assert files_in_home() == set()


def test_a_second_pull_at_the_same_time_steps_back(hub: FakeHub, checkpoint: bytes) -> None:
    first_is_in, second_is_out = threading.Event(), threading.Event()

    def hold(offset: int) -> None:
        first_is_in.set()
        second_is_out.wait()

    hub.on_large = hold
    first = pull_in_a_process("huggingface")
    first_is_in.wait()
    try:
        output, _ = pull_in_a_process("modelscope").communicate()
    finally:
        second_is_out.set()
    assert output.startswith("pull_in_progress")
    assert first.communicate()[0].strip() == digest(checkpoint)
    assert installed() == ("plus-seed", "small")


def test_a_pull_replaces_the_installed_model(hub: FakeHub, name: Hub, tmp_path: Path) -> None:
    first = pull("plus-seed", hub=name)
    write_checkpoint(tmp_path / "other.pt", seed=1)
    hub.files["model.pt"] = (tmp_path / "other.pt").read_bytes()
    second = pull("plus-seed", hub=name)
    assert second.sha256 == digest(hub.files["model.pt"])
    assert second.files["model.onnx.data"] != first.files["model.onnx.data"]
    assert find_model("plus-seed").card == second
    assert files_in_home() == {f"models/plus-seed/{file}" for file in (*second.files, "card.json")}


class Payload:
    """Calls a function when an unpickler that trusts it reads it."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def payloads(trace: Path) -> dict[str, Any]:
    write = f"open({str(trace)!r}, 'w')"
    return {
        "posix.system": Payload(os.system, f"touch {trace}"),
        "__builtin__.eval": Payload(eval, write),
        "__builtin__.getattr": Payload(getattr, "harmless", "upper"),
        "torch.hub.load": Payload(torch.hub.load, str(trace.parent), "anything"),
        "torch.serialization.load": Payload(torch.load, str(trace)),
        "__builtin__.exec": OrderedDict(a=[Payload(OrderedDict, [("b", Payload(exec, write))])]),
    }


@pytest.mark.parametrize("wanted", payloads(Path("trace")))
def test_a_checkpoint_that_asks_for_code_is_refused_and_not_run(
    hub: FakeHub, source: Path, wanted: str, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    state = {"proj.weight": torch.ones(9, 64)}
    content = {"model": state, "last_optimizer_state": payloads(trace)[wanted]}
    torch.save(content, source / "model.pt")
    hub.files["model.pt"] = (source / "model.pt").read_bytes()
    for attempt in (
        lambda: pull("plus-seed", hub="modelscope"),
        lambda: pull("plus-seed", source=source),
    ):
        with pytest.raises(CheckpointUnsafe, match=wanted):
            attempt()
    assert not trace.exists()
    assert files_in_home() == set()


def test_a_refused_checkpoint_leaves_the_installed_model(source: Path) -> None:
    card = pull("plus-seed", source=source)
    torch.save({"model": {"a": torch.ones(1)}, "args": Payload(eval, "1")}, source / "model.pt")
    with pytest.raises(CheckpointUnsafe):
        pull("plus-seed", source=source)
    assert find_model("plus-seed").card == card
    assert open_network(find_model("plus-seed")).labels == LABEL_IDS


def write_html(path: Path) -> None:
    path.write_text("<!DOCTYPE html><title>Sign in</title>")


def write_other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "no tensors")


def write_safetensors(path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))


def write_another_network(path: Path) -> None:
    torch.save(torch.nn.Linear(3, 3).state_dict(), path)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (write_html, "not a zip file"),
        (write_other_zip, r"no data\.pkl"),
        (write_safetensors, "not a zip file"),
        (write_another_network, r"no modality_encoders\.AUDIO\.extra_tokens"),
    ],
)
def test_another_file_is_refused_with_the_reason(
    hub: FakeHub, tmp_path: Path, write: Callable[[Path], None], reason: str
) -> None:
    write(tmp_path / "model.pt")
    hub.files["model.pt"] = (tmp_path / "model.pt").read_bytes()
    with pytest.raises(CheckpointInvalid, match=reason):
        pull("plus-seed", source=tmp_path / "model.pt")
    with pytest.raises(CheckpointInvalid, match=reason):
        pull("plus-seed", hub="huggingface")
    assert files_in_home() == set()


def test_a_folder_is_installed_with_its_tokens_and_its_clip(source: Path) -> None:
    (source / "tokens.txt").write_text(TOKENS.replace("开心/happy", "狂喜/ecstatic"), "utf-8")
    card = pull("plus-seed", source=source)
    assert card.labels[3] == "ecstatic"
    assert (find_model("plus-seed").path / "example.wav").read_bytes() == b"RIFF"
    assert (card.source.hub, card.source.repository, card.source.file) == (
        "local",
        None,
        "model.pt",
    )
    assert card.revision == "local"
    assert (source / "model.pt").exists()


def test_a_file_alone_has_the_published_labels(source: Path, tmp_path: Path) -> None:
    (source / "model.pt").rename(tmp_path / "from-a-friend.pth")
    card = pull("plus-seed", source=tmp_path / "from-a-friend.pth")
    assert card.labels == LABEL_IDS
    assert card.source.file == "from-a-friend.pth"
    assert set(card.files) == {"model.onnx", "model.onnx.data"}


@pytest.mark.parametrize("official", [True, False])
def test_weights_are_official_where_their_checksum_is(
    source: Path, checkpoint: bytes, official: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = replace(OFFICIAL["plus-base"], sha256=digest(checkpoint) if official else "0" * 64)
    monkeypatch.setitem(OFFICIAL, "plus-base", published)
    assert pull("plus-base", source=source).official == official


def test_the_older_name_of_the_checkpoint_is_known(source: Path) -> None:
    (source / "model.pt").rename(source / "emotion2vec_base.pt")
    assert pull("base-finetuned", source=source).source.file == "emotion2vec_base.pt"


def test_classes_that_are_not_used_have_no_scores(source: Path) -> None:
    """As in the hub's first release, and as its users restrict it to fewer emotions."""
    tokens = "生气/angry unuse_0 unuse_1 开心/happy 中立/neutral unuse_2 难过/sad unuse_3 <unk>"
    (source / "tokens.txt").write_text("\n".join(tokens.split()), "utf-8")
    card = pull("plus-seed", source=source)
    assert card.labels == ("angry", "happy", "neutral", "sad", "unknown")
    network = open_network(find_model("plus-seed"))
    assert network.run([np.ones(400, np.float32)])[0].logits.shape == (1, 5)


def test_tokens_may_begin_with_a_byte_order_mark(source: Path) -> None:
    tokens = "angry disgusted fearful happy neutral other sad surprised <unk>"
    (source / "tokens.txt").write_text("\n".join(tokens.split()), "utf-8-sig")
    assert pull("plus-seed", source=source).labels == LABEL_IDS


@pytest.mark.parametrize(
    ("tokens", "error", "reason"),
    [
        (TOKENS.encode("gb18030"), InputUnreadable, r"tokens\.txt.*utf-8"),
        (TOKENS.replace("sad", "happy").encode(), InputUnreadable, "happy stands there twice"),
        (b"a/angry\nb/sad", CheckpointInvalid, "9 outputs, but 2 labels"),
        ("\n".join(map(str, range(2000))).encode(), InputUnreadable, "2000 labels"),
        (b"angry\nha\x1b[2Jppy", InputUnreadable, "names no labels"),
        (b"a" * 200, InputUnreadable, "names no labels"),
    ],
)
def test_tokens_that_name_no_labels_are_refused(
    source: Path, tokens: bytes, error: type[Exception], reason: str
) -> None:
    (source / "tokens.txt").write_bytes(tokens)
    with pytest.raises(error, match=reason):
        pull("plus-seed", source=source)
    assert files_in_home() == set()


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFound, match=r"nowhere\.pt"):
        pull("plus-seed", source=tmp_path / "nowhere.pt")
    with pytest.raises(InputNotFound, match=r"model\.pt"):
        pull("plus-seed", source=tmp_path)


def test_a_local_file_leaves_what_was_begun_when_it_fails(source: Path) -> None:
    begun = downloads_of("plus-seed") / "model.pt.incomplete"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"the first part")
    write_html(source / "model.pt")
    with pytest.raises(ModelError):
        pull("plus-seed", source=source)
    assert begun.exists()
    assert not folder_of("plus-seed").exists()


def test_what_nobody_publishes_cannot_be_pulled() -> None:
    with pytest.raises(UsageError, match="part of Voxcor"):
        pull("small")
    with pytest.raises(UnknownModel, match="plus-large, plus-base"):
        pull("plus-huge")
    with pytest.raises(UsageError, match="not published on Hugging Face"):
        pull("base-finetuned", hub="huggingface")
    assert files_in_home() == set()
