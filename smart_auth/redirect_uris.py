"""Which redirect URIs a client may register (RFC 8252, RFC 9700 section 4.1)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
# Schemes that a browser would run or open itself.
_DANGEROUS = {"javascript", "data", "vbscript", "file", "blob", "about", "ftp", "ws", "wss"}
# RFC 3986: a scheme, then reserved, unreserved and percent-encoded characters.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_HOST = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


def redirect_uri_problem(uri: str) -> str | None:
    """What is wrong with it, in one sentence; None if nothing is."""
    if len(uri) > 2000 or not _URI.fullmatch(uri):
        return f"not an absolute URI: {uri!r}"
    if "#" in uri:
        return f"a redirect URI has no fragment: {uri!r}"
    try:
        parts = urlsplit(uri)
    except ValueError:
        return f"not a URI: {uri!r}"
    if parts.scheme in _DANGEROUS:
        return f"the scheme {parts.scheme} cannot take an answer: {uri!r}"
    if parts.scheme in ("http", "https"):
        return _web_problem(uri, parts.scheme, parts.netloc)
    # RFC 8252 section 7.1: a private-use scheme is a domain name under the app's control, reversed.
    if "." not in parts.scheme and not parts.netloc and not parts.path.startswith("/"):
        return f"a private scheme is followed by a path: {uri!r}"
    return None


def _web_problem(uri: str, scheme: str, netloc: str) -> str | None:
    if not _HOST.fullmatch(netloc):
        return f"a redirect URI has a host and no user name: {uri!r}"
    host = netloc if netloc.endswith("]") else netloc.rpartition(":")[0] or netloc
    if scheme == "http" and host not in _LOOPBACK:
        return f"plain http is for loopback addresses alone: {uri!r}"
    return None
