"""What the authorization server is told at start: addresses, lifetimes, names."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AuthConfig:
    base_url: str
    """The FHIR base, without a slash at its end: the only acceptable `aud`."""
    issuer: str
    """The public root; `issuer + /.well-known/openid-configuration` is served by us."""
    master_key: bytes
    """32 bytes or more, from the operator's master key file."""
    organization: str = "Patient portal"
    """The name that patients see on the pages."""
    mount: str = "/auth"
    """Where our own routes stand, below the issuer."""
    access_token_lifetime: int = 3600
    """SMART App Launch: an access token SHOULD live at most an hour."""
    backend_token_lifetime: int = 300
    """SMART Backend Services: `expires_in` SHOULD NOT exceed 300 seconds."""
    code_lifetime: int = 60
    request_lifetime: int = 1800
    session_lifetime: int = 8 * 3600
    refresh_token_lifetime: int = 90 * 24 * 3600
    free_sign_in_failures: int = 10
    """Of a name, of an address ten times as many; each further one costs a longer wait."""
    sign_in_failure_window: int = 900
    """Seconds after the last failure until all are forgotten."""
    change_poll_interval: float = 0.4
    change_patience: float = 2.0
    """Seconds without word of changes after which a cached grant is asked for again."""
    token_cache_size: int = 20_000

    def __post_init__(self) -> None:
        if len(self.master_key) < 32:
            raise ValueError("the master key must have at least 32 bytes")
        for url in (self.base_url, self.issuer):
            if url.endswith("/") or not url.startswith(("http://", "https://")):
                raise ValueError(f"not an absolute http(s) URL without a slash at its end: {url}")
        if not 0 < self.access_token_lifetime <= 3600:
            raise ValueError("the access token lifetime must be 1 to 3600 seconds")

    @property
    def secure(self) -> bool:
        return self.issuer.startswith("https://")

    @property
    def path_prefix(self) -> str:
        """The path of our pages as browsers see it, the issuer's own path included."""
        return "/" + "/".join([*self.issuer.split("/", 3)[3:4], self.mount.strip("/")]).strip("/")

    def url(self, name: str) -> str:
        return f"{self.issuer}{self.mount}/{name}"

    @property
    def token_url(self) -> str:
        return self.url("token")

    def derived_key(self, purpose: str) -> bytes:
        """A key of its own for each purpose, so that none can stand in for another."""
        return hmac.new(self.master_key, purpose.encode(), hashlib.sha256).digest()


def later(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=seconds)
