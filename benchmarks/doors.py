"""Files that people bring, through every door: what each makes of them, in one table.

    python benchmarks/doors.py                        through this code
    python benchmarks/doors.py --before OLD/src       through another checkout's, too

The files are those of `tests/data/heard`; a new one is a line of `INPUTS`. A cell is empty where a
door hears what it should, and says what it heard instead where it does not.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from watched_server import KEY, Server, serving

FILES = Path(__file__).parent.parent / "tests" / "data" / "heard"

# Where a codec's frames end, and how coarse the search for speech is.
DURATION_WITHIN_MS = 40
START_WITHIN_MS = 150


@dataclass(frozen=True, slots=True)
class Heard:
    """What a door says of one channel of a file: a result, or the code of an error."""

    duration_ms: int = 0
    start_ms: int = 0  # of the speech
    channels: int = 0
    emotion: str = ""
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return self.error
        return f"{self.duration_ms} ms from {self.start_ms}, {self.channels} ch, {self.emotion}"

    def is_as(self, other: "Heard") -> bool:
        """Whether it is the same but for what a codec adds."""
        return (
            (self.channels, self.emotion, self.error)
            == (other.channels, other.emotion, other.error)
            and abs(self.duration_ms - other.duration_ms) <= DURATION_WITHIN_MS
            and abs(self.start_ms - other.start_ms) <= START_WITHIN_MS
        )


@dataclass(frozen=True, slots=True)
class Input:
    """A file, what is true of it, and the options it is brought with, as a form has them.

    A live stream takes bare samples: of their WAV it hears as much, and everything else it refuses;
    `live` is the emotion of the last utterance there.
    """

    name: str
    heard: tuple[Heard, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    is_bare: bool = False
    live: str = ""

    def wanted(self, door: str) -> tuple[Heard, ...]:
        """What a door should make of it."""
        if door == "/v1/stream" and not self.is_bare:
            return (Heard(error="not_bare_samples"),)
        if door == "/v1/stream" and self.live:
            return tuple(replace(heard, emotion=self.live) for heard in self.heard)
        return self.heard

    @property
    def title(self) -> str:
        given = [f"{name}={value}" for name, value in self.options.items()]
        return " ".join([self.name, *given])


def _angry(duration_ms: int = 2522, start_ms: int = 0, channels: int = 1) -> Heard:
    return Heard(duration_ms, start_ms, channels, "angry")


SEPARATE = {"channels": "separate"}
SILENT = Heard(error="no_speech")

# All are made of two sentences, one angry and one sad (see shared findings); `emotion` is what the
# built-in model says of the whole.
INPUTS = (
    Input("aac-rate-changes.aac", (Heard(5589, 0, 1, "angry"),)),
    Input("book.m4b", (_angry(),)),
    Input("call.opus", (Heard(18_621, 0, 1, "sad"),)),
    Input("late-audio-only.m4a", (_angry(5522, 2980),)),
    Input("late-mp4.mp4", (_angry(5522, 2980),)),
    Input("one-leg-silent.flac", (_angry(channels=2),)),
    Input("one-leg-silent.flac", (_angry(channels=2), SILENT), SEPARATE),
    Input("opus-chained.opus", (Heard(9310, 0, 1, "sad"),)),
    Input("opus-no-eos.opus", (_angry(2534),)),
    Input("stereo-inverted.flac", (_angry(channels=2),)),
    Input("stereo-inverted.flac", (_angry(channels=2), _angry(channels=2)), SEPARATE),
    Input("two-tracks-first-silent.mp4", (_angry(),)),
    Input("two-tracks-first-silent.mp4", (SILENT,), {"track": "1"}),
    Input("two-tracks-first-silent.mp4", (Heard(error="no_such_track"),), {"track": "3"}),
    Input("wav-concatenated.wav", (Heard(3000, 0, 1, "sad"),), is_bare=True, live="other"),
    Input("wav-id3-before.wav", (_angry(),)),
    Input("wav-pipe-7fff0000-gstreamer.wav", (_angry(),), is_bare=True),
    Input("wav-pipe-7fffffff.wav", (_angry(),), is_bare=True),
    Input("wechat.slk", (Heard(error="not_audio"),)),
)

# What a door makes of files that are brought with the same options: by their names, each channel.
Answers = dict[str, tuple[Heard, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a door is tried: the code's folder, a server of it, and a folder for what it leaves."""

    source: Path
    server: Server
    scratch: Path

    def run(self, *arguments: str, stdin: Path | None = None) -> str:
        """What a command prints on standard output."""
        environment = {**os.environ, "PYTHONPATH": str(self.source), "VOXCOR_LANGUAGE": "en"}
        with contextlib.ExitStack() as stack:
            given = None if stdin is None else stack.enter_context(stdin.open("rb"))
            return subprocess.run(
                [sys.executable, "-m", "voxcor", *arguments],
                **{"stdin": given} if given else {"input": b""},
                capture_output=True,
                check=False,
                cwd=self.scratch,
                env={**environment, "VOXCOR_HOME": str(self.scratch / "home")},
            ).stdout.decode()


def _flags(options: Mapping[str, str]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def heard_in(document: Mapping[str, Any]) -> Heard:
    """What a result document or an error says."""
    if "emotion" not in document:
        return Heard(error=document["code"])
    audio, segments = document["audio"], document["segments"]
    start_ms = segments[0]["start_ms"] if segments else 0
    return Heard(audio["duration_ms"], start_ms, audio["channels"], document["emotion"])


def _by_name(documents: Iterable[Mapping[str, Any]]) -> Answers:
    answers: dict[str, list[Heard]] = {}
    for document in documents:
        name = document["audio"]["name"] if "audio" in document else document["path"]
        answers.setdefault(Path(name).name, []).append(heard_in(document))
    return {name: tuple(heard) for name, heard in answers.items()}


def _lines(text: str) -> Iterator[dict[str, Any]]:
    return map(json.loads, text.splitlines())


def through_recognize(place: Place, files: Sequence[Path], options: Mapping[str, str]) -> Answers:
    said = place.run(
        *("recognize", "--json", "--no-save", "--granularity", "segment", "--model", "small"),
        *_flags(options),
        *map(str, files),
    )
    return _by_name(_lines(said))


def through_stdin(place: Place, files: Sequence[Path], options: Mapping[str, str]) -> Answers:
    answers = {}
    for file in files:
        said = place.run(
            *("recognize", "--json", "--no-save", "--granularity", "segment", "--model", "small"),
            *_flags(options),
            "-",
            stdin=file,
        )
        answers[file.name] = tuple(map(heard_in, _lines(said)))
    return answers


def _through_batch(place: Place, source: Path, options: Mapping[str, str]) -> Answers:
    out = place.scratch / "batch"
    shutil.rmtree(out, ignore_errors=True)
    place.run(
        *("batch", str(source), "--out", str(out), "--granularity", "segment", "--model", "small"),
        *_flags(options),
    )
    table = out / "results.jsonl"
    return _by_name(_lines(table.read_text("utf-8"))) if table.is_file() else {}


def through_list(place: Place, files: Sequence[Path], options: Mapping[str, str]) -> Answers:
    listed = place.scratch / "list.csv"
    listed.write_text("path\n" + "".join(f"{file.resolve()}\n" for file in files), "utf-8")
    return _through_batch(place, listed, options)


def through_folder(place: Place, files: Sequence[Path], options: Mapping[str, str]) -> Answers:
    folder = place.scratch / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in files:
        shutil.copy(file, folder)
    return _through_batch(place, folder, options)


def through_zip(place: Place, files: Sequence[Path], options: Mapping[str, str]) -> Answers:
    archive = place.scratch / "archive.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in files:
            packed.write(file, file.name)
    return _through_batch(place, archive, options)


def through_request(place: Place, files: Sequence[Path], options: Mapping[str, str]) -> Answers:
    answers = {}
    with place.server.client() as http:
        for file in files:
            answer = http.post(
                "/v1/recognize",
                data={"granularity": "segment", "model": "small", **options},
                files={"file": (file.name, file.read_bytes())},
            ).json()
            answers[file.name] = tuple(map(heard_in, answer.get("results", [answer])))
    return answers


def through_job(place: Place, files: Sequence[Path], options: Mapping[str, str]) -> Answers:
    with place.server.client() as http:
        job = http.post(
            "/v1/jobs",
            data={"granularity": "segment", "model": "small", **options},
            files=[("file", (file.name, file.read_bytes())) for file in files],
        ).json()
        if "id" not in job:
            return {file.name: (Heard(error=job["code"]),) for file in files}
        while http.get(f"/v1/jobs/{job['id']}").json()["state"] in ("waiting", "running"):
            time.sleep(0.2)
        items = http.get(f"/v1/jobs/{job['id']}/items", params={"limit": 500}).json()["items"]
    answers = {}
    for item in items:
        heard = [heard_in(document) for document in item["documents"]]
        failed = item.get("channel_failures") or ([item["failure"]] if item["failure"] else [])
        answers[Path(item["path"]).name] = (*heard, *map(heard_in, failed))
    return answers


def through_stream(place: Place, files: Sequence[Path], options: Mapping[str, str]) -> Answers:
    del options  # a session has none of these
    url = place.server.url.replace("http", "ws", 1) + "/v1/stream?model=small"
    headers = {"Authorization": f"Bearer {KEY}"}
    answers = {}
    for file in files:
        with connect(url, additional_headers=headers, ping_interval=None) as session:
            told = [json.loads(session.recv())]
            content = file.read_bytes()
            with contextlib.suppress(ConnectionClosed):
                for start in range(0, len(content), 3200):
                    session.send(content[start : start + 3200])
                session.send('{"type": "session.close"}')
            with contextlib.suppress(ConnectionClosed):
                while True:
                    told.append(json.loads(session.recv(timeout=60)))
        answers[file.name] = (_heard_live(told),)
    return answers


def _heard_live(told: Sequence[Mapping[str, Any]]) -> Heard:
    for event in told:
        if event["type"] == "error":
            return Heard(error=event["code"])
    starts = [event["start_ms"] for event in told if event["type"] == "utterance.start"]
    finals = [event["emotion"] for event in told if event.get("trigger") == "speech_ended"]
    if not finals:
        return SILENT
    return Heard(told[-1]["duration_ms"], starts[0], 1, finals[-1])


Door = Callable[[Place, Sequence[Path], Mapping[str, str]], Answers]

DOORS: dict[str, Door] = {
    "recognize": through_recognize,
    "-": through_stdin,
    "batch": through_list,
    "folder": through_folder,
    "zip": through_zip,
    "/v1/recognize": through_request,
    "/v1/jobs": through_job,
    "/v1/stream": through_stream,
}


def differences(source: Path, inputs: Sequence[Input], files: Path) -> dict[tuple[str, str], str]:
    """What each door heard instead, by the titles of inputs and the names of doors."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch, "server")
        home.mkdir()
        with serving(home, PYTHONPATH=str(source)) as server:
            place = Place(source, server, Path(scratch))
            for options in {json.dumps(each.options): each.options for each in inputs}.values():
                asked = [each for each in inputs if each.options == options]
                for door, through in DOORS.items():
                    answers = through(place, [files / each.name for each in asked], options)
                    for each in asked:
                        heard = answers.get(each.name, ())
                        found[each.title, door] = difference(heard, each.wanted(door))
    return found


def difference(heard: Sequence[Heard], wanted: Sequence[Heard]) -> str:
    """Nothing where they are the same; channels may fail after those that do not."""
    if len(heard) == len(wanted) and all(
        mine.is_as(other) for mine, other in zip(heard, wanted, strict=True)
    ):
        return ""
    return "; ".join(map(str, heard)) or "no answer"


def table(columns: Mapping[str, Mapping[tuple[str, str], str]], inputs: Sequence[Input]) -> str:
    """Markdown: a row for each input that some door hears wrongly, and how many there are."""
    out = io.StringIO()
    for version, found in columns.items():
        wrong = sum(map(bool, found.values()))
        print(f"{version}: {len(found) - wrong} of {len(found)} as they should be", file=out)
    print(file=out)
    print("| input |", " | ".join(DOORS), "|", file=out)
    print("|---|" + "---|" * len(DOORS), file=out)
    for each in inputs:
        cells = []
        for door in DOORS:
            told = [found[each.title, door] or "as it should" for found in columns.values()]
            cells.append(" → ".join(told if len(set(told)) > 1 else told[:1]))
        print(f"| {each.title} |", " | ".join(cells), "|", file=out)
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--before", type=Path, help="the src folder of another checkout")
    before = parser.parse_args().before
    now = Path(__file__).resolve().parent.parent / "src"
    versions = {"before": before.resolve(), "now": now} if before else {"now": now}
    columns = {name: differences(source, INPUTS, FILES) for name, source in versions.items()}
    print(table(columns, INPUTS))


if __name__ == "__main__":
    main()
