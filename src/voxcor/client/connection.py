"""The way to a server: requests, their errors as `voxcor.errors`, server-sent events."""

import io
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import quote, urlsplit

from voxcor.errors import (
    InputNotFound,
    InputUnreadable,
    QueueFull,
    ServerError,
    ServerUnreachable,
    UsageError,
    error_from,
)
from voxcor.language import language
from voxcor.proxies import require_usable_proxies
from voxcor.settings import is_loopback

if TYPE_CHECKING:
    import httpx2

# A recording of an hour through a large model on two cores.
LONGEST_ANSWER_S = 1800.0

# How long a client waits for a place in a full queue, or a server that is away, before it gives up.
RETRY_FOR_S = 300.0

_CHUNK_BYTES = 1 << 18

_T = TypeVar("_T")


class Connection:
    """Requests to one server; safe to share among threads.

    Every method raises the error whose code the server gives, `ServerUnreachable` where nothing
    answers, `ServerError` where what answers is no Voxcor.

    Args:
        url: where the server is, with its sub-path behind a proxy.
        api_key: what it was started with as VOXCOR_API_KEY.

    Raises:
        UsageError: the URL is none.
        ProxyInvalid: a proxy of the environment would be in the way of every request.
    """

    def __init__(self, url: str, api_key: str | None) -> None:
        import httpx2

        try:
            host = urlsplit(url).hostname if httpx2.URL(url).scheme in ("http", "https") else None
        except (httpx2.InvalidURL, ValueError):
            host = None
        if not host:
            raise UsageError(
                reason_en=f"{url!r} is no address of a server, such as http://127.0.0.1:7860.",
                reason_zh=f"{url!r} 不是有效的服务器地址，例如 http://127.0.0.1:7860。",
            )
        headers: dict[str, str] = {"Accept-Language": language()}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        # A proxy of the environment does not lead to this machine.
        with_proxies = not is_loopback(host)
        if with_proxies:
            require_usable_proxies()
        self.url = url.rstrip("/")
        self._http = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(30.0, read=LONGEST_ANSWER_S),
            trust_env=with_proxies,
        )

    def close(self) -> None:
        self._http.close()

    def request(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON of the answer; None where it has no body."""
        with self._stream(method, path, **arguments) as response:
            content = response.read()
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise ServerError(url=self.url, reason="no JSON") from error

    def send_files(
        self, path: str, files: Iterable[str | os.PathLike[str]], fields: Mapping[str, str]
    ) -> Any:
        """The JSON of the answer to a form with files, once there is a place for it.

        Raises:
            InputNotFound, InputUnreadable: a path leads to no file; nothing is sent.
        """
        paths = [Path(file) for file in files]
        for one in paths:
            with opened(one):
                pass

        def send() -> Any:
            content_type, parts = form_of(paths, fields)
            headers = {"Content-Type": content_type}
            return self.request("POST", path, content=parts, headers=headers)

        return retry_while_full(send)

    def content(self, path: str, method: str = "GET", **arguments: Any) -> bytes:
        """The bytes of an answer."""
        with self._stream(method, path, **arguments) as response:
            return response.read()

    def computed(
        self,
        path: str,
        document: Mapping[str, Any],
        progress: Callable[[float], None] = lambda _share: None,
    ) -> bytes:
        """What takes long: the server lets each question wait for a second.

        Args:
            path: where it is asked for.
            document: what is asked.
            progress: is told each time which share of the work is done, 0..1.
        """

        def ask() -> tuple[int, bytes]:
            with self._stream("POST", path, json=document) as response:
                return response.status_code, response.read()

        while True:
            status, content = retry_while_full(ask)
            if status != HTTPStatus.ACCEPTED:
                return content
            progress(json.loads(content)["progress"])

    def save(self, path: str, file: BinaryIO) -> None:
        """Writes an answer to a file, however large it is."""
        with self._stream("GET", path) as response:
            for chunk in response.iter_bytes():
                file.write(chunk)

    def events(self, path: str, after: int = 0) -> "Iterator[httpx2.ServerSentEvent]":
        """Events as they come, those after a number, until the server ends.

        Their `id`, where they have one, is that number. There is none at all where the server has
        nothing more to say.
        """
        import httpx2

        headers = {"Last-Event-ID": str(after)} if after else {}
        with self._stream("GET", path, headers=headers) as response:
            if response.status_code != httpx2.codes.NO_CONTENT:
                # An item of a job has all its segments: no limit fits.
                yield from httpx2.EventSource(response, max_event_size=None)

    @contextmanager
    def _stream(self, method: str, path: str, **arguments: Any) -> "Iterator[httpx2.Response]":
        """An answer that says success, its body still to be read."""
        import httpx2
        from socksio import SOCKSError

        try:
            with self._http.stream(method, self.url + path, **arguments) as response:
                if not response.is_success:
                    response.read()
                self._require_success(response)
                yield response
        except httpx2.SSEError as error:
            raise ServerError(url=self.url, reason="no events") from error
        except (httpx2.TransportError, SOCKSError) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        return ServerUnreachable(url=self.url, reason=str(error) or type(error).__name__)

    def _require_success(self, response: "httpx2.Response") -> None:
        if response.is_success:
            return
        reason = f"HTTP {response.status_code}"
        try:
            document = response.json()
            raise error_from(document) or ServerError(url=self.url, reason=document["message"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ServerError(url=self.url, reason=reason) from error


def retry_while_full(action: Callable[[], _T]) -> _T:
    """What the action gives; waits for a place where the server's queue is full.

    Raises:
        QueueFull: it has been full for too long.
    """
    give_up_at = time.monotonic() + RETRY_FOR_S
    while True:
        try:
            return action()
        except QueueFull as error:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(error.details["retry_after_s"])


@contextmanager
def opened(content: str | os.PathLike[str] | bytes) -> Iterator[BinaryIO]:
    """A recording to be sent.

    Raises:
        InputNotFound, InputUnreadable: its path leads to no file.
    """
    if isinstance(content, bytes):
        yield io.BytesIO(content)
        return
    path = Path(content)
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise InputNotFound(name=str(path)) from error
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror) from error
    with file:
        yield file


def form_of(paths: Iterable[Path], fields: Mapping[str, str]) -> tuple[str, Iterator[bytes]]:
    """The content type and the parts of a form; one file is open at a time, however many they are.

    A name is there twice: in `filename` as every server reads it, and in `filename*` (RFC 5987),
    which needs no guess at what is escaped.
    """
    boundary = secrets.token_hex(16)

    def parts() -> Iterator[bytes]:
        for name, value in fields.items():
            disposition = f'form-data; name="{name}"'
            yield f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n{value}\r\n".encode()
        for path in paths:
            exact = quote(path.name.encode("utf-8", "surrogateescape"), safe="")
            named = f"filename=\"{_escaped(path.name)}\"; filename*=UTF-8''{exact}"
            disposition = f'form-data; name="file"; {named}'
            head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n"
            yield head.encode("utf-8", "surrogateescape")
            with opened(path) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    return f"multipart/form-data; boundary={boundary}", parts()


def _escaped(name: str) -> str:
    return re.sub(r'([\\"])', r"\\\1", name).replace("\r", " ").replace("\n", " ")
