"""From the settings to the open store and to what the authorization server is told.

Apart from the application, so that the commands start without the web framework.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fhir_server.master_key import derived_key, load_master_key
from fhir_server.settings import Settings
from fhir_server.store import Database, Integrity, install
from fhir_server.store.database import Limits
from smart_auth.config import AuthConfig


@asynccontextmanager
async def open_database(settings: Settings, mongodb_uri: str) -> AsyncGenerator[Database]:
    """The store that the settings name, connected."""
    database = await Database.connect(
        mongodb_uri,
        settings.database,
        base_url=settings.fhir_base,
        cursor_key=derived_key(load_master_key(settings.master_key_path), "page links"),
        limits=Limits(included=settings.search_max_includes),
        integrity=Integrity(settings.referential_integrity),
    )
    async with database:
        if settings.ig is not None:
            await install(database, settings.ig)
        yield database


def auth_config(settings: Settings) -> AuthConfig:
    """What of the settings the authorization server is told."""
    return AuthConfig(
        base_url=settings.fhir_base,
        issuer=settings.public_url,
        master_key=derived_key(load_master_key(settings.master_key_path), "signing keys"),
        organization=settings.organization_name,
        access_token_lifetime=settings.access_token_lifetime,
        backend_token_lifetime=settings.backend_token_lifetime,
        code_lifetime=settings.authorization_code_lifetime,
        session_lifetime=settings.session_lifetime,
        refresh_token_lifetime=settings.refresh_token_lifetime,
        free_sign_in_failures=settings.login_max_failures,
        sign_in_failure_window=settings.login_failure_window,
    )
