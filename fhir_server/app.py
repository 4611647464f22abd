"""The composition root: settings and a MongoDB become one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import Final

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp

from fhir_server.access.scope_rules import AccessScopeRules
from fhir_server.directory import RecordDirectory
from fhir_server.http.capability import OAuthAddresses, capability_statement
from fhir_server.http.fhir import fhir_routes
from fhir_server.http.gate import BearerGate
from fhir_server.http.health import health_routes
from fhir_server.http.limits import Limits
from fhir_server.http.logging import RequestLog
from fhir_server.http.metadata import Metadata
from fhir_server.http.openapi import openapi_document
from fhir_server.http.reference import reference_routes
from fhir_server.http.room import Room
from fhir_server.http.start import page_routes
from fhir_server.interactions.call import Service
from fhir_server.opening import auth_config, open_database
from fhir_server.outcome import FhirError
from fhir_server.search.catalogue import Catalogue
from fhir_server.settings import Settings
from fhir_server.store import Contents, Database
from fhir_server.store.contents import keep_sweeping
from fhir_server.store.notes import PUBLIC_URL, note
from fhir_server.store.resuming import keep_indexing
from resources.fhir_json import Resource
from smart_auth.server import AuthorizationServer
from smart_auth.storage import MongoStorage

_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}
"""FastAPI's own would send addresses, which hold ids and queries, to whatever is configured."""


def create_app(settings: Settings, mongodb_uri: str) -> ASGIApp:
    """The application; it connects when it starts and lets go when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_database(settings, mongodb_uri) as database:
            storage = MongoStorage.connect(mongodb_uri, settings.database)
            auth = AuthorizationServer(
                auth_config(settings),
                storage,
                RecordDirectory(database),
                AccessScopeRules(lambda: database.catalogue),
            )
            await auth.start()
            await note(database, PUBLIC_URL, settings.public_url)
            try:
                service = _service(settings)
                await _add_routes(app, settings, service, database, auth, storage)
                service.background.start(keep_indexing(database))
                service.background.start(keep_sweeping(database))
                try:
                    yield
                finally:
                    await service.background.close()
            finally:
                await auth.stop()
                await storage.close()

    # The routes are added as plain Starlette routes: no dependency machinery on the hot path.
    app = FastAPI(
        title="fhir-server",
        openapi_url=None,
        redirect_slashes=False,  # to an address that begins as the request's Host header says
        lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
    )
    return RequestLog(app)


def _service(settings: Settings) -> Service:
    return Service(
        base_url=settings.fhir_base,
        strict_search=settings.search_strict,
        default_count=settings.search_default_count,
        max_count=settings.search_max_count,
        max_entries=settings.max_bundle_entries,
        max_parameters=settings.max_parameters,
        max_url=settings.max_url_bytes,
        max_answer=settings.max_bundle_bytes,
        skip_unchanged=settings.skip_unchanged_updates,
        deletes_many=settings.conditional_delete == "multiple",
        enforces_references=settings.referential_integrity != "off",
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        resource=settings.max_body_bytes,
        bundle=settings.max_bundle_bytes,
        depth=settings.max_depth,
        url=settings.max_url_bytes,
        parameters=settings.max_parameters,
        attachment=settings.max_attachment_bytes,
    )


async def _add_routes(
    app: FastAPI,
    settings: Settings,
    service: Service,
    database: Database,
    auth: AuthorizationServer,
    storage: MongoStorage,
) -> None:
    base_url = settings.fhir_base
    smart = auth.smart_configuration()
    addresses = OAuthAddresses(
        authorize=smart["authorization_endpoint"],
        token=smart["token_endpoint"],
        introspect=smart["introspection_endpoint"],
        revoke=smart["revocation_endpoint"],
    )

    limits = _limits(settings)

    def stated(catalogue: Catalogue) -> Resource:
        return capability_statement(
            catalogue, addresses, service, limits, organization=settings.organization_name
        )

    @lru_cache(maxsize=1)
    def described(catalogue: Catalogue) -> bytes:
        return openapi_document(catalogue, smart, organization=settings.organization_name)

    async def known() -> Catalogue:
        with suppress(FhirError):  # what was known last is told while MongoDB is away
            await database.keep_up()
        return database.catalogue

    async def openapi() -> bytes:
        return described(await known())

    metadata = Metadata(database, known, stated, limits)
    await metadata.prepare()
    app.router.routes[:] = [
        *fhir_routes(
            service,
            BearerGate(auth, database),
            limits,
            Room(settings.max_large_bodies_bytes),
            Contents(database),
            metadata,
            auth.smart_configuration,
        ),
        *health_routes(database),
        *auth.routes,
        *reference_routes(openapi),
        *page_routes(settings.organization_name, base_url, storage),
    ]
