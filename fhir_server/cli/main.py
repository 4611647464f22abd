"""The command line's front door: which commands there are, and how their failures end."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fhir_server.cli import client, config, reindex, seed, serve, token, user
from fhir_server.cli.failure import CommandFailure, UsageError
from fhir_server.cli.options import Parser, Subparsers
from fhir_server.cli.packages import check_companions
from fhir_server.mongodb.failure import MongoUnavailable
from fhir_server.outcome import FhirError
from fhir_server.settings import SettingsError

COMMANDS: tuple[Callable[[Subparsers], None], ...] = (
    serve.register,
    seed.register,
    client.register,
    user.register,
    token.register,
    reindex.register,
    config.register,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the command line to its exit status."""

    def command() -> int:
        parsed = _parser().parse_args(arguments)
        status: int = parsed.run(parsed)
        return status

    return run_command(command)


def run_command(command: Callable[[], int]) -> int:
    """The exit status: 2 for wrong usage and 1 for a failure, each told in a sentence."""
    try:
        check_companions()
        return command()
    except (UsageError, SettingsError) as failure:
        return _say(failure, 2)
    except (CommandFailure, MongoUnavailable, FhirError) as failure:
        return _say(failure, 1)
    except KeyboardInterrupt:
        return 130
    except Exception as fault:  # noqa: BLE001 (its message may quote a resource)
        return _say(_unexpected(fault), 1)


def _unexpected(fault: Exception) -> CommandFailure:
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return CommandFailure(f"An unexpected {type(fault).__name__} at {place}; this is a defect.")


def _parser() -> Parser:
    parser = Parser(prog="fhir-server", description="A FHIR R4 server over MongoDB.")
    parser.add_argument("--version", action="version", version=_version())
    commands: Any = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for register in COMMANDS:
        register(commands)
    return parser


def _version() -> str:
    try:
        return version("fhir-server")
    except PackageNotFoundError:
        return "not installed"


def _say(failure: Exception, status: int) -> int:
    print(f"fhir-server: {failure}", file=sys.stderr)  # noqa: T201 (where failures are told)
    return status
