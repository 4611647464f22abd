"""Commands work on a store under the base URL of the server that last ran on it."""

from __future__ import annotations

from pathlib import Path

from fhir_server.cli.opened import opened_at
from fhir_server.settings import Settings
from fhir_server.store.notes import PUBLIC_URL, note


async def test_the_store_is_opened_with_its_own_base_url(
    mongodb_uri: str, database_name: str, tmp_path: Path
) -> None:
    settings = Settings(database=database_name, master_key_file=tmp_path / "master.key")
    async with opened_at(settings, mongodb_uri) as store:
        assert store.database.catalogue.base_url == "http://127.0.0.1:8000/fhir"
        await note(store.database, PUBLIC_URL, "https://fhir.example.org")
    async with opened_at(settings, mongodb_uri) as store:
        assert store.database.catalogue.base_url == store.settings.fhir_base
        assert store.settings.fhir_base == "https://fhir.example.org/fhir"
    told = settings.model_copy(update={"base_url": "https://other.example.org"})
    async with opened_at(told, mongodb_uri) as store:
        assert store.database.catalogue.base_url == "https://other.example.org/fhir"
