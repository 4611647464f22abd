"""`make demo`: the demo record, people who may sign in, the demo app, and the server.

Passwords are made at the first run and kept beside the store, readable by its owner alone.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Final

import seed_bundles
from fhir_server.cli import serve
from fhir_server.cli.loading import load_demo
from fhir_server.cli.main import run_command
from fhir_server.cli.opened import Opened, opened_at
from fhir_server.cli.options import Parser, add_settings, run_async, settings_from
from fhir_server.cli.place import store_uri
from fhir_server.http.start import DEMO_CLIENT
from fhir_server.interactions.seeding import Loader
from fhir_server.settings import Settings
from fhir_server.store import UnrestrictedStore
from smart_auth.registration import NameTaken

_SCOPE: Final = "launch/patient openid fhirUser offline_access patient/*.rs"


def run(arguments: argparse.Namespace) -> int:
    """Prepare what is not there yet, print addresses and logins, then serve."""
    settings = settings_from(arguments)
    with store_uri(settings) as uri:
        run_async(prepare(settings, uri))
        return serve.run(arguments)


async def prepare(settings: Settings, uri: str) -> int:
    """The demo record, the logins and the app, as far as they are not there yet."""
    logins = _logins(settings.data_dir / "demo-logins.json")
    async with opened_at(settings, uri, served_at=settings.public_url) as store:
        loader = Loader(UnrestrictedStore(store.database, "seeding"))
        await load_demo(store, loader)
        await _add_people(store, logins)
        await _add_app(store)
    _announce(settings, logins)
    return 0


def _logins(file: Path) -> dict[str, str]:
    """User names and passwords, made when there are none."""
    if file.is_file():
        return json.loads(file.read_text("utf-8"))
    names = [login["username"] for login in seed_bundles.manifest()["logins"]]
    logins = {name: secrets.token_urlsafe(9) for name in names}
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(logins, stream)
    return logins


async def _add_people(store: Opened, logins: dict[str, str]) -> None:
    for login in seed_bundles.manifest()["logins"]:
        name = login["username"]
        try:
            await store.administration.add_user(
                username=name, password=logins[name], fhir_user=login["fhirUser"]
            )
        except NameTaken:
            continue


async def _add_app(store: Opened) -> None:
    if await store.storage.client(DEMO_CLIENT) is None:
        await store.administration.add_client(
            name="Demo app",
            scope=_SCOPE,
            kind="public",
            redirect_uris=[f"{store.settings.public_url}/app/"],
            client_id=DEMO_CLIENT,
        )


def _announce(settings: Settings, logins: dict[str, str]) -> None:
    lines = [
        "",
        f"  start page   {settings.public_url}/",
        f"  demo app     {settings.public_url}/app/",
        f"  FHIR base    {settings.fhir_base}",
        "",
        "  sign in as",
    ]
    for login in seed_bundles.manifest()["logins"]:
        name = login["username"]
        lines.append(f"    {name:<14} {logins[name]}   {login['who']}")
    print("\n".join([*lines, ""]), flush=True)  # noqa: T201 (its output)


def _start() -> int:
    parser = Parser(prog="demo", description="The server with its demo record.")
    add_settings(parser, Settings.model_fields)
    parser.set_defaults(run=run)
    return run_command(lambda: run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(_start())
