"""Which addresses a subscription may name. Pure: looked at when it is registered and again when it is used.

An endpoint is an address that the server will call on a stranger's word, so only known push services are called;
else a subscription would turn the server into a probe of its own network.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

# A name stands for itself and for all names below it. Beside the browsers' own services those of Chinese phone
# makers, as far as their browsers are known to have one; others are added by JIBAN_PUSH_HOSTS.
KNOWN = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "push.services.mozilla.com",
    "web.push.apple.com",
    "push.apple.com",
    "notify.windows.com",
    "push.hicloud.com",
    "push.dbankcloud.com",
    "push.dbankcloud.cn",
    "xmpush.xiaomi.com",
)
ENDPOINT_CHARS_MAX = 2000
HTTPS_PORT = 443

# Nothing but what push services really use: what two parsers could read in two ways is not an address for us.
_ENDPOINT = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253})(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!-~]*)",
    re.ASCII,
)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


class HostNotAllowed(Exception):
    """`reason` says which rule; it never holds the address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a message goes. `widened`: the setting allows it, so it may lie in the town's own network."""

    scheme: str
    host: str
    port: int
    path: str
    widened: bool

    @property
    def origin(self) -> str:
        """As VAPID's audience: the port only where it is not the scheme's own."""
        usual = {"https": HTTPS_PORT, "http": 80}[self.scheme]
        return f"{self.scheme}://{self.host}" + ("" if self.port == usual else f":{self.port}")


def parse_widened(text: str) -> frozenset[tuple[str, int | None]]:
    """`JIBAN_PUSH_HOSTS`: host[:port], separated by commas. Without a port any port is meant."""
    found = set()
    for part in filter(None, (each.strip().lower() for each in text.split(","))):
        host, colon, port = part.partition(":")
        if not re.fullmatch(r"[a-z0-9.-]+", host) or (colon and not port.isdecimal()):
            raise ValueError(part)
        found.add((host, int(port) if colon else None))
    return frozenset(found)


def check(endpoint: str, widened: Iterable[tuple[str, int | None]] = ()) -> Endpoint:
    """The endpoint's parts; raises HostNotAllowed."""
    if len(endpoint) > ENDPOINT_CHARS_MAX:
        raise HostNotAllowed("too_long")
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None or "\\" in endpoint:
        raise HostNotAllowed("not_an_address")
    scheme, host = match["scheme"], match["host"].lower()
    port = int(match["port"]) if match["port"] else {"https": HTTPS_PORT, "http": 80}[scheme]
    if not 0 < port < 65536:
        raise HostNotAllowed("port")
    if {(host, port), (host, None)} & set(widened):
        return Endpoint(scheme, host, port, match["path"], widened=True)
    if scheme != "https":
        raise HostNotAllowed("not_https")
    if port != HTTPS_PORT:
        raise HostNotAllowed("port")
    labels = host.split(".")
    if len(labels) < 2 or not all(_NAME.fullmatch(label) for label in labels) or labels[-1].isdecimal():
        raise HostNotAllowed("not_a_name")
    if not any(host == known or host.endswith("." + known) for known in KNOWN):
        raise HostNotAllowed("unknown_service")
    return Endpoint(scheme, host, port, match["path"], widened=False)


def service_of(endpoint: str) -> str:
    """Which push service an endpoint belongs to: a known one's name, else its own host and port."""
    host = endpoint.split("/")[2].lower() if endpoint.count("/") >= 3 else endpoint.lower()
    return next((known for known in KNOWN if host == known or host.endswith("." + known)), host)


def is_public(address: str) -> bool:
    """Whether an address that a name resolved to lies outside: a name may point into our own network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if inner is not None and not is_public(str(inner)):
        return False
    if isinstance(found, ipaddress.IPv6Address) and found in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
