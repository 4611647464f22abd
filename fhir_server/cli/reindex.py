"""`fhir-server reindex`: every derived field, made anew from the stored FHIR JSON."""

from __future__ import annotations

import argparse
import sys

from fhir_server.cli.options import STORE_PLACE, Subparsers, add_settings, run_async


def register(commands: Subparsers) -> None:
    """Add the command to the command line."""
    text = "rebuild what is derived from the stored FHIR JSON, while the server runs"
    parser = commands.add_parser("reindex", help=text, description=text)
    add_settings(parser, (*STORE_PLACE, "ig"))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Reindex with a progress bar, and say how many resources were not up to date."""
    return run_async(_reindex(arguments))


async def _reindex(arguments: argparse.Namespace) -> int:
    # Imported here, so that the command line answers --help and wrong usage at once.
    from tqdm import tqdm

    from fhir_server.cli.opened import opened
    from fhir_server.store import Progress, finish, refresh, reindex

    def show(progress: Progress) -> None:
        bar.set_description(progress.name)
        bar.total = progress.total
        bar.n = progress.done
        bar.refresh()

    async with opened(arguments) as store:
        with tqdm(unit=" resources", leave=False) as bar:
            refused = await refresh(store.database)
            changed = await finish(store.database, progress=show)
            changed += await reindex(store.database, show)
    for source, why in refused.items():
        print(f"{source} is not searched by: {why}", file=sys.stderr)  # noqa: T201 (its output)
    print(f"{changed} resources were brought up to date.")  # noqa: T201 (its output)
    return 0
