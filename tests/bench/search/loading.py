"""A practice becomes a store: the documents of real writes, put in by several processes.

Each document is derived as a create does it. The indexes are those that the store makes; they are
taken away while documents come in and built again at the end, in a third of the time.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient, WriteConcern
from pymongo.database import Database as MongoDatabase

from fhir_server.search.catalogue import Catalogue
from fhir_server.store import Database
from fhir_server.store.document import draft
from resources.registry import SearchParameter
from tests.bench.search.chance import Made
from tests.bench.search.practice import TYPES, Practice

Document = dict[str, Any]
_BATCH: Final = 1000
_FAST: Final = WriteConcern(w=1)
"""A store that was not loaded to the end is made anew, so nobody waits for the journal."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a practice is to be stored, and by which parameters it is to be found."""

    uri: str
    database: str
    base_url: str
    additional: tuple[SearchParameter, ...]


async def load(store: Database, uri: str, name: str, practice: Practice, workers: int = 0) -> int:
    """Fills an empty store; how many documents. Without workers this process does it."""
    for type_name in TYPES:
        await store.prepare(type_name)
    target = Target(uri, name, store.catalogue.base_url, store.catalogue.additional)
    with MongoClient[Document](uri) as client, _unindexed(client[name]):
        return sum(_loaded(target, practice, workers))


def _loaded(target: Target, practice: Practice, workers: int) -> Iterator[int]:
    work = partial(_load_block, target, practice)
    blocks = range(practice.blocks)
    if not workers:
        yield from map(work, blocks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, blocks)


@contextmanager
def _unindexed(database: MongoDatabase[Document]) -> Generator[None]:
    kept = {name: _indexes(database, name) for name in TYPES}
    for name in TYPES:
        database[name].drop_indexes()
    yield
    for name, indexes in kept.items():
        database.command({"createIndexes": name, "indexes": indexes})


def _indexes(database: MongoDatabase[Document], name: str) -> list[Document]:
    found = (dict(index) for index in database[name].list_indexes())
    return [index for index in found if index["name"] != "_id_"]


def _load_block(target: Target, practice: Practice, number: int) -> int:
    written = 0
    with MongoClient[Document](target.uri) as client:
        into = client.get_database(target.database, write_concern=_FAST)
        for type_name, documents in _batches(practice, number, _catalogue(target)):
            into[type_name].insert_many(documents, ordered=False)
            written += len(documents)
    return written


@cache
def _catalogue(target: Target) -> Catalogue:
    """That of the store, once in each process."""
    return Catalogue(target.base_url, target.additional)


def _batches(
    practice: Practice, number: int, catalogue: Catalogue
) -> Iterator[tuple[str, list[RawBSONDocument]]]:
    made = practice.block(number)
    for begin in range(0, len(made), _BATCH):
        batch = [(one.type_name, _document(catalogue, one)) for one in made[begin : begin + _BATCH]]
        batch.sort(key=itemgetter(0))
        for type_name, rows in groupby(batch, itemgetter(0)):
            yield type_name, [document for _, document in rows]


def _document(catalogue: Catalogue, one: Made) -> RawBSONDocument:
    made = draft(catalogue, one.type_name, one.logical_id, 1, one.written, one.resource, "PUT")
    return made.document
