"""Webhooks: what happened, posted to an address its owner gave, signed so that they can trust it.

Signed as Standard Webhooks 1.0 has it (standardwebhooks.com), so libraries for receivers exist:
`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`, under the
secret whose base64 follows `whsec_`. Whoever signs a timestamp cannot be replayed later.

One thread serves all of them. Each address has a queue of its own while anything waits for it, and
those that failed have fewer places than the others: any number of dead ones delays nobody else.
Redirects are not followed; what answers must be what was named. `voxcor.rules.addresses` says
where they may go.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from voxcor.errors import WebhookInvalid
from voxcor.rules.addresses import Allowed, transport

if TYPE_CHECKING:
    import httpx2

logger = logging.getLogger("voxcor.rules.webhooks")

# Between attempts, doubling: nine attempts in eight and a half minutes. Later, nobody can act on
# how a caller sounded.
DELAYS_S = tuple(2.0**n for n in range(1, 9))

TIMEOUT_S = 10.0
LONGEST_ATTEMPT_S = 30.0

# Attempts at the same time, and of those at addresses whose last one failed.
MOST_AT_ONCE = 32
MOST_AGAIN_AT_ONCE = 8

# So many wait for one address; what comes then is dropped, and the log says so.
MOST_WAITING = 1000

LONGEST_URL = 2000  # characters

# Bytes of a secret that Standard Webhooks asks for.
SHORTEST_SECRET, LONGEST_SECRET = 24, 64

_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address, and the secret that signs what goes there.

    Raises:
        WebhookInvalid: not http or https, no host, a password in the address, or a secret that is
            not `whsec_` and the base64 of 24 to 64 bytes.
    """

    url: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if objection := _objection(self.url, self.secret):
            raise WebhookInvalid(
                url=self.url[:LONGEST_URL], reason_en=objection[0], reason_zh=objection[1]
            )


def new_secret() -> str:
    """A random secret of 32 bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of a body.

    Args:
        secret: as in `Webhook`.
        message_id: the header `webhook-id`.
        timestamp: seconds since 1970, the header `webhook-timestamp`.
        body: the bytes that are posted.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


@dataclass(frozen=True, slots=True)
class _Delivery:
    id: str
    webhook: Webhook
    body: bytes


class Webhooks:
    """Sends in the background; safe to call from any thread.

    Args:
        delays_s: the pauses between attempts.
        allowed: where they may go.
    """

    def __init__(
        self, delays_s: Sequence[float] = DELAYS_S, allowed: Allowed | None = None
    ) -> None:
        self._delays_s = delays_s
        self._allowed = allowed or Allowed()
        self._waiting: dict[str, deque[_Delivery]] = {}  # by address, while its task runs
        self._failed: set[str] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def send(self, webhook: Webhook, event: str, data: Mapping[str, Any]) -> None:
        """Queues `{"type": event, "timestamp", "data"}` and returns at once."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        document = {"type": event, "timestamp": now, "data": data}
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        delivery = _Delivery(f"msg_{uuid4().hex}", webhook, body)
        with self._lock:
            if self._closing.is_set():
                return
            waiting = self._waiting.get(webhook.url)
            if waiting is None:
                self._waiting[webhook.url] = deque([delivery])
                self._begin(webhook.url)
            elif len(waiting) < MOST_WAITING:
                waiting.append(delivery)
            else:
                logger.warning(
                    "webhook %s: %d wait, one more is dropped", _host(webhook), len(waiting)
                )

    def close(self) -> None:
        """Gives up what waits; an attempt that is under way ends first."""
        with self._lock:
            self._closing.set()
            thread, loop = self._thread, self._loop
        if thread is not None and loop is not None:
            loop.call_soon_threadsafe(self._closed.set)
            thread.join()

    def _begin(self, url: str) -> None:
        """Starts the task of an address, and before the first of them the thread."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._closed = asyncio.Event()
            self._addresses: asyncio.Queue[str] = asyncio.Queue()
            self._thread = threading.Thread(target=self._run, name="voxcor-webhook", daemon=True)
            self._thread.start()
        self._loop.call_soon_threadsafe(self._addresses.put_nowait, url)

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        import httpx2

        client = httpx2.AsyncClient(
            transport=transport(self._allowed),
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
        )
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._places_again = asyncio.Semaphore(MOST_AGAIN_AT_ONCE)
        closed = asyncio.create_task(self._closed.wait())
        async with client, asyncio.TaskGroup() as tasks:
            while True:
                following = asyncio.create_task(self._addresses.get())
                await asyncio.wait({closed, following}, return_when=asyncio.FIRST_COMPLETED)
                if closed.done():
                    following.cancel()
                    return
                tasks.create_task(self._work(client, following.result()))

    async def _work(self, client: "httpx2.AsyncClient", url: str) -> None:
        """Delivers what waits for an address, in order."""
        while True:
            with self._lock:
                waiting = self._waiting[url]
                if not waiting or self._closing.is_set():
                    del self._waiting[url]
                    self._failed.discard(url)
                    return
                delivery = waiting.popleft()
            await self._deliver(client, delivery)

    async def _deliver(self, client: "httpx2.AsyncClient", delivery: _Delivery) -> None:
        url = delivery.webhook.url
        for delay_s in (*self._delays_s, None):
            async with self._places_again if url in self._failed else self._places:
                if self._closing.is_set():
                    return
                problem, final = await _attempt(client, delivery)
            if not problem:
                self._failed.discard(url)
                return
            self._failed.add(url)
            if final or delay_s is None:
                logger.warning("webhook %s: given up: %s", _host(delivery.webhook), problem)
                return
            logger.info("webhook %s: %s, again in %g s", _host(delivery.webhook), problem, delay_s)
            try:
                async with asyncio.timeout(delay_s):
                    await self._closed.wait()
            except TimeoutError:
                continue
            return


async def _attempt(client: "httpx2.AsyncClient", delivery: _Delivery) -> tuple[str, bool]:
    """What went wrong, nothing if all went well; and whether another attempt is pointless."""
    import httpx2

    # Each attempt is signed anew: its receiver refuses a timestamp of minutes ago.
    timestamp = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "Voxcor",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(delivery.webhook.secret, delivery.id, timestamp, delivery.body),
    }
    try:
        # Streamed, so that no answer can be too long: its status says all.
        async with (
            asyncio.timeout(LONGEST_ATTEMPT_S),
            client.stream(
                "POST", delivery.webhook.url, content=delivery.body, headers=headers
            ) as response,
        ):
            if response.is_success:
                return "", True
            return f"status {response.status_code}", response.status_code == 410
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        return str(error) or type(error).__name__, False


def _host(webhook: Webhook) -> str:
    # An address may hold a token in its path: logs get the host alone.
    return urlsplit(webhook.url).netloc


def _objection(url: str, secret: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        usable = False
    if not usable or len(url) > LONGEST_URL or " " in url:
        return (
            "is no http or https address with a host.",
            "不是带主机名的 http 或 https 地址。",
        )
    if parts.username is not None:
        return (
            "holds a user name; the signature is what the receiver checks.",
            "包含用户名；请让接收方校验签名。",
        )
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(_PREFIX) or not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
        return (
            "wants a secret of whsec_ and the base64 of 24 to 64 bytes; without one, it gets one.",
            "的密钥应为 whsec_ 加 24 至 64 字节的 base64；不提供则自动生成。",
        )
    return None
