"""Where webhooks may go: to public addresses, and to those of others that the server's owner names.

Whoever may write a rule could otherwise have the server ask what only the server can reach: its own
machine, routers, the metadata of a cloud. A name says nothing of where it leads, and may lead
elsewhere a second later: so the address is looked at when the connection is made, and that address
is connected to.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpcore2
    import httpx2

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6052, 2.1: an IPv4 address behind a translator.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Allowed:
    """What may be reached beside public addresses.

    Args:
        entries: host names, addresses, and networks such as `10.1.0.0/16`.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in entries:
            self._names.add(_plain(entry.strip("[]")))
            with suppress(ValueError):
                self._networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))

    def permits(self, host: str, address: str) -> bool:
        """Whether this address, which the host's name leads to, may be connected to."""
        meant = _meant(ipaddress.ip_address(address.partition("%")[0]))
        named = _plain(host) in self._names or any(meant in network for network in self._networks)
        return named or (meant.is_global and not meant.is_multicast)

    def refuses(self, host: str) -> bool:
        """Whether it is clear without a look-up that the host may not be reached: it is an address,
        in whatever notation, or a name of this machine.
        """
        if _plain(host) == "localhost" or _plain(host).endswith(".localhost"):
            return not self.permits(host, "127.0.0.1")
        try:
            found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            return False
        return not any(self.permits(host, str(entry[4][0])) for entry in found)


def transport(allowed: Allowed) -> "httpx2.AsyncBaseTransport":
    """What an HTTP client sends through to reach only what is allowed, and no proxy."""
    import httpcore2
    import httpx2

    class Backend(httpcore2.AsyncNetworkBackend):
        def __init__(self) -> None:
            self._network = httpcore2.AnyIOBackend()

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable["httpcore2.SOCKET_OPTION"] | None = None,
        ) -> "httpcore2.AsyncNetworkStream":
            problem: Exception = httpcore2.ConnectError("leads to no address that is allowed")
            for address in await _addresses(host, port, timeout):
                if not allowed.permits(host, address):
                    continue
                try:
                    return await self._network.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                    problem = error
            raise problem

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    async def _addresses(host: str, port: int, timeout: float | None) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("its name is not answered") from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(str(error)) from error
        return [*dict.fromkeys(str(entry[4][0]) for entry in found)]

    class Transport(httpx2.AsyncHTTPTransport):
        def __init__(self) -> None:
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=httpx2.create_ssl_context(trust_env=False),
                max_connections=None,
                keepalive_expiry=5.0,
                network_backend=Backend(),
            )

    return Transport()


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (address,))[-1]


def _plain(host: str) -> str:
    return host.rstrip(".").lower()
