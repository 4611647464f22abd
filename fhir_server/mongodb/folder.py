"""The files of an embedded MongoDB: `mongodb/` in the data folder, for its owner's eyes only."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

USER = "fhir"
# sockaddr_un.sun_path holds 104 bytes on macOS, 108 on Linux.
LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True, slots=True)
class Folder:
    """Where everything of one embedded MongoDB is."""

    root: Path

    @classmethod
    def of(cls, data_dir: Path) -> Folder:
        """The folder inside a data folder, made when absent, by one name however it is reached."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = data_dir.resolve() / "mongodb"
        root.mkdir(mode=0o700, exist_ok=True)
        root.chmod(0o700)
        return cls(root)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def unfinished(self) -> Path:
        """Stands from before the first start until the user exists: until then, begin anew."""
        return self.root / "unfinished"

    @property
    def users(self) -> Path:
        """Locked shared by every process that uses this MongoDB."""
        return self.root / "users"

    @property
    def supervisor(self) -> Path:
        """Locked by the one supervisor."""
        return self.root / "supervisor"

    @property
    def engine(self) -> Path:
        """Locked by mongod itself, through a descriptor that it inherits; holds its process id."""
        return self.root / "engine"

    @property
    def ready(self) -> Path:
        """Stands while mongod takes writes; holds the process id of the supervisor that says so."""
        return self.root / "ready"

    def is_ready(self) -> bool:
        """Whether a supervisor that still lives says so: one that was killed took nothing back."""
        try:
            os.kill(int(self.ready.read_text()), 0)
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False
        return True

    @property
    def failure(self) -> Path:
        """Why the last supervisor gave up, in one sentence."""
        return self.root / "failure"

    @property
    def key(self) -> Path:
        return self.root / "key"

    @property
    def password(self) -> Path:
        return self.root / "password"

    @property
    def port(self) -> Path:
        return self.root / "port"

    @property
    def log(self) -> Path:
        return self.root / "mongod.log"

    @property
    def supervisor_log(self) -> Path:
        return self.root / "supervisor.log"

    @property
    def socket(self) -> Path | None:
        """The Unix socket: cheaper than TCP, and its name outlives a change of port."""
        path = self.root / "mongod.sock"
        return path if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH else None

    def uri(self) -> str:
        """The address for PyMongo; every write is acknowledged by the journal of the majority."""
        socket = self.socket
        place = quote(str(socket), safe="") if socket else f"127.0.0.1:{self.port.read_text()}"
        password = self.password.read_text()
        options = "authSource=admin&directConnection=true&w=majority&journal=true"
        return f"mongodb://{USER}:{password}@{place}/?{options}"

    def make_secrets(self) -> None:
        """The root password and the replica set's key, made once."""
        for path, size in ((self.password, 32), (self.key, 512)):
            if not path.exists():
                # The key file takes base64 characters only, hexadecimal digits are among them.
                write_durably(path, secrets.token_hex(size // 2))


def write_durably(path: Path, text: str) -> None:
    """Write a file, 0600, that is either there whole or not at all, whenever the power fails."""
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """A descriptor to lock; closing it, or the end of the process, unlocks."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def try_exclusive(descriptor: int) -> bool:
    """Lock alone, if nobody holds the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def lock_if_free(path: Path) -> Generator[int | None]:
    """A descriptor that holds the lock alone during the block, or None when it is taken."""
    descriptor = open_lock(path)
    try:
        yield descriptor if try_exclusive(descriptor) else None
    finally:
        os.close(descriptor)


def lock_shared(descriptor: int) -> None:
    """Lock with others; waits while one holds the lock alone."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)
