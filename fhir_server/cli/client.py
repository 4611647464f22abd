"""`fhir-server client add`: registers an app or a backend service."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from fhir_server.cli.failure import CommandFailure
from fhir_server.cli.options import Parser, Subparsers, add_settings, run_async


def register(commands: Subparsers) -> None:
    """Add the command to the command line."""
    text = "register apps and backend services"
    parser = commands.add_parser("client", help=text, description=text)
    actions: Any = parser.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    text = "register a client; prints its client_id, and its client_secret this once"
    adding = actions.add_parser("add", help=text, description=text)
    adding.add_argument("--name", required=True, help="what people see when they are asked")
    adding.add_argument(
        "--redirect-uri",
        action="append",
        default=[],
        help="where answers may go (repeatable); a backend service has none",
    )
    adding.add_argument("--scope", required=True, help="all scopes it may ask for, in one value")
    kind = adding.add_mutually_exclusive_group(required=True)
    kind.add_argument("--public", action="store_true", help="an app that can keep no secret")
    kind.add_argument("--secret", action="store_true", help="an app with a client secret")
    kind.add_argument("--jwks", type=Path, metavar="FILE", help="its public keys (JWK set)")
    add_settings(adding)
    adding.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Add the client and print JSON."""
    return run_async(_add(arguments))


async def _add(arguments: argparse.Namespace) -> int:
    kind = "public" if arguments.public else "secret" if arguments.secret else "jwks"
    jwks = None if arguments.jwks is None else _read_keys(arguments.jwks)
    # Imported here, so that the command line answers --help and wrong usage at once.
    from fhir_server.cli.opened import opened

    async with opened(arguments) as store:
        client, secret = await store.administration.add_client(
            name=arguments.name,
            scope=arguments.scope,
            kind=kind,
            redirect_uris=arguments.redirect_uri,
            jwks=jwks,
        )
    answer = {"client_id": client.id} | ({"client_secret": secret} if secret else {})
    print(json.dumps(answer))  # noqa: T201 (its output)
    return 0


def _read_keys(file: Path) -> dict[str, Any]:
    try:
        keys = json.loads(file.read_text("utf-8"))
    except OSError as problem:
        raise CommandFailure(f"The file {file} cannot be read: {problem.strerror}.") from None
    except ValueError:
        raise CommandFailure(f"The file {file} is not JSON.") from None
    if not isinstance(keys, dict):
        raise CommandFailure(f"The file {file} is no JWK set.")
    return keys  # pyright: ignore[reportUnknownVariableType] (checked key by key at registration)
