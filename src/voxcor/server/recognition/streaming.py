"""`WS /v1/stream`: one `voxcor.stream.session.Session` for each connection.

One task reads messages, another feeds the session in a thread; between them wait 5 s of audio at
most. While those are full nothing is read, so TCP slows whoever sends faster than recognition goes.
`docs/streaming.md` describes the messages.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from voxcor.audio.bare import BareSamples
from voxcor.errors import (
    ConfigInvalid,
    InvalidAudioFrame,
    LibraryError,
    MalformedRequest,
    MessageInvalid,
    MessageTooLarge,
    ModelError,
    NotBareSamples,
    NotReady,
    RuleInvalid,
    StreamError,
    TooManyStreams,
    VoxcorError,
)
from voxcor.frames import SAMPLE_RATE
from voxcor.inference.session import available_cores
from voxcor.rules.book import SavedRule
from voxcor.rules.grammar import MOST_RULES, parse
from voxcor.rules.watching import Rule
from voxcor.server.http.problems import validation_reason
from voxcor.server.http.strict_json import read_strict_json
from voxcor.server.rules.engine import rule_engine_of
from voxcor.server.service import Service, service_of
from voxcor.stream.events import Reason, RuleFired, SessionEvent
from voxcor.stream.session import FloatArray, Pace, Session, SessionOptions, samples_of

logger = logging.getLogger("voxcor.server")

T = TypeVar("T")

MOST_BYTES = 1 << 20  # of a message, 33 s of audio
MOST_TEXT_BYTES = 1 << 17  # of one in text: all the rules there may be, as long as they may be
MOST_LABELS = 100
LONGEST_LABEL = 300  # characters
LONGEST_INTERVAL_MS = 3_600_000

# A message is fed in chunks, so that lateness shows before all of it is measured.
CHUNK_SAMPLES = SAMPLE_RATE // 10  # samples

MOST_QUEUED_CHUNKS = 50  # that wait, 5 s

# RFC 6455, 7.4.1.
NORMAL = 1000
GOING_AWAY = 1001
UNSUPPORTED = 1003
BAD_DATA = 1007
POLICY = 1008
TOO_BIG = 1009
INTERNAL = 1011
TRY_LATER = 1013

_CODES: Mapping[type[VoxcorError], int] = {
    InvalidAudioFrame: BAD_DATA,
    NotBareSamples: UNSUPPORTED,
    MessageInvalid: BAD_DATA,
    MessageTooLarge: TOO_BIG,
    ConfigInvalid: POLICY,
    TooManyStreams: TRY_LATER,
    NotReady: TRY_LATER,
    ModelError: POLICY,
    VoxcorError: INTERNAL,
}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    # Threads of their own: live speech does not queue behind the files of others.
    with ThreadPoolExecutor(2 * available_cores(), "voxcor-stream") as app.state.stream_threads:
        yield


router = APIRouter(tags=["stream"], lifespan=_lifespan)


@router.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """A live session with the server's model, or `?model=` another one that is installed."""
    service = service_of(socket)
    await socket.accept()
    service.sessions += 1
    connection = _Connection(socket, service)
    try:
        await connection.serve()
    except* WebSocketDisconnect:
        pass  # nobody is there to be told
    except* TimeoutError:
        logger.info("a live session was given up: its client does not read")
    finally:
        service.sessions -= 1
        service.metrics.audio.inc(connection.audio_s)


_Label = Annotated[StrictStr, Field(max_length=LONGEST_LABEL)]


class _Update(BaseModel):
    """`session.update`: what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    type: str
    labels: tuple[_Label, ...] | None = Field(None, max_length=MOST_LABELS)
    interval_ms: StrictInt | None = Field(None, le=LONGEST_INTERVAL_MS)
    rules: tuple[StrictStr, ...] | None = Field(None, max_length=MOST_RULES)
    relative_to: _Label | None = None


@dataclass(frozen=True, slots=True)
class _Audio:
    """A piece of audio, and when it is due on the clock of the loop."""

    samples: FloatArray
    due: float


@dataclass(frozen=True, slots=True)
class _Close:
    reason: Reason


_Item = _Audio | _Update | _Close | StreamError


class _Connection:
    """One client, from its first message to its last."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self.audio_s = 0.0
        self._socket = socket
        self._service = service
        self._rule_engine = rule_engine_of(socket)
        self._items: asyncio.Queue[_Item] = asyncio.Queue(MOST_QUEUED_CHUNKS)
        self._options = SessionOptions()
        self._saved: dict[str, SavedRule] = {}
        self._pace = Pace()
        self._bare = BareSamples()

    async def serve(self) -> None:
        """All of it; the last message has been sent when this returns.

        Raises:
            ExceptionGroup: of WebSocketDisconnect, the client has left without a word, or of
                TimeoutError, it has left without a sign.
        """
        try:
            session = await self._open()
        except VoxcorError as error:
            await self._send_error(error)
            await self._socket.close(_code_of(error), error.code)
            return
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read())
            await self._process(session)
            reading.cancel()

    async def _open(self) -> Session:
        service = self._service
        if not service.ready.is_set():
            raise service.problem or NotReady(retry_after_s=service.admission.retry_after_s)
        if service.sessions > service.settings.stream_sessions:
            raise TooManyStreams(running=service.settings.stream_sessions)
        model = self._socket.query_params.get("model")
        self._recognizer = await self._in_thread(lambda: service.recognizers.get(model))
        await self._watch(self._recognizer.labels, ())
        session = Session(self._recognizer, self._options)
        self._id = session.id
        await self._send_events([session.created])
        return session

    async def _read(self) -> None:
        """Puts what the client sends into the queue, until that or something else ends it."""
        draining = asyncio.create_task(self._service.draining.wait())
        receiving = asyncio.create_task(self._socket.receive())
        try:
            while True:
                await asyncio.wait(
                    {receiving, draining},
                    timeout=self._service.settings.stream_idle_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if draining.done():
                    return await self._items.put(_Close("server_shutdown"))
                if not receiving.done():
                    return await self._items.put(_Close("idle_timeout"))
                for item in await self._items_of(receiving.result()):
                    await self._items.put(item)
                    if isinstance(item, (_Close, StreamError)):
                        return None
                receiving = asyncio.create_task(self._socket.receive())
        finally:
            draining.cancel()
            receiving.cancel()

    async def _items_of(self, message: Mapping[str, Any]) -> list[_Item]:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        data = message.get("bytes")
        try:
            if data is None:
                text = message["text"]
                _require_size(len(text), MOST_TEXT_BYTES)
                item = await self._in_thread(lambda: _item_of(text))
                is_end = isinstance(item, _Close)
                return [*(self._audio_of(self._bare.finish()) if is_end else ()), item]
            _require_size(len(data), MOST_BYTES)
            return [*self._audio_of(await self._in_thread(lambda: self._bare.push(data)))]
        except StreamError as error:
            return [error]

    def _audio_of(self, data: bytes) -> Iterator[_Audio]:
        samples = samples_of(data)
        now = asyncio.get_running_loop().time()
        for start in range(0, len(samples), CHUNK_SAMPLES):
            piece = samples[start : start + CHUNK_SAMPLES]
            yield _Audio(piece, self._pace.due(len(piece) / SAMPLE_RATE, now))

    async def _process(self, session: Session) -> None:
        """Works on the queue, until that ends the session."""
        while True:
            item = await self._items.get()
            try:
                if isinstance(item, StreamError):
                    raise item
                if isinstance(item, _Close):
                    return await self._close(session, item.reason)
                if isinstance(item, _Update):
                    await self._update(session, item)
                else:
                    await self._feed(session, item)
            except StreamError as error:
                await self._send_error(error)
                return await self._close(session, "error", _code_of(error))
            except (WebSocketDisconnect, TimeoutError):
                raise
            except Exception:
                logger.exception("a live session failed")
                await self._send_error(VoxcorError(reason="see the log of the server"))
                return await self._socket.close(INTERNAL, VoxcorError.code)

    async def _feed(self, session: Session, audio: _Audio) -> None:
        late_s = asyncio.get_running_loop().time() - audio.due
        interims = late_s <= session.interval
        self.audio_s += len(audio.samples) / SAMPLE_RATE
        await self._send_events(
            await self._in_thread(lambda: session.feed(audio.samples, interims=interims))
        )

    async def _update(self, session: Session, update: _Update) -> None:
        options = self._options
        labels = options.labels if update.labels is None else update.labels
        if update.interval_ms is not None:
            options = replace(options, interval=update.interval_ms / 1000)
        if update.relative_to is not None:
            options = replace(options, relative_to=update.relative_to)
        own = [rule for rule in options.rules if rule.name not in self._saved]
        labels_in_use = self._recognizer.labels if labels is None else labels
        if update.rules is not None:
            texts = update.rules
            own = await self._in_thread(lambda: [_parse(text, labels_in_use) for text in texts])
        self._options = replace(options, labels=labels)
        await self._watch(labels_in_use, own)
        try:
            updated = await self._in_thread(lambda: session.update(self._options))
        except LibraryError as error:  # nobody of this name is enrolled, or not with this model
            raise _config_invalid(error) from error
        await self._send_events([updated])

    async def _watch(self, labels: Sequence[str], own: Iterable[Rule]) -> None:
        """Lets the session watch the saved rules that these labels allow, and its own."""
        saved = await self._in_thread(lambda: self._rule_engine.rules_for(labels))
        self._saved = {entry.rule.name: entry for entry in saved}
        rules = (*(entry.rule for entry in saved), *own)
        self._options = replace(self._options, rules=rules)

    async def _close(self, session: Session, reason: Reason, code: int | None = None) -> None:
        await self._send_events(await self._in_thread(lambda: session.close(reason)))
        leaving = GOING_AWAY if reason == "server_shutdown" else NORMAL
        await self._socket.close(code or leaving, reason)

    async def _send_events(self, events: Iterable[SessionEvent]) -> None:
        for event in events:
            if isinstance(event, RuleFired) and event.firing.rule.name in self._saved:
                source = {"session_id": self._id, "utterance": event.utterance}
                saved = self._saved[event.firing.rule.name]
                self._rule_engine.fire(saved, event.firing, source)
            await self._send(event.to_document())

    async def _send_error(self, error: VoxcorError) -> None:
        await self._send({"type": "error", **error.to_dict()})

    async def _send(self, document: Mapping[str, Any]) -> None:
        async with asyncio.timeout(self._service.settings.stream_idle_s):
            await self._socket.send_text(json.dumps(document, ensure_ascii=False))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """Calls in the language of the client."""
        threads = self._socket.app.state.stream_threads
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, copy_context().run, call)


def _code_of(error: VoxcorError) -> int:
    return next(_CODES[cls] for cls in type(error).__mro__ if cls in _CODES)


def _item_of(text: str) -> _Update | _Close:
    """A message in text.

    Raises:
        MessageTooLarge, MessageInvalid: it is none.
        ConfigInvalid: a `session.update` of something else.
    """
    _require_size(len(text.encode(errors="replace")), MOST_TEXT_BYTES)
    try:
        document = read_strict_json(text)
        kind = document["type"]
    except (MalformedRequest, TypeError, KeyError) as error:
        raise MessageInvalid(
            reason_en="text is JSON with a type; audio is sent as binary messages.",
            reason_zh="文本消息应为带 type 的 JSON；音频须以二进制消息发送。",
        ) from error
    if kind == "session.close":
        return _Close("client_request")
    if kind != "session.update":
        raise MessageInvalid(
            reason_en=f"a client sends session.update and session.close, not {kind!r:.100}.",
            reason_zh=f"客户端可发送 session.update 和 session.close，而不是 {kind!r:.100}。",
        )
    try:
        return _Update.model_validate(document)
    except ValidationError as error:
        raise ConfigInvalid(**validation_reason(error.errors()[0])) from error


def _require_size(size: int, most: int) -> None:
    if size > most:
        raise MessageTooLarge(bytes=size, maximum_bytes=most)


def _parse(text: str, labels: Sequence[str]) -> Rule:
    try:
        return parse(text, labels)
    except RuleInvalid as error:
        raise _config_invalid(error) from error


def _config_invalid(error: VoxcorError) -> ConfigInvalid:
    en, zh = error.en.format(**error.details), error.zh.format(**error.details)
    return ConfigInvalid(reason_en=en, reason_zh=zh)
