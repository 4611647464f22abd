"""The floor: bare Starlette routes that make the server's MongoDB calls and send the bytes.

Same driver, commands, read and write concern, same event loop and HTTP parser. No token is
checked, nothing is parsed, validated or indexed: documents to be written are encoded beforehand
and get no more than a new id. `same_calls` compares what MongoDB sees of the two.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import uvicorn
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from pymongo.read_concern import ReadConcern
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fhir_server.search.catalogue import Catalogue
from fhir_server.search.expression import Member
from fhir_server.search.filters import mongo_filter
from fhir_server.search.plan import plan
from fhir_server.search.query import parse_search
from fhir_server.store.database import MAJORITY
from fhir_server.store.document import SENT, draft, now
from fhir_server.store.queries import TIMES
from fhir_server.store.searching import ENTRY
from tests.bench.records import MEASURES, Named
from tests.bench.shapes import (
    BUNDLES,
    LARGE_BUNDLE,
    SMALL_BUNDLE,
    Caller,
    bodies,
    bundle_record,
    callers,
)

URI_VARIABLE: Final = "BENCH_MONGODB_URI"
DATABASE: Final = "fhir"
_JSON: Final = {"content-type": "application/fhir+json"}
_MAJORITY_READ: Final = {"level": "majority"}
_SNAPSHOT_READ: Final = {"level": "snapshot"}
_LIMIT: Final = 10_000
_CATALOGUE: Final = Catalogue("http://127.0.0.1/fhir")


@dataclass(frozen=True, slots=True)
class Template:
    """An encoded document whose ids are given anew each time."""

    type_name: str
    own_id: bytes
    encoded: bytes

    def fresh(self, new_id: bytes) -> bytes:
        return self.encoded.replace(self.own_id, new_id)


class Floor:
    """The routes and the little that they need to know."""

    def __init__(self, uri: str, patients: int) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri)
        self._client = client
        self._database = client.get_database(DATABASE, codec_options=TIMES, write_concern=MAJORITY)
        self._collections = {
            name: self._database.get_collection(name)
            for name in ("Patient", "Encounter", "Condition", "Observation")
        }
        people = callers(patients)
        self._policies = {one.patient.logical_id: _policy(one) for one in people}
        self._finds = {
            (one.patient.logical_id, measure.code): _find(one.patient.logical_id, measure.code)
            for one in people
            for measure in MEASURES
        }
        self._creates = [_template(made) for _, made in bodies(people)]
        self._bundles: dict[tuple[int, int], list[Template]] = {
            (size, number): [
                _template(one) for one in bundle_record(size, number, "{type_name}/{logical_id}")
            ]
            for size in (SMALL_BUNDLE, LARGE_BUNDLE)
            for number in range(BUNDLES)
        }

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with self._client:
            yield

    async def read(self, request: Request) -> Response:
        """The same `find` by id and policy."""
        path = request.path_params
        command = {
            "find": path["type"],
            "maxTimeMS": _LIMIT,
            "readConcern": _MAJORITY_READ,
            "filter": {"_id": path["id"], **self._policies[path["patient"]]},
            "projection": SENT,
            "limit": 1,
            "singleBatch": True,
        }
        reply = await self._database.command(command, codec_options=TIMES)
        return Response(reply["cursor"]["firstBatch"][0]["json"], headers=_JSON)

    async def search(self, request: Request) -> Response:
        """The same `find` along the index; the stored bytes joined in a bundle."""
        path = request.path_params
        command = dict(self._finds[path["patient"], path["code"]])
        reply = await self._database.command(command, codec_options=TIMES)
        rows = reply["cursor"]["firstBatch"][:20]
        joined = b'},{"resource":'.join([row["json"] for row in rows])
        body = b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":%b}]}' % joined
        return Response(body, headers=_JSON)

    async def create(self, request: Request) -> Response:
        """The same insert of the same document."""
        await request.body()
        number: int = request.path_params["number"]
        template = self._creates[number]
        document = RawBSONDocument(template.fresh(str(uuid4()).encode()))
        await self._collections[template.type_name].insert_one(document)
        return Response(document["json"], 201, headers=_JSON)

    async def transaction(self, request: Request) -> Response:
        """The same inserts, one for each type, in one transaction."""
        body = await request.body()
        path = request.path_params
        templates = self._bundles[path["size"], path["number"]]
        patient, new_patient = templates[0].own_id, str(uuid4()).encode()
        by_type: dict[str, list[RawBSONDocument]] = {}
        for template in templates:
            fresh = template.fresh(str(uuid4()).encode()) if by_type else template.encoded
            document = RawBSONDocument(fresh.replace(patient, new_patient))
            by_type.setdefault(template.type_name, []).append(document)
        async with self._client.start_session(causal_consistency=False) as session:
            await session.start_transaction(ReadConcern("snapshot"), MAJORITY)
            for type_name, documents in by_type.items():
                collection = self._collections[type_name]
                if len(documents) == 1:
                    await collection.insert_one(documents[0], session=session)
                else:
                    await collection.insert_many(documents, session=session)
            await session.commit_transaction()
        # An answer has about 200 bytes for each entry.
        return Response(body[: 200 * len(templates)], headers=_JSON)

    def application(self) -> Starlette:
        routes = [
            Route("/read/{patient}/{type}/{id}", self.read),
            Route("/search/{patient}/{code}", self.search),
            Route("/create/{number:int}", self.create, methods=["POST"]),
            Route("/transaction/{size:int}/{number:int}", self.transaction, methods=["POST"]),
        ]
        return Starlette(routes=routes, lifespan=self.lifespan)


def _policy(caller: Caller) -> dict[str, Any]:
    """What the store adds for a token that is bound to this patient."""
    member = mongo_filter(Member(frozenset({caller.patient.logical_id})))
    return {"$or": [{"x": True}, member]}


def _find(patient: str, code: str) -> dict[str, Any]:
    """The command that the search comes to, as the planner makes it."""
    pairs = [
        ("patient", patient),
        ("code", f"http://loinc.org|{code}"),
        ("_sort", "-date"),
        ("_count", "20"),
    ]
    query = parse_search(
        _CATALOGUE,
        "Observation",
        pairs,
        strict=True,
        default_count=50,
        max_count=1000,
    )
    planned = plan(query, Member(frozenset({patient})))
    return {
        "find": "Observation",
        "maxTimeMS": _LIMIT,
        "readConcern": _SNAPSHOT_READ,
        "filter": planned.filter,
        "projection": {**ENTRY, **dict.fromkeys(planned.fields, 1)},
        "allowDiskUse": False,
        "batchSize": planned.limit + 1,
        "limit": planned.limit,
        "sort": dict(planned.sort),
        "hint": planned.hint,
    }


def _template(one: Named) -> Template:
    made = draft(_CATALOGUE, one.type_name, one.logical_id, 1, now(), one.resource, "POST")
    return Template(one.type_name, one.logical_id.encode(), bytes(made.document.raw))


def main() -> None:
    """`python -m tests.bench.floor --port P --patients N`, the URI in the environment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--patients", type=int, required=True)
    options = parser.parse_args()
    floor = Floor(os.environ[URI_VARIABLE], options.patients)
    uvicorn.run(
        floor.application(),
        port=options.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        server_header=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
