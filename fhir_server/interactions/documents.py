"""FHIR JSON documents from files and folders: `.json` and `.ndjson`, each also gzipped."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from fhir_server.interactions.cutting import cut
from fhir_server.store.marks import Parcel
from resources import fhir_json
from resources.fhir_json import Resource

_ENDINGS: Final = (".json", ".ndjson", ".json.gz", ".ndjson.gz")


class UnreadableFile(Exception):
    """Which file, and what is wrong with it, in one plain sentence."""


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON object, and where it stood."""

    place: str
    """File name, with the line of an NDJSON file."""
    resource: Resource
    parcels: tuple[Parcel, ...] = ()
    """Its large contents, for which the resource has marks."""


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files of these names, and all FHIR files of these folders in order of name."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(one for one in path.rglob("*") if one.name.endswith(_ENDINGS))
            files += [one for one in found if one.is_file()]
        elif path.is_file():
            if not path.name.endswith(_ENDINGS):
                raise UnreadableFile(f"{path} is none of {', '.join(_ENDINGS)}.")
            files.append(path)
        else:
            raise UnreadableFile(f"There is no file or folder {path}.")
    return files


def read_documents(file: Path) -> Iterator[Document]:
    """Every document of one file; an NDJSON file is read line by line."""
    try:
        if ".ndjson" in file.suffixes:
            yield from _read_lines(file)
        else:
            packed = file.read_bytes()
            body = gzip.decompress(packed) if file.suffix == ".gz" else packed
            yield _document(body, file.name)
    except (OSError, EOFError) as problem:
        raise UnreadableFile(f"{file} cannot be read: {problem}.") from None


def _read_lines(file: Path) -> Iterator[Document]:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                place = f"{file.name}, line {number}"
                yield _document(line, place)


def _document(body: bytes, place: str) -> Document:
    rest, parcels = cut(body)
    return Document(place, _object(rest, place), parcels)


def _object(body: bytes, place: str) -> Resource:
    try:
        value = fhir_json.parse(body)
    except fhir_json.MalformedJson as problem:
        raise UnreadableFile(f"{place} is not JSON: {problem}.") from None
    if not isinstance(value, dict):
        raise UnreadableFile(f"{place} is no JSON object.")
    return cast(dict[str, Any], value)
