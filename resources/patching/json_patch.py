"""JSON Patch (RFC 6902) of a resource (R4 `http.html#patch`)."""

from __future__ import annotations

from typing import Any, Final, cast

import jsonpatch
import jsonpointer

from resources.fhir_json import ARRAY, OBJECT, Json, Resource, dump
from resources.patching.trouble import MOST_OPERATIONS, BadPatch, TestFailed

MOST_COPIED: Final = 1024 * 1024
"""Bytes that the copies of one patch may come to: each may double what is there."""


def apply_json_patch(resource: Resource, operations: Json) -> Resource:
    """The resource with the operations applied, one after the other, in place where it can be.

    Raises `BadPatch`, or `TestFailed`.
    """
    if not isinstance(operations, list):
        raise BadPatch("a JSON Patch is an array of operations")
    if len(operations) > MOST_OPERATIONS:
        raise BadPatch(f"a patch has at most {MOST_OPERATIONS} operations")
    whole: Any = resource
    copied = 0
    for at, operation in enumerate(operations):
        if not isinstance(operation, dict):
            raise BadPatch(f"operation {at} is no object")
        if operation.get("op") == "copy":
            copied += _size(whole, operation.get("from"))
            if copied > MOST_COPIED:
                raise BadPatch(f"operation {at} copies too much")
        whole = _apply(whole, at, operation)
    if not isinstance(whole, OBJECT):
        raise BadPatch("the patch leaves no resource")
    return cast(Resource, whole)


def _apply(whole: Any, at: int, operation: dict[str, Json]) -> Any:
    try:
        return cast(Any, jsonpatch).JsonPatch([operation]).apply(whole, in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        raise TestFailed(f"operation {at} tests {_place(operation)}, and it is not so") from None
    except (
        jsonpatch.JsonPatchException,
        jsonpointer.JsonPointerException,
        TypeError,
        KeyError,
        ValueError,  # a place in a list that has more digits than Python reads
    ) as problem:
        text = str(problem).partition("\n")[0]
        raise BadPatch(f"operation {at} ({_place(operation)}): {text[:200]}") from None
    except RecursionError:
        raise BadPatch(f"operation {at} ({_place(operation)}) nests too deep") from None


def _place(operation: dict[str, Json]) -> str:
    return f"{operation.get('op')!r:.20} at {operation.get('path')!r:.100}"


def _size(whole: Any, pointer: Any) -> int:
    """Of what is copied; whatever is wrong with the pointer, the copy itself will say."""
    try:
        found: Any = cast(Any, jsonpointer).JsonPointer(pointer).resolve(whole)
        return len(dump(found)) if isinstance(found, (OBJECT, ARRAY)) else 0
    except (jsonpointer.JsonPointerException, TypeError, ValueError, RecursionError):
        return 0
