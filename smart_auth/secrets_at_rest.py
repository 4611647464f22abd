"""Random values that we hand out, and the form in which they are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """256 random bits: RFC 6749 section 10.10 asks for a guess probability below 2^-160."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    return secrets.token_urlsafe(16)


def fingerprint(secret: str) -> str:
    """SHA-256 suffices for a value of 256 random bits; passwords take argon2id instead."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
