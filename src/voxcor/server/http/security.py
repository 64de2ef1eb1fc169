"""Who may ask, and what a browser may do with the answer.

By default the server listens on loopback and anybody on this machine may ask. What a page of
somewhere else in the browser of that person sends is refused: by its `Origin`, and by the `Host`
it asked for where it had its own name point here (DNS rebinding). Beyond loopback every request
carries the API key; the page trades it once for a cookie, because EventSource, `<audio>` and
WebSocket cannot send headers.
"""

import hashlib
import hmac
import ipaddress
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from math import ceil
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, Field, SecretStr
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxcor.errors import (
    HostRefused,
    OriginRefused,
    TooManyAttempts,
    Unauthorized,
    UsageError,
    VoxcorError,
)
from voxcor.server.http.bodies import require_small_head
from voxcor.server.http.problems import error_response
from voxcor.server.schemas import problems
from voxcor.settings import Settings, is_loopback

logger = logging.getLogger("voxcor.server")

COOKIE = "voxcor_session"

# Reading these needs no key: whether the server lives, and the page that asks for the key.
OPEN_PATHS = ("/healthz", "/readyz", "/v1/session", "/licences")
OPEN_FOLDERS = ("/static/",)

# Wrong keys that one address may offer at once, and how long it then waits for each further one.
TRIES = 10
SECONDS_A_TRY = 6.0
_ADDRESSES_KEPT = 1000

LONGEST_KEY = 1000  # characters

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

HEADERS: Mapping[str, str] = {
    # Styles may stand in the page: its waveform library brings its own that way. Scripts may not.
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}


def require_key_beyond_loopback(settings: Settings) -> None:
    """Refuses to serve others than this machine without a key.

    Raises:
        UsageError: the host is not loopback, or other names are answered to, and there is no key.
    """
    if settings.api_key is None and (settings.allowed_hosts or not is_loopback(settings.host)):
        raise UsageError(
            reason_en="Serving others than this machine needs an API key: set VOXCOR_API_KEY to "
            "16 characters or more.",
            reason_zh="对本机以外提供服务需要 API 密钥：请将 VOXCOR_API_KEY 设为至少 16 个字符。",
        )


class SecurityMiddleware:
    """Refuses requests that may not ask, puts the security headers on every response, and makes
    one of whatever goes wrong within.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        is_answered = False

        async def sending(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            if message["type"].endswith("http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        connection = HTTPConnection(scope)
        try:
            require_small_head(scope)
            self._require_allowed(connection)
            await self._app(scope, receive, sending)
        except VoxcorError as error:
            if is_answered:
                raise
            await error_response(error, connection)(scope, receive, sending)
        except Exception:
            if is_answered or scope["type"] == "websocket":
                raise
            logger.exception("a request failed")
            ours = VoxcorError(reason="see the log of the server")
            await error_response(ours, connection)(scope, receive, sending)

    def _require_allowed(self, connection: HTTPConnection) -> None:
        headers, scope = connection.headers, connection.scope
        host = headers.get("host", "")
        if not self._answers_to(host):
            raise HostRefused(host=host)
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        origin = headers.get("origin")
        if changes and origin is not None and _split(origin)[1] != host:
            raise OriginRefused(origin=origin)
        if not _is_open(scope) and not is_authenticated(connection, self._settings):
            raise Unauthorized

    def _answers_to(self, host: str) -> bool:
        name = _name_of(host)
        names = self._settings.allowed_hosts
        if not names and not is_loopback(self._settings.host):
            return bool(name)  # any name may point here; the key decides
        return is_loopback(name) or name in names


def is_authenticated(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether the request carries the API key, in a header or as the page's cookie; or there is
    none.
    """
    key = settings.api_key
    if key is None:
        return True
    scheme, _, given = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return hmac.compare_digest(given.strip().encode(), key.get_secret_value().encode())
    cookie = connection.cookies.get(COOKIE, "")
    return hmac.compare_digest(cookie.encode(), _token(key).encode())


class KeyRateLimit:
    """What an address may still try, in memory that does not grow. On the event loop only."""

    def __init__(self) -> None:
        # Until when what an address has tried counts, the generic cell rate algorithm of ATM.
        self._until: OrderedDict[str, float] = OrderedDict()

    def require_attempt_left(self, connection: HTTPConnection) -> None:
        """Raises:
        TooManyAttempts: its address has to wait.
        """
        ahead_s = self._until.get(_address(connection), 0.0) - time.monotonic()
        wait_s = ahead_s - (TRIES - 1) * SECONDS_A_TRY
        if wait_s > 0:
            raise TooManyAttempts(retry_after_s=ceil(wait_s))

    def add(self, connection: HTTPConnection) -> None:
        """One more has come from there."""
        address, now = _address(connection), time.monotonic()
        self._until[address] = max(now, self._until.get(address, now)) + SECONDS_A_TRY
        self._until.move_to_end(address)
        while len(self._until) > _ADDRESSES_KEPT:
            self._until.popitem(last=False)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.key_rate_limit = KeyRateLimit()
    yield


router = APIRouter(tags=["session"], lifespan=_lifespan)


class SessionForm(BaseModel):
    """The API key, to be traded for a cookie."""

    api_key: SecretStr = Field(max_length=LONGEST_KEY)


@router.post(
    "/v1/session",
    status_code=204,
    summary="Trade the API key for a cookie · 用 API 密钥换取 Cookie",
    responses=problems(429),
)
async def open_session(session: SessionForm, request: Request, response: Response) -> None:
    """For pages in a browser, where not every request can carry a header.
    · 供浏览器页面使用，因其并非每个请求都能携带请求头。
    """
    key = request.app.state.service.settings.api_key
    if key is None:
        return
    key_rate_limit: KeyRateLimit = request.app.state.key_rate_limit
    key_rate_limit.require_attempt_left(request)
    given = session.api_key.get_secret_value()
    if not hmac.compare_digest(given.encode(), key.get_secret_value().encode()):
        key_rate_limit.add(request)
        raise Unauthorized
    response.set_cookie(
        COOKIE,
        _token(key),
        path=request.scope.get("root_path") or "/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def _is_secure(request: Request) -> bool:
    """Whether the browser may send the cookie over TLS only.

    The page itself says by its `Origin` how it was loaded, whatever proxies are between. Who says
    nothing gets a cookie for TLS, unless it asked this machine by a name of loopback: not every
    browser keeps a Secure cookie there.
    """
    scheme = _split(request.headers.get("origin", ""))[0]
    if scheme in ("http", "https"):
        return scheme == "https"
    is_here = is_loopback(_name_of(request.headers.get("host", "")))
    return request.scope["scheme"] == "https" or not is_here


def _split(url: str) -> tuple[str, str]:
    """Scheme and host with port; empty where it is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc


def _name_of(host: str) -> str:
    """A `Host` without its port; empty where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    return "" if parts.netloc != host or parts.username is not None else parts.hostname or ""


def _address(connection: HTTPConnection) -> str:
    """Of the sender; of an IPv6 address the part that belongs to one household."""
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


def _is_open(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return path in OPEN_PATHS or (
        scope["type"] == "http"
        and (path == "/" or path.startswith(OPEN_FOLDERS))
        and scope["method"] in SAFE_METHODS
    )


def _token(key: SecretStr) -> str:
    """What the cookie holds: it proves the key and does not tell it; another key ends it."""
    return hmac.new(key.get_secret_value().encode(), COOKIE.encode(), hashlib.sha256).hexdigest()
