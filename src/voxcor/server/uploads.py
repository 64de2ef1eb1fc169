"""Uploads: multipart forms and bare bodies, from the socket to the disk, never whole in memory."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from voxcor.errors import MalformedRequest, WrongContentType
from voxcor.models.store import storage_errors
from voxcor.server.limits import limited_body
from voxcor.settings import Settings

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# What is written at a time: fewer hops to a thread than chunks from the socket.
WRITE_BYTES = 1 << 20

# Options are short; the one file may be long.
MOST_FIELD_BYTES = 1 << 16

LONGEST_NAME = 255

UNNAMED = "upload"


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
    header = request.headers.get("content-type", "")
    content_type, options = parse_options_header(header)
    if content_type.lower() != b"multipart/form-data":
        raise WrongContentType(expected="multipart/form-data", found=header or "-")
    if not options.get(b"boundary"):
        raise _malformed("it has no boundary.", "缺少 boundary。")
    form = _Form()
    path = folder / UNNAMED
    with storage_errors(folder, settings.max_upload_mb * 1_000_000), path.open("wb") as file:
        try:
            parser = MultipartParser(options[b"boundary"], form.callbacks())
            async for chunk in limited_body(request, settings):
                parser.write(chunk)
                await _write(file, form.pending, WRITE_BYTES)
        except FormParserError as error:
            raise _malformed("it is no valid form.", "不是有效的表单。") from error
        await _write(file, form.pending, 0)
        size = file.tell()
    if not form.ended:
        raise _malformed("the form breaks off.", "表单不完整。")
    if form.name is None:
        raise _malformed("it has no part named file.", "缺少名为 file 的部分。")
    return Upload(path, form.name, size, form.fields)


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


def plain_name(name: str) -> str:
    """A file name a sender gave, without folders and characters that print nothing."""
    last = PurePath(name.replace("\\", "/")).name
    printable = "".join(character for character in last if character.isprintable())
    kept = printable[-LONGEST_NAME:].strip()
    return UNNAMED if kept in ("", ".", "..") else kept


@dataclass(slots=True)
class _Form:
    """What the parser finds: the file's bytes in `pending`, until they are written away."""

    fields: dict[str, str] = field(default_factory=dict)
    name: str | None = None  # of the file
    pending: bytearray = field(default_factory=bytearray)
    ended: bool = False
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _part: str = ""
    _content: bytearray | None = None  # of the field that is being read, None for the file
    _field_bytes: int = 0

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
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._part = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part != "file":
            self._content = bytearray()
            self._count(len(self._part))
            return
        if self.name is not None:
            raise _malformed("it has more than one file.", "包含多个文件。")
        self.name = plain_name(options.get(b"filename", b"").decode("utf-8", "replace"))
        self._content = None

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._content is None:
            self.pending += data[start:end]
        else:
            self._count(end - start)
            self._content += data[start:end]

    def _on_part_end(self) -> None:
        if self._content is not None:
            self.fields[self._part] = self._content.decode("utf-8", "replace")

    def _on_end(self) -> None:
        self.ended = True

    def _count(self, more: int) -> None:
        self._field_bytes += more
        if self._field_bytes > MOST_FIELD_BYTES:
            raise _malformed("its fields are too long.", "字段过长。")


async def _write(file: BinaryIO, pending: bytearray, beyond: int) -> None:
    """Writes and empties `pending` where it holds more than `beyond` bytes; in a thread."""
    if len(pending) > beyond:
        data = bytes(pending)
        pending.clear()
        await asyncio.to_thread(file.write, data)


def _malformed(en: str, zh: str) -> MalformedRequest:
    return MalformedRequest(reason_en=en, reason_zh=zh)
