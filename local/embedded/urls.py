"""Where webhooks may go: public names, and loopback where the server's owner says so."""

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from local.embedded.errors import argument

# Names that no public register has (RFC 2606, 6761, 6762, 8375).
_PRIVATE = frozenset({"test", "localhost", "local", "internal", "invalid", "example", "onion", "alt", "arpa", "lan"})

# What PHP takes for the text of a URL: no blank, and nothing beyond ASCII.
_URL = re.compile(r"[A-Za-z0-9$\-_.+!*'(),{}|\\^~\[\]`<>#%\";/?:@&=]+")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


def check_url(url: Any, *, loopback: bool) -> str:
    """Refuse a URL that is none, is not http or https, or names no public domain.

    The real server asks a list of public suffixes; here the last label must be letters and not a private one.
    """
    parts = urlsplit(url) if isinstance(url, str) and _URL.fullmatch(url) else None
    try:
        host = (parts.hostname or "") if parts else ""
        fits = parts is not None and parts.scheme in ("http", "https") and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits or not (is_public(host) or (loopback and _is_loopback(host))):
        raise argument(
            "Invalid `url` param: 1. Value must be a valid URL with following schemes (http, https) \n"
            "2. Value must be a public domain \n"
        )
    return str(url)


def is_public(host: str) -> bool:
    """Tell whether a host is a name that the public register may have."""
    first, dot, last = host.rpartition(".")
    is_word = last.isalpha() or last.startswith("xn--")
    is_named = all(_LABEL.fullmatch(label) for label in host.split("."))
    return bool(first and dot and is_word and is_named) and last not in _PRIVATE


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
