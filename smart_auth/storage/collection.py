"""The typed door to MongoMotor, which has no annotations: records in, records out.

Query sets are bound to a collection of a client of our own. MongoEngine's registry of connections
is global to the process and MongoMotor fills it with a second, blocking client; bound query sets
need neither, so several servers live in one process.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Generic, TypeVar

from mongoengine.errors import NotUniqueError, OperationError
from mongomotor import Document
from mongomotor.fields import ListField
from mongomotor.queryset import QuerySet
from pymongo.errors import PyMongoError

from smart_auth.storage.protocols import StorageUnavailable

Record = TypeVar("Record")


@contextmanager
def _reporting() -> Generator[None]:
    try:
        yield
    except NotUniqueError:
        raise
    except (OperationError, PyMongoError) as failure:
        raise StorageUnavailable(type(failure).__name__) from failure


class Collection(Generic[Record]):
    def __init__(self, record: type[Record], document: type[Document], database: Any) -> None:
        self._record: Any = record
        self._document: Any = document
        self._names = [field.name for field in fields(self._record)]
        self._lists = {name for name in self._names if isinstance(self._field(name), ListField)}
        self._collection: Any = database[self._document._meta["collection"]]

    def _field(self, name: str) -> object:
        return self._document._fields[name]

    def _where(self, where: Mapping[str, Any]) -> Any:
        return QuerySet(self._document, self._collection)(**where)

    def _to_record(self, document: Any) -> Record:
        stored: Mapping[str, Any] = document.to_mongo()
        values: dict[str, Any] = {}
        for name in self._names:
            value: Any = stored.get("_id" if name == "id" else name)
            values[name] = tuple(value or ()) if name in self._lists else value
        return self._record(**values)

    async def ensure_indexes(self) -> None:
        for index in self._document._meta["index_specs"]:
            options = {name: value for name, value in index.items() if name != "fields"}
            with _reporting():
                await self._collection.create_index(index["fields"], **options)

    async def first(self, **where: Any) -> Record | None:
        with _reporting():
            document = await self._where(where).first()
        return None if document is None else self._to_record(document)

    async def find(self, *order: str, limit: int = 1000, **where: Any) -> list[Record]:
        query = self._where(where).order_by(*order).limit(limit)
        with _reporting():
            documents: list[Any] = await query.to_list(length=limit)
        return [self._to_record(document) for document in documents]

    async def insert(self, record: Record) -> bool:
        """False where a unique index already has it."""
        document = self._document(**{name: getattr(record, name) for name in self._names})
        document.validate()
        try:
            with _reporting():
                await self._where({}).insert(document, load_bulk=False)
        except NotUniqueError:
            return False
        return True

    async def update(self, where: Mapping[str, Any], **changes: Any) -> bool:
        """Changes all that match; true where something did."""
        with _reporting():
            return bool(await self._where(where).update(**changes))

    async def take(
        self, where: Mapping[str, Any], *, upsert: bool = False, **changes: Any
    ) -> Record | None:
        """Finds and changes in one atomic step; gives the record as changed."""
        with _reporting():
            query = self._where(where)
            document = await query.modify(upsert=upsert, new=True, **changes)
        return None if document is None else self._to_record(document)

    async def remove(self, where: Mapping[str, Any]) -> Record | None:
        """Finds and deletes in one atomic step."""
        with _reporting():
            document = await self._where(where).modify(remove=True)
        return None if document is None else self._to_record(document)

    async def delete(self, **where: Any) -> None:
        with _reporting():
            await self._where(where).delete()
