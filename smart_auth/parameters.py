"""Form and query parameters under RFC 6749 section 3.1, bounded and strictly decoded."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749.errors import InvalidRequestError
from starlette.requests import Request

_LONGEST_BODY = 64 * 1024
_MOST_FIELDS = 300
_FORM = "application/x-www-form-urlencoded"


class Parameters:
    def __init__(self, text: str) -> None:
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
            )
        except ValueError as failure:
            raise InvalidRequestError("the parameters cannot be decoded") from failure
        if any("\0" in name or "\0" in value for name, value in pairs):
            raise InvalidRequestError("a parameter contains a NUL character")
        self._pairs = pairs

    @property
    def repeated(self) -> frozenset[str]:
        counts = Counter(name for name, _ in self._pairs)
        return frozenset(name for name, count in counts.items() if count > 1)

    def get(self, name: str) -> str | None:
        # "Parameters sent without a value MUST be treated as if they were omitted."
        return next((value for key, value in self._pairs if key == name and value), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name and value]

    def refuse_repeated(self) -> None:
        # "Request and response parameters MUST NOT be included more than once."
        if self.repeated:
            raise InvalidRequestError("a parameter is repeated")


async def read_form(request: Request) -> Parameters:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM:
        raise InvalidRequestError(f"the body must be {_FORM}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise InvalidRequestError("the body is too long")
    try:
        return Parameters(body.decode())
    except UnicodeDecodeError as failure:
        raise InvalidRequestError("the body is not UTF-8") from failure


def read_query(request: Request) -> Parameters:
    return Parameters(request.scope["query_string"].decode("latin-1"))
