"""Uploads: multipart forms and bare bodies, from the socket to the disk, never whole in memory."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from voxcor.disk.faults import storage_errors
from voxcor.errors import MalformedRequest, WrongContentType
from voxcor.server.http.bodies import limited_body
from voxcor.server.http.part_names import UNNAMED, part_name
from voxcor.settings import Settings
from voxcor.tables.text import encoding_of

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FORM = b"multipart/form-data"

# What is written at a time: fewer hops to a thread than chunks from the socket.
WRITE_BYTES = 1 << 20

# Options are short, but for the turns of speakers; the one file may be long.
MOST_FIELD_BYTES = 1 << 20
MOST_FIELDS = 100

# Of one job; a list on the server may hold any number.
MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A recording that has arrived. `name` is what the sender calls it, without any folder."""

    path: Path
    name: str
    bytes: int
    fields: Mapping[str, str]


async def receive_form(request: Request, folder: Path, settings: Settings) -> Upload:
    """A `multipart/form-data` body with one `file`; its other parts are the fields.

    Raises:
        WrongContentType: the body is no such form.
        MalformedRequest: it breaks off, holds no file or several, or fields too long.
        UploadTooLarge, UploadTooSlow, ClientDisconnect: see `limited_body`.
        StorageError: the disk.
    """
    uploads, fields = await _receive(request, folder, settings, most=1)
    if not uploads:
        raise _malformed("it has no part named file.", "缺少名为 file 的部分。")
    return Upload(uploads[0].path, uploads[0].name, uploads[0].bytes, fields)


async def receive_files(
    request: Request, folder: Path, settings: Settings
) -> tuple[list[Upload], Mapping[str, str]]:
    """A `multipart/form-data` body with any number of `file`s, and its fields.

    Raises:
        As `receive_form`; the limit is `max_job_mb`.
    """
    return await _receive(
        request, folder, settings, most=MOST_FILES, maximum_mb=settings.max_job_mb
    )


def is_form(request: Request) -> bool:
    """Whether a body says that it is a form, where a route takes JSON as well."""
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    return kind.lower() == _FORM


async def _receive(
    request: Request, folder: Path, settings: Settings, *, most: int, maximum_mb: int | None = None
) -> tuple[list[Upload], Mapping[str, str]]:
    header = request.headers.get("content-type", "")
    content_type, options = parse_options_header(header)
    if content_type.lower() != _FORM:
        raise WrongContentType(expected="multipart/form-data", found=header or "-")
    if not options.get(b"boundary"):
        raise _malformed("it has no boundary.", "缺少 boundary。")
    form = _Form(folder, most)
    limit_mb = maximum_mb or settings.max_upload_mb
    with storage_errors(folder, limit_mb * 1_000_000), form:
        try:
            parser = MultipartParser(options[b"boundary"], form.callbacks())
            async for chunk in limited_body(request, settings, maximum_mb):
                # Not on the event loop: what a chunk takes to read is up to its sender.
                await asyncio.to_thread(_take, parser, form, chunk)
        except FormParserError as error:
            raise _malformed("it is no valid form.", "不是有效的表单。") from error
        await asyncio.to_thread(form.flush)
    if not form.ended:
        raise _malformed("the form breaks off.", "表单不完整。")
    return form.uploads(), form.fields


async def receive_body(request: Request, folder: Path, settings: Settings) -> Upload:
    """A body that is the recording itself.

    Raises:
        UploadTooLarge, UploadTooSlow, ClientDisconnect: see `limited_body`.
        StorageError: the disk.
    """
    path = folder / UNNAMED
    pending = bytearray()
    with storage_errors(folder, settings.max_upload_mb * 1_000_000), path.open("wb") as file:
        async for chunk in limited_body(request, settings):
            pending += chunk
            await _write(file, pending, WRITE_BYTES)
        await _write(file, pending, 0)
        size = file.tell()
    return Upload(path, UNNAMED, size, {})


@dataclass(slots=True)
class _Form:
    """What the parser finds: files, written below `folder` by `flush`, and fields."""

    folder: Path
    most: int  # files
    fields: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    pending_bytes: int = 0
    _names: list[str] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)
    _pending: list[tuple[int, bytes]] = field(default_factory=list)  # which file, what of it
    _open: tuple[int, BinaryIO] | None = None
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _part: str = ""
    _content: bytearray | None = None  # of the field that is being read, None for a file
    _fields_begun: int = 0
    _field_bytes: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            self._open[1].close()

    def flush(self) -> None:
        """Writes what was found since; not on the event loop."""
        pending, self._pending, self.pending_bytes = self._pending, [], 0
        for number, data in pending:
            if self._open is None or self._open[0] != number:
                if self._open:
                    self._open[1].close()
                self._open = number, self._path(number).open("wb")
            self._open[1].write(data)

    def uploads(self) -> list[Upload]:
        """The files, when all is flushed; their fields are the form's."""
        return [
            Upload(self._path(number), name, size, {})
            for number, (name, size) in enumerate(zip(self._names, self._sizes, strict=True))
        ]

    def _path(self, number: int) -> Path:
        return self.folder / (UNNAMED if self.most == 1 else f"{number:06}")

    def callbacks(self) -> "MultipartCallbacks":
        names = ("part_begin", "part_data", "part_end", "header_field", "header_value")
        ends = ("header_end", "headers_finished", "end")
        found = {f"on_{name}": getattr(self, f"_on_{name}") for name in (*names, *ends)}
        return cast("MultipartCallbacks", found)

    def _on_part_begin(self) -> None:
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _on_headers_finished(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        self._part = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part != "file":
            self._content = bytearray()
            self._fields_begun += 1
            self._count(len(self._part))
            return
        if len(self._names) == self.most:
            en = "it has more than one file." if self.most == 1 else "it has too many files."
            zh = "包含多个文件。" if self.most == 1 else "文件过多。"
            raise _malformed(en, zh)
        name = part_name(disposition)
        if self.most > 1 and name is None:
            raise _malformed("a file in it has no name.", "其中有文件缺少文件名。")
        self._names.append(name or UNNAMED)
        self._sizes.append(0)
        # So that a file of no bytes is there, too.
        self._pending.append((len(self._names) - 1, b""))
        self._content = None

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._content is None:
            self._pending.append((len(self._names) - 1, bytes(data[start:end])))
            self._sizes[-1] += end - start
            self.pending_bytes += end - start
        else:
            self._count(end - start)
            self._content += data[start:end]

    def _on_part_end(self) -> None:
        if self._content is not None:
            # A file of turns may be as some program of Windows saved it.
            encoding = encoding_of(bytes(self._content))
            self.fields[self._part] = self._content.decode(encoding, "replace")

    def _on_end(self) -> None:
        self.ended = True

    def _count(self, more: int) -> None:
        self._field_bytes += more
        if self._field_bytes > MOST_FIELD_BYTES or self._fields_begun > MOST_FIELDS:
            raise _malformed("its fields are too long, or too many.", "字段过长或过多。")


def _take(parser: MultipartParser, form: _Form, chunk: bytes) -> None:
    parser.write(chunk)
    if form.pending_bytes > WRITE_BYTES:
        form.flush()


async def _write(file: BinaryIO, pending: bytearray, beyond: int) -> None:
    """Writes and empties `pending` where it holds more than `beyond` bytes; in a thread."""
    if len(pending) > beyond:
        data = bytes(pending)
        pending.clear()
        await asyncio.to_thread(file.write, data)


def _malformed(en: str, zh: str) -> MalformedRequest:
    return MalformedRequest(reason_en=en, reason_zh=zh)
