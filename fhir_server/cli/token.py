"""`fhir-server token`: an operator mints an access token; the store keeps a record of it."""

from __future__ import annotations

import argparse

from fhir_server.cli.options import Subparsers, add_settings, run_async


def register(commands: Subparsers) -> None:
    """Add the command to the command line."""
    text = "mint an access token, which is printed alone; the store keeps a record of it"
    parser = commands.add_parser("token", help=text, description=text)
    parser.add_argument("--scope", required=True, help="scopes, space-separated in one value")
    parser.add_argument("--patient", metavar="ID", help="the patient that patient/ scopes mean")
    parser.add_argument("--fhir-user", metavar="TYPE/ID", help="whom user/ scopes mean")
    parser.add_argument("--lifetime", type=int, metavar="SECONDS", help="at most a day")
    add_settings(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the token."""
    return run_async(_mint(arguments))


async def _mint(arguments: argparse.Namespace) -> int:
    # Imported here, so that the command line answers --help and wrong usage at once.
    from fhir_server.cli.opened import opened

    async with opened(arguments) as store:
        token = await store.administration.mint_token(
            scope=arguments.scope,
            patient=arguments.patient,
            lifetime=arguments.lifetime,
            fhir_user=arguments.fhir_user,
        )
    print(token)  # noqa: T201 (its output)
    return 0
