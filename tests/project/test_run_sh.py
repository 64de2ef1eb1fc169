"""`./run.sh`: says what it does while it does it, passes on, and links a command on request."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the scripts, and an environment that is set up, whose command is an echo."""
    folder = tmp_path / "a checkout"
    (folder / "requirements").mkdir(parents=True)
    for name in ("run.sh", "environment.sh", "pyproject.toml", "requirements/server.txt"):
        shutil.copy(ROOT / name, folder / name)
    command = folder / ".venv" / "bin" / "voxcor"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/sh\necho "$VOXCOR_COMMAND|$*"\n')
    command.chmod(0o755)
    wanted = '{ cat pyproject.toml requirements/server.txt; "$PYTHON" --version; } | sha256sum'
    run(["bash", "-c", f"{wanted} >.venv/.wanted"], folder)
    return folder


def run(command: list[str], folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PYTHON": sys.executable, **environment}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_hints_begin_as_it_was_called(checkout: Path) -> None:
    assert run(["./run.sh"], checkout).stdout == "./run.sh|serve\n"
    assert run(["bash", "run.sh", "doctor"], checkout).stdout == "./run.sh|doctor\n"
    outside = run([str(checkout / "run.sh"), "models", "list"], checkout.parent).stdout
    assert outside == str(checkout / "run.sh").replace(" ", "\\ ") + "|models list\n"


def test_the_library_s_packages_are_had_on_request_and_once(checkout: Path) -> None:
    pip = checkout / ".venv" / "bin" / "pip"
    pip.write_text('#!/bin/sh\necho "Collecting lancedb"; echo "$@" >>asked\n')
    pip.chmod(0o755)
    (checkout / "requirements" / "library.txt").write_text("lancedb==1\n")
    assert run(["./run.sh", "doctor"], checkout).stderr == ""
    first = run(["./run.sh", "library", "search", "calm"], checkout)
    assert first.stdout == "./run.sh|library search calm\n"
    assert "600 MB" in first.stderr
    assert "lancedb" in first.stderr
    again = run(["./run.sh", "library", "search", "calm"], checkout)
    assert (again.stdout, again.stderr) == (first.stdout, "")
    (asked,) = (checkout / "asked").read_text().splitlines()
    assert "--require-hashes" in asked
    assert "requirements/library.txt" in asked


def test_what_was_asked_for_stays_when_the_environment_is_made_anew(checkout: Path) -> None:
    """A Python whose `-m venv` makes an environment of echoes takes the place of the real one."""
    (checkout / "requirements" / "library.txt").write_text("lancedb==1\n")
    (checkout / "pip").write_text('#!/bin/sh\necho "$@" >>asked\ntest ! -e offline\n')
    (checkout / "command").write_text((checkout / ".venv/bin/voxcor").read_text())
    (checkout / "python").write_text(
        f"""#!/bin/sh
case "$*" in
"-m venv "*) mkdir -p "$3/bin" && cp pip command "$3/bin" && mv "$3/bin/command" "$3/bin/voxcor" ;;
*) exec "{sys.executable}" "$@" ;;
esac
"""
    )
    for name in ("pip", "command", "python"):
        (checkout / name).chmod(0o755)
    shutil.copy(checkout / "pip", checkout / ".venv/bin/pip")
    python = {"PYTHON": str(checkout / "python")}

    def asked(*arguments: str) -> int:
        """How often the library's packages are got meanwhile."""
        (checkout / "asked").write_text("")
        done = run(["./run.sh", *arguments], checkout, **python)
        assert (done.returncode, done.stdout) == (0, f"./run.sh|{' '.join(arguments)}\n")
        return (checkout / "asked").read_text().count("library.txt")

    def change() -> None:
        with (checkout / "pyproject.toml").open("a") as file:
            file.write("# changed\n")
        (checkout / ".venv" / "left").touch()

    assert asked("doctor") == 0
    assert asked("library", "search", "calm") == 1
    change()
    assert asked("doctor") == 1
    assert not (checkout / ".venv" / "left").exists()
    assert asked("doctor") == asked("library", "search", "calm") == 0
    # Interrupted before its packages came, it is still asked for; without them the rest goes on.
    change()
    assert asked("doctor") == 1
    (checkout / ".venv" / ".library").write_text("")
    (checkout / "offline").touch()
    assert asked("doctor") == 1
    (checkout / "offline").unlink()
    assert [asked("doctor"), asked("doctor")] == [1, 0]


def test_link_gives_a_command_and_says_it_where_path_lacks_the_folder(
    checkout: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / ".local" / "bin"
    home = {"HOME": str(tmp_path / "home"), "XDG_BIN_HOME": ""}
    for _ in range(2):
        done = run(["./run.sh", "link"], checkout, **home)
        assert done.returncode == 0
        assert f'export PATH="{folder}:$PATH"' in done.stderr
        assert (folder / "voxcor").resolve() == (checkout / ".venv/bin/voxcor").resolve()
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    assert "export PATH" not in run(["./run.sh", "link"], checkout, **home, PATH=path).stderr
    assert run(["voxcor", "doctor"], checkout, PATH=path).stdout.endswith("|doctor\n")


@pytest.mark.parametrize("kind", ["file", "link", "dangling"])
def test_link_overwrites_nothing_of_others(checkout: Path, tmp_path: Path, kind: str) -> None:
    foreign = tmp_path / "bin" / "voxcor"
    foreign.parent.mkdir()
    if kind == "file":
        foreign.write_text("mine")
    else:
        foreign.symlink_to(sys.executable if kind == "link" else tmp_path / "gone")
    before = foreign.readlink() if foreign.is_symlink() else foreign.read_text()
    done = run(["./run.sh", "link"], checkout, XDG_BIN_HOME=str(foreign.parent))
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    after = foreign.readlink() if foreign.is_symlink() else foreign.read_text()
    assert after == before


def test_packages_are_named_as_they_come(tmp_path: Path) -> None:
    pip = tmp_path / "pip"
    # It waits for a word: who holds the first line back never gives one.
    pip.write_text(
        "#!/bin/sh\necho 'Collecting numpy==2.0 (from x)'\nread word <word\n"
        "echo 'Installing collected packages: numpy'\n"
    )
    pip.chmod(0o755)
    os.mkfifo(tmp_path / "word")
    script = f". '{ROOT}/environment.sh'; quiet_pip ./pip x"
    with subprocess.Popen(
        ["bash", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"numpy==2.0"
        (tmp_path / "word").write_text("go\n")
        assert "installing" in process.stdout.readline().decode()
