"""`fhir-server config`: every setting, its value and where it came from."""

from __future__ import annotations

import argparse

from fhir_server.cli.options import Subparsers, add_settings, settings_from
from fhir_server.settings import Settings


def register(commands: Subparsers) -> None:
    """Add the command to the command line."""
    text = "print every setting, its value and where it came from"
    parser = commands.add_parser("config", help=text, description=text)
    add_settings(parser, Settings.model_fields)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line a setting; secrets are masked."""
    settings = settings_from(arguments)
    rows = [
        (name, settings.shown(name), settings.source_of(name)) for name in Settings.model_fields
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, value, source in rows:
        print(f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source}")  # noqa: T201 (its output)
    return 0
