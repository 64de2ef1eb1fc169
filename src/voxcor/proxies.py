"""The proxies of the environment, looked at before a client falls over them.

`HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`, in either case, lead every client that Voxcor has: its
own, its webhooks', and those of both hubs. They read them in the same way (`getproxies` of the
standard library) and refuse in many: with errors of three libraries, some of them no network's.
"""

import os
from urllib.parse import urlsplit
from urllib.request import getproxies

from voxcor.errors import ProxyInvalid

# Those that httpx2 speaks, with socksio. requests, which ModelScope's client has, speaks them too.
_SCHEMES = ("http", "https", "socks5", "socks5h")


def require_usable_proxies() -> None:
    """Nothing where no proxy is set.

    Raises:
        ProxyInvalid: one is of another kind, or its address is none.
    """
    proxies = getproxies()
    if "*" in map(str.strip, proxies.get("no", "").split(",")):
        return
    for kind in ("http", "https", "all"):
        proxy = proxies.get(kind)
        if proxy and not _is_usable(proxy):
            variable = f"{kind}_proxy"
            raise ProxyInvalid(
                variable=next((n for n in os.environ if n.lower() == variable), variable.upper()),
                # What is before the @ is a name and a password.
                proxy=f"…@{proxy.rpartition('@')[2]}" if "@" in proxy else proxy,
            )


def _is_usable(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        _ = parts.port
    except ValueError:
        return False
    # The scheme is compared as it stands, since clients do so; urlsplit drops what it cannot use.
    scheme = proxy.partition("://")[0] if "://" in proxy else "http"
    return (
        scheme in _SCHEMES
        and bool(parts.hostname)
        and proxy.isprintable()
        and not any(map(str.isspace, proxy))
    )
