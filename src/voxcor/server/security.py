"""Who may ask, and what a browser may do with the answer.

By default the server listens on loopback and anybody on this machine may ask. What a page of
somewhere else in the browser of that person sends is refused: by its `Origin`, and by the `Host`
it asked for where it had its own name point here (DNS rebinding). Beyond loopback every request
carries the API key; the page trades it once for a cookie, because EventSource, `<audio>` and
WebSocket cannot send headers.
"""

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, SecretStr
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxcor.errors import HostRefused, OriginRefused, Unauthorized, UsageError, VoxcorError
from voxcor.server.problems import answer
from voxcor.server.schemas import problems
from voxcor.settings import Settings, is_loopback

router = APIRouter(tags=["session"])

COOKIE = "voxcor_session"

# Reading these needs no key: whether the server lives, and the page that asks for the key.
OPEN_PATHS = ("/healthz", "/readyz", "/v1/session")
OPEN_FOLDERS = ("/static/",)

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


def require_safe(settings: Settings) -> None:
    """Refuses to serve others than this machine without a key.

    Raises:
        UsageError: the host is not loopback, or other names are answered to, and there is no key.
    """
    if settings.api_key is None and (settings.allowed_hosts or not is_loopback(settings.host)):
        raise UsageError(
            reason_en="Serving others than this machine needs an API key: set VOXCOR_API_KEY to "
            "16 characters or more.",
            reason_zh="对本机以外提供服务需要 API 密钥:请将 VOXCOR_API_KEY 设为至少 16 个字符。",
        )


class Guard:
    """Refuses requests that may not ask, and puts the security headers on every response."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        connection = HTTPConnection(scope)
        refusal = self._refusal(connection)
        if refusal is None:
            await self._app(scope, receive, sending)
        elif scope["type"] == "http":
            await answer(refusal, connection)(scope, receive, sending)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})

    def _refusal(self, connection: HTTPConnection) -> VoxcorError | None:
        headers, scope = connection.headers, connection.scope
        host = headers.get("host", "")
        if not self._answers_to(host):
            return HostRefused(host=host)
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        origin = headers.get("origin")
        if changes and origin is not None and urlsplit(origin).netloc != host:
            return OriginRefused(origin=origin)
        key = self._settings.api_key
        if key is None or _is_open(scope) or _carries(headers, key):
            return None
        return Unauthorized()

    def _answers_to(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname or ""
        names = self._settings.allowed_hosts
        if not names and not is_loopback(self._settings.host):
            return True  # any name may point here; the key decides
        return is_loopback(name) or name in names


class Session(BaseModel):
    """The API key, to be traded for a cookie."""

    api_key: SecretStr


@router.post(
    "/v1/session",
    status_code=204,
    summary="Trade the API key for a cookie · 用 API 密钥换取 Cookie",
    responses=problems(),
)
async def open_session(session: Session, request: Request, response: Response) -> None:
    """For pages in a browser, where not every request can carry a header."""
    key = request.app.state.service.settings.api_key
    if key is None:
        return
    if not hmac.compare_digest(
        session.api_key.get_secret_value().encode(), key.get_secret_value().encode()
    ):
        raise Unauthorized
    response.set_cookie(
        COOKIE,
        _token(key),
        path=request.scope.get("root_path") or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _is_open(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return path in OPEN_PATHS or (
        scope["type"] == "http"
        and (path == "/" or path.startswith(OPEN_FOLDERS))
        and scope["method"] in SAFE_METHODS
    )


def _carries(headers: Headers, key: SecretStr) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return hmac.compare_digest(given.strip().encode(), key.get_secret_value().encode())
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and hmac.compare_digest(cookie.value.encode(), _token(key).encode())


def _token(key: SecretStr) -> str:
    """What the cookie holds: it proves the key and does not tell it; another key ends it."""
    return hmac.new(key.get_secret_value().encode(), COOKIE.encode(), hashlib.sha256).hexdigest()
