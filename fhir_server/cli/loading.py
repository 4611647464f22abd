"""The work of `fhir-server seed`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

from tqdm import tqdm

from fhir_server.cli.failure import CommandFailure
from fhir_server.cli.opened import Opened, opened
from fhir_server.interactions.documents import (
    Document,
    UnreadableFile,
    find_files,
    read_documents,
)
from fhir_server.interactions.seeding import Loader, Tally, describe
from fhir_server.outcome import FhirError
from fhir_server.store import UnrestrictedStore
from fhir_server.store.notes import DEMO_DAY, note_once
from resources import fhir_json


async def load(arguments: argparse.Namespace) -> int:
    """Load what the arguments name, with a progress bar; print a summary by resource type."""
    try:
        files = find_files(arguments.paths)
    except UnreadableFile as problem:
        raise CommandFailure(str(problem)) from None
    async with opened(arguments) as store:
        loader = Loader(UnrestrictedStore(store.database, "seeding"))
        if arguments.demo:
            await load_demo(store, loader)
        failures = await _load_files(loader, files)
    _summarise(loader.tally)
    for failure in failures:
        print(f"fhir-server: {failure}", file=sys.stderr)  # noqa: T201 (where failures are told)
    return 1 if failures else 0


async def load_demo(store: Opened, loader: Loader) -> None:
    """The demo record as of the day on which this store first had it."""
    # Only this command needs the package, which another distribution's could shadow.
    import seed_bundles

    today = datetime.now(UTC).date().isoformat()
    day = date.fromisoformat(await note_once(store.database, DEMO_DAY, today))
    for name, body in seed_bundles.bundles(day):
        try:
            await loader.load(cast(dict[str, Any], fhir_json.parse(body)))
        except FhirError as problem:
            raise CommandFailure(f"The demo bundle {name}: {describe(problem)}") from None


async def _load_files(loader: Loader, files: list[Path]) -> list[str]:
    """Load every file; the problems of those that could not be, one sentence each."""
    failures: list[str] = []
    size = sum(file.stat().st_size for file in files)
    with tqdm(total=size, unit="B", unit_scale=True, disable=None, leave=False) as bar:
        for file in files:
            bar.set_description(file.name[:40])
            failures += [problem async for problem in _problems(loader, read_documents(file))]
            bar.update(file.stat().st_size)
    return failures


async def _problems(loader: Loader, documents: Iterator[Document]) -> AsyncGenerator[str]:
    try:
        for document in documents:
            try:
                await loader.load(document.resource, document.parcels)
            except FhirError as problem:
                yield f"{document.place}: {describe(problem)}"
    except UnreadableFile as problem:
        yield str(problem)


def _summarise(tally: Tally) -> None:
    width = max((len(name) for name in tally.stored), default=0)
    for name, count in sorted(tally.stored.items()):
        print(f"{name:<{width}}  {count:>7}")  # noqa: T201 (its output)
    stored = tally.stored.total()
    print(  # noqa: T201 (its output)
        f"{tally.read} entries read, {stored} resources stored "
        f"({tally.created} created, {tally.updated} updated, "
        f"{stored - tally.created - tally.updated} unchanged)"
    )
