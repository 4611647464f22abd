"""The storage: FHIR resources in MongoDB, behind one door."""

from __future__ import annotations

from fhir_server.store.contents import Contents
from fhir_server.store.database import Database, Integrity, Limits
from fhir_server.store.fhir_store import FhirStore, UnrestrictedStore
from fhir_server.store.integrity import DanglingReferences
from fhir_server.store.paging import SearchPage
from fhir_server.store.publishing import finish, install, refresh
from fhir_server.store.reindexing import Progress, reindex
from fhir_server.store.schema import StoreRefused
from fhir_server.store.versions import HistoryPage, StoredVersion, Written
from fhir_server.store.writing import Change, Removal

__all__ = [
    "Change",
    "Contents",
    "DanglingReferences",
    "Database",
    "FhirStore",
    "HistoryPage",
    "Integrity",
    "Limits",
    "Progress",
    "Removal",
    "SearchPage",
    "StoreRefused",
    "StoredVersion",
    "UnrestrictedStore",
    "Written",
    "finish",
    "install",
    "refresh",
    "reindex",
]
