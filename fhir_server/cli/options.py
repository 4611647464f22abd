"""Options made from the settings class, so that an option, its variable and its key are one."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, NoReturn, Protocol

from fhir_server.cli.failure import UsageError
from fhir_server.settings import Settings

# What every command takes to find the store and to name its addresses.
STORE_PLACE = (
    "data_dir",
    "mongodb_uri",
    "database",
    "mongod_path",
    "mongod_cache_gb",
    "master_key_file",
    "base_url",
)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage above it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help).")


class Subparsers(Protocol):
    """To which a command adds its parser (argparse has no public name for it)."""

    def add_parser(self, name: str, **options: Any) -> Parser:
        """A parser for the words after `name`."""
        ...


def add_settings(parser: argparse.ArgumentParser, names: Iterable[str] = STORE_PLACE) -> None:
    """An option for each of these settings, and `--config`."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML file of settings", default=None
    )
    for name in names:
        field = Settings.model_fields[name]
        option = f"--{name.replace('_', '-')}"
        text = (field.description or "").replace("`", "").replace("%", "%%")
        if field.annotation is bool:
            parser.add_argument(
                option, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text
            )
        else:
            metavar = name.rpartition("_")[2].upper()
            parser.add_argument(option, metavar=metavar, default=argparse.SUPPRESS, help=text)


def settings_from(arguments: argparse.Namespace) -> Settings:
    """The settings: the options that were given, the environment, the file, the defaults."""
    given = {
        name: getattr(arguments, name) for name in Settings.model_fields if hasattr(arguments, name)
    }
    return Settings.load(given, arguments.config)


def run_async(command: Coroutine[Any, Any, int]) -> int:
    """Run an asynchronous command to its exit status."""
    return asyncio.run(command)
