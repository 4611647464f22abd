"""The operator's master key, from which the server's other keys derive."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

_SIZE: Final = 32


class MasterKeyError(Exception):
    """What is wrong with the key file, in one plain sentence."""


def load_master_key(file: Path) -> bytes:
    """The key in the file, which is made where it is absent, readable by its owner alone.

    Two processes that start at once agree: whoever links the file first has made it.
    """
    try:
        text = file.read_text("ascii")
    except FileNotFoundError:
        _make(file)
        text = file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as problem:
        raise MasterKeyError(f"The master key file {file} cannot be read: {problem}.") from None
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) < _SIZE:
        raise MasterKeyError(
            f"The master key file {file} should hold at least {_SIZE} bytes in hexadecimal."
        )
    return key


def derived_key(master_key: bytes, purpose: str) -> bytes:
    """A key for one purpose that tells nothing of the master key."""
    return hmac.digest(master_key, purpose.encode(), hashlib.sha256)


def _make(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_hex(_SIZE) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
