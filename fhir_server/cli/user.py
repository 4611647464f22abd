"""`fhir-server user add`: somebody who may sign in."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from fhir_server.cli.failure import UsageError
from fhir_server.cli.options import Parser, Subparsers, add_settings, run_async


def register(commands: Subparsers) -> None:
    """Add the command to the command line."""
    text = "add people who may sign in"
    parser = commands.add_parser("user", help=text, description=text)
    actions: Any = parser.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    adding = actions.add_parser("add", help="add a user", description="Add a user.")
    adding.add_argument("--username", required=True)
    password = adding.add_mutually_exclusive_group(required=True)
    password.add_argument("--password", help="seen by others on this machine; better:")
    password.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    adding.add_argument(
        "--fhir-user",
        required=True,
        metavar="TYPE/ID",
        help="who it is in the record: Patient/ID, Practitioner/ID or RelatedPerson/ID",
    )
    add_settings(adding)
    adding.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Add the user; says nothing when it is done."""
    return run_async(_add(arguments))


async def _add(arguments: argparse.Namespace) -> int:
    password = _password(arguments)
    # Imported here, so that the command line answers --help and wrong usage at once.
    from fhir_server.cli.opened import opened

    async with opened(arguments) as store:
        await store.administration.add_user(
            username=arguments.username, password=password, fhir_user=arguments.fhir_user
        )
    return 0


def _password(arguments: argparse.Namespace) -> str:
    if not arguments.password_stdin:
        return str(arguments.password)
    line = sys.stdin.readline()
    if not line:
        raise UsageError("There is no password on standard input.")
    return line.removesuffix("\n").removesuffix("\r")
