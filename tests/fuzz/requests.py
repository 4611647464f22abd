"""Random requests from a seed: bytes, what the OpenAPI document describes, real ones mutated.

Beside schemathesis (`document`), which knows nothing of a record that could be mutated.
"""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

Json = dict[str, Any]

KINDS: Final = ("bytes", "document", "resource", "search", "bundle", "patch")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X")
_TYPES: Final = (
    "application/fhir+json",
    "application/fhir+xml",
    "application/json-patch+json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/fhir+json; charset=utf-16",
)
_HOSTILE: Final[tuple[Any, ...]] = (
    "",
    "\0",
    "$where",
    "a.b",
    "../..",
    "^(a+)+$",
    "'\"<>&",
    "\U0001f600" * 9,
    "x" * 2000,
    "\u202e",
    "\x1f",
    "|",
    "$",
    ",",
    "\\",
    "%",
    "null",
    "-0",
    "1e999",
    "9" * 400,
    "2024-02-30",
    "9999-12-31T23:59:60Z",
    "ge2020",
    "Patient/1",
    "#a",
    "urn:uuid:0",
    None,
    True,
    -1,
    2**63,
    1.5e300,
    [],
    {},
    [[]],
    {"$gt": ""},
)
_HEADERS: Final = {
    "if-match": ('W/"1"', '"1"', "*", "W/"),
    "if-none-match": ('W/"1"', "*", "x"),
    "if-none-exist": ("identifier=x", "name=a&name=b", "&", "_id=1"),
    "if-modified-since": ("Mon, 01 Jan 2035 00:00:00 GMT", "yesterday"),
    "prefer": ("return=minimal", "return=OperationOutcome", "handling=lenient", ";"),
    "accept": ("application/fhir+xml", "text/html", "*/*;q=x", "application/json"),
    "accept-encoding": ("gzip", "br", "identity;q=0", ","),
    "content-encoding": ("gzip", "br"),
}


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """One request; of kind `bytes` the body is all of it, as it goes onto the wire."""

    kind: str
    method: str = ""
    path: str = ""
    """Below the base, with its query."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


class Generator:
    """The same requests for the same seed."""

    def __init__(self, seed: int, document: Json, resources: Sequence[Json], port: int) -> None:
        self._random = random.Random(seed)
        self._paths: Json = document["paths"]
        self._components: Json = document["components"]
        self._resources = resources
        self._port = port
        self._operations = [
            (path, method.upper(), operation)
            for path, methods in self._paths.items()
            for method, operation in methods.items()
        ]
        self._types: list[str] = self._components["schemas"]["ResourceType"]["enum"]

    def next(self) -> Fuzzed:
        kind = self._random.choices(KINDS, (1, 8, 5, 4, 1, 1))[0]
        made: Fuzzed = getattr(self, f"_make_{kind}")()
        return made

    def _make_bytes(self) -> Fuzzed:
        rng = self._random
        head = b"%s /fhir/%s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nconnection: close\r\n\r\n" % (
            rng.choice(_METHODS).encode(),
            rng.choice(self._types).encode(),
            self._port,
        )
        sent = rng.choice((rng.randbytes(rng.randint(1, 400)), self._broken(head)))
        return Fuzzed("bytes", body=sent)

    def _make_resource(self) -> Fuzzed:
        rng = self._random
        resource = rng.choice(self._resources)
        type_name = resource["resourceType"]
        if rng.random() < 0.5:
            return self._sent("resource", "POST", type_name, self._body(resource))
        path = f"{type_name}/{rng.choice((resource['id'], 'fuzzed', self._word()))}"
        return self._sent("resource", "PUT", path, self._body(resource))

    def _make_search(self) -> Fuzzed:
        rng = self._random
        resource = rng.choice(self._resources)
        type_name = resource["resourceType"]
        pairs = [self._asked(type_name) for _ in range(rng.randint(1, 4))]
        query = urlencode(pairs, errors="replace")
        if rng.random() < 0.2:
            query = quote(self._broken(query.encode()), safe="=&%")
        if rng.random() < 0.3:
            headers = {"content-type": _TYPES[3]}
            return self._sent("search", "POST", f"{type_name}/_search", query.encode(), headers)
        return self._sent("search", "GET", f"{type_name}?{query}")

    def _make_bundle(self) -> Fuzzed:
        rng = self._random
        entries: list[Json] = []
        for _ in range(rng.randint(0, 4)):
            resource = rng.choice(self._resources)
            method = rng.choice(_METHODS[:5])
            url = rng.choice((resource["resourceType"], f"{resource['resourceType']}/fuzzed", "?"))
            entry: Json = {"request": {"method": method, "url": url}, "fullUrl": "urn:uuid:0"}
            if method in ("POST", "PUT"):
                entry["resource"] = self._mutated(resource, 1)
            entries.append(entry)
        kind = rng.choice(("transaction", "batch", "collection"))
        bundle: Json = {"resourceType": "Bundle", "type": kind, "entry": entries}
        return self._sent("bundle", "POST", "", self._body(bundle))

    def _make_patch(self) -> Fuzzed:
        rng = self._random
        resource = rng.choice(self._resources)
        operations = [
            {
                "op": rng.choice(("add", "remove", "replace", "move", "copy", "test", "x")),
                "path": rng.choice(("", "/", "/active", "/name/0", "/name/-", "/id", "/a~1b")),
                "from": rng.choice(("/name", "/id", "")),
                "value": rng.choice(_HOSTILE),
            }
            for _ in range(rng.randint(0, 3))
        ]
        headers = {"content-type": rng.choice(_TYPES[:3])}
        path = f"{resource['resourceType']}/{rng.choice((resource['id'], 'fuzzed'))}"
        return self._sent("patch", "PATCH", path, json.dumps(operations).encode(), headers)

    def _make_document(self) -> Fuzzed:
        """An operation of the document, its parameters valid or not."""
        rng = self._random
        path, method, operation = rng.choice(self._operations)
        resource = rng.choice(self._resources)
        path = path.replace("{type}", rng.choice((resource["resourceType"], *self._types[:2])))
        path = path.replace("{id}", rng.choice((resource["id"], "fuzzed", self._word())))
        path = path.replace("{version}", rng.choice(("1", "2", self._word())))
        given = [self._resolved(each) for each in operation["parameters"]]
        given = [each for each in given if each["in"] == "query" and each["name"] != "criteria"]
        chosen = rng.sample(given, min(len(given), rng.randint(0, 3)))
        pairs = [(each["name"], self._value(each["schema"])) for each in chosen]
        query = f"?{urlencode(pairs, errors='replace')}" if pairs else ""
        body = b""
        headers: dict[str, str] = {}
        if content := operation.get("requestBody", {}).get("content"):
            headers["content-type"] = rng.choice(list(content))
            body = self._body(resource)
        return self._sent("document", method, f"{path[1:]}{query}", body, headers)

    def _asked(self, type_name: str) -> tuple[str, str]:
        rng = self._random
        name, value = rng.choice(self._listed(type_name))
        if rng.random() < 0.2:
            modifier = rng.choice(("missing", "not", "exact", "contains", "text", "x", "Patient"))
            name = f"{name}:{modifier}"
        if rng.random() < 0.05:
            name = rng.choice(
                ("$where", "a.b", "_has:Observation:patient:code", "subject.name", "")
            )
        return name, value

    def _listed(self, type_name: str) -> list[tuple[str, str]]:
        """Parameters of a core type, or of a Patient; many types share most of their names."""
        path = f"/{type_name}" if f"/{type_name}" in self._paths else "/Patient"
        listed = self._paths[path]["get"]["parameters"]
        found = [self._resolved(each) for each in listed]
        return [
            (each["name"], self._value(each["schema"])) for each in found if each["in"] == "query"
        ]

    def _value(self, schema: Json) -> str:
        """Mostly what the schema lets, and hostile now and then."""
        rng = self._random
        if rng.random() < 0.3:
            return str(rng.choice(_HOSTILE))
        if "$ref" in schema:
            schema = self._resolved(schema)
        if "items" in schema:
            return self._value(schema["items"])
        if "enum" in schema:
            return str(rng.choice(schema["enum"]))
        if schema.get("type") == "integer":
            return str(rng.randint(-1, 2000))
        if "pattern" in schema and "T" in schema["pattern"]:
            prefix = rng.choice(("", "ge", "lt", "sa", "ap"))
            return f"{prefix}{rng.randint(0, 9999):04}-{rng.randint(0, 13):02}"
        if "pattern" in schema:
            return f"{rng.choice(('', 'gt', 'ne'))}{rng.uniform(-9, 9)}"
        return self._word()

    def _sent(
        self,
        kind: str,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Fuzzed:
        rng = self._random
        sent = {"content-type": rng.choice(_TYPES[:2])} if body else {}
        sent |= headers or {}
        if rng.random() < 0.15:
            name = rng.choice(list(_HEADERS))
            sent[name] = rng.choice(_HEADERS[name])
        if rng.random() < 0.03:
            method = rng.choice(_METHODS)
        return Fuzzed(kind, method, path, sent, body)

    def _body(self, resource: Json) -> bytes:
        rng = self._random
        text = json.dumps(self._mutated(resource, rng.randint(0, 3))).encode()
        return self._broken(text) if rng.random() < 0.2 else text

    def _mutated(self, resource: Json, times: int) -> Json:
        """A copy in which something is another value, gone, doubled or under another name."""
        rng = self._random
        copy: Json = json.loads(json.dumps(resource))
        for _ in range(times):
            place: Any = copy
            while True:
                keys = list(place) if isinstance(place, dict) else list(range(len(place)))
                if not keys:
                    break
                key = rng.choice(keys)
                if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.8:
                    place = place[key]
                    continue
                self._change(place, key)
                break
        return copy

    def _change(self, place: Any, key: Any) -> None:
        rng = self._random
        what = rng.randrange(4)
        if what == 0:
            del place[key]
        elif what == 1 and isinstance(place, dict):
            place[str(rng.choice(_HOSTILE))] = place.pop(key)
        elif what == 2:
            place[key] = [place[key], place[key]]
        else:
            place[key] = rng.choice(_HOSTILE)

    def _broken(self, text: bytes) -> bytes:
        rng = self._random
        broken = bytearray(text)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(broken) + 1)
            if rng.random() < 0.5:
                broken[at : at + rng.randint(0, 9)] = b""
            else:
                broken[at:at] = rng.randbytes(rng.randint(1, 4))
        return bytes(broken)

    def _word(self) -> str:
        letters = string.ascii_letters + string.digits + "-._%|$, /#é"
        return "".join(self._random.choices(letters, k=self._random.randint(1, 12)))

    def _resolved(self, given: Json) -> Json:
        if "$ref" not in given:
            return given
        kind, name = re.findall(r"[^/]+", given["$ref"])[-2:]
        return self._components[kind][name]
