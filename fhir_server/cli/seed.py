"""`fhir-server seed`: loads FHIR JSON from files and folders, or the demo record."""

from __future__ import annotations

import argparse
from pathlib import Path

from fhir_server.cli.failure import UsageError
from fhir_server.cli.options import STORE_PLACE, Subparsers, add_settings, run_async


def register(commands: Subparsers) -> None:
    """Add the command to the command line."""
    text = "load FHIR JSON (.json, .ndjson, each also .gz); safe to repeat"
    parser = commands.add_parser("seed", help=text, description=text)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files or folders")
    parser.add_argument("--demo", action="store_true", help="load the packaged demo record")
    add_settings(parser, (*STORE_PLACE, "ig"))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load, with a progress bar, and print a summary by resource type."""
    if not arguments.demo and not arguments.paths:
        raise UsageError("Name files or folders to load, or --demo.")
    # Imported here, so that the command line answers --help and wrong usage at once.
    from fhir_server.cli.loading import load

    return run_async(load(arguments))
