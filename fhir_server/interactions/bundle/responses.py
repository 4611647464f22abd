"""The response entries of a transaction or batch (R4 3.1.0.11.4)."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from fhir_server.interactions.call import Preference, Return
from fhir_server.interactions.pages import bundle
from fhir_server.interactions.reply import Reply, outcome_body
from fhir_server.outcome import FhirError
from resources import fhir_json


def response_bundle(kind: str, entries: Iterable[bytes]) -> Reply:
    """A `transaction-response` or `batch-response`, an entry for each request in its order."""
    return Reply(200, bundle(f"{kind}-response", (), entries, None))


def response_entry(reply: Reply, preference: Preference, *, reading: bool) -> bytes:
    """One entry: a read carries what was read, a write only what `Prefer` asks for."""
    response: dict[str, object] = {"status": _status(reply.status)}
    headers = dict(reply.headers)
    if "location" in headers:
        response["location"] = headers["location"]
    if "etag" in headers:
        response["etag"] = headers["etag"]
    version = reply.version
    if version is not None:
        response["lastModified"] = version.last_updated.isoformat(timespec="milliseconds")
    wanted = reading or (
        preference.content is not None and preference.content is not Return.MINIMAL
    )
    tail = b'"response":' + fhir_json.dump(response) + b"}"
    if not (wanted and reply.body):
        return b"{" + tail
    if preference.content is Return.OUTCOME and not reading:
        return b'{"response":' + _with_outcome(response, reply.body) + b"}"
    return b'{"resource":' + reply.body + b"," + tail


def failure_entry(problem: FhirError) -> bytes:
    """The entry of a request in a batch that was refused."""
    response: dict[str, object] = {"status": _status(problem.category.status)}
    outcome = outcome_body(problem.issues)
    return b'{"response":' + _with_outcome(response, outcome) + b"}"


def _with_outcome(response: dict[str, object], outcome: bytes) -> bytes:
    return fhir_json.dump(response)[:-1] + b',"outcome":' + outcome + b"}"


def _status(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
