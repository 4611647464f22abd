"""The store and the authorization server's records, open for the length of a command."""

from __future__ import annotations

import argparse
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fhir_server.cli.failure import CommandFailure, UsageError
from fhir_server.cli.options import settings_from
from fhir_server.cli.place import open_store_uri
from fhir_server.master_key import MasterKeyError
from fhir_server.opening import auth_config, open_database
from fhir_server.settings import Settings
from fhir_server.store import Database, StoreRefused
from fhir_server.store.notes import PUBLIC_URL, recall
from smart_auth.administration import Administration
from smart_auth.registration import NameTaken, RegistrationError
from smart_auth.storage import MongoStorage


@dataclass(frozen=True, slots=True)
class Opened:
    """What a command works on."""

    settings: Settings
    """With the base URL that the server of this store has, unless another one was given."""
    database: Database
    administration: Administration
    storage: MongoStorage


@asynccontextmanager
async def opened(arguments: argparse.Namespace) -> AsyncGenerator[Opened]:
    """Open the store that the options name, whether or not a server runs on it."""
    settings = settings_from(arguments)
    async with open_store_uri(settings) as uri, opened_at(settings, uri) as found:
        yield found


@asynccontextmanager
async def opened_at(
    settings: Settings, uri: str, *, served_at: str | None = None
) -> AsyncGenerator[Opened]:
    """The same at a MongoDB that is reached already; its refusals become plain sentences.

    `served_at` is the base URL where it is known better than the store knows it.
    """
    try:
        settings = await _with_known_url(settings, uri, served_at)
        async with open_database(settings, uri) as database:
            storage = MongoStorage.connect(uri, settings.database)
            try:
                await storage.prepare()
                administration = Administration(auth_config(settings), storage)
                yield Opened(settings, database, administration, storage)
            finally:
                await storage.close()
    except (StoreRefused, MasterKeyError, NameTaken) as refusal:
        raise CommandFailure(_sentence(refusal)) from None
    except RegistrationError as refusal:
        raise UsageError(_sentence(refusal)) from None


async def _with_known_url(settings: Settings, uri: str, served_at: str | None) -> Settings:
    """The settings with the store's own base URL, which the store has to be opened with: by it
    references to its own resources are told from those to another server's."""
    if settings.base_url is not None:
        return settings
    if served_at is None:
        async with open_database(settings, uri) as database:
            served_at = await recall(database, PUBLIC_URL)
    return settings if served_at is None else settings.model_copy(update={"base_url": served_at})


def _sentence(refusal: Exception) -> str:
    text = str(refusal)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
