"""From what PyMongo raises to what a caller may know: the one place that translates.

Nothing of a driver's message is passed on, since it quotes documents and filters.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, cast

from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)

from fhir_server.outcome import Category, FhirError, error

_RETRY_AFTER: Final = {"Retry-After": "2"}
_MAX_TIME: Final = {50, 262}
_SORT_MEMORY: Final = {96, 146, 292, 16819}
_TRANSACTION_SIZE: Final = {257, 388}
_DOCUMENT_SIZE: Final = {10334, 17280, 17419}
_TOO_DEEP: Final = {15, 17279}
_NOT_PRIMARY: Final = {91, 189, 10107, 11600, 11602, 13435, 13436}
_DUPLICATE: Final = 11000
_EXPIRED: Final = 290
"""A command that was running when MongoDB ended its transaction, which had lived too long; the
commands after it get an error that is labelled."""


class StoreFault(RuntimeError):
    """MongoDB refused something that this code asked for: a mistake of ours, or a rare accident."""


class Duplicate(Exception):
    """The `_id` is taken; the caller knows what that means."""


class Interrupted(Exception):
    """MongoDB took a transaction back; run again from the start it may well succeed."""

    def __init__(self, *, away: bool) -> None:
        super().__init__()
        self.away = away
        """The connection was lost, rather than another write being in the way."""

    def given_up(self) -> FhirError:
        """What to answer once it has been tried often enough."""
        if self.away:
            return unavailable()
        return error(
            Category.CONFLICT,
            "Another change was in the way each time; send the request again.",
            headers=_RETRY_AFTER,
        )


def unavailable(reason: str | None = None) -> FhirError:
    """MongoDB is away: 503, and when to come back."""
    return error(
        Category.UNAVAILABLE,
        "The store is not available at the moment; send the request again.",
        headers=_RETRY_AFTER,
        reason=reason,
    )


def outcome_unknown() -> FhirError:
    """No acknowledgement came back: the change may be there or not."""
    return error(
        Category.UNAVAILABLE,
        "The store did not confirm the change in time; it may have taken effect.",
        headers=_RETRY_AFTER,
    )


def too_long() -> FhirError:
    """MongoDB's document ends at 16 MB, and ours holds the resource twice."""
    return error(
        Category.TOO_LONG,
        "The resource is too large: what is stored of one resource has to stay below 16 MB, "
        "which leaves about 7 MB for its JSON without its attachments.",
    )


def unstorable() -> FhirError:
    """What JSON can say and BSON cannot."""
    return error(
        Category.INVALID,
        "The resource holds something that cannot be stored: an integer beyond 64 bits, "
        "a member name with a NUL, or nesting beyond 90 levels.",
    )


def translate(problem: PyMongoError | BSONError | OverflowError | RecursionError) -> Exception:
    """The exception to raise instead; it holds nothing of the original's text."""
    if isinstance(problem, DocumentTooLarge):
        return too_long()
    if not isinstance(problem, PyMongoError):
        return unstorable()
    if problem.has_error_label("TransientTransactionError"):
        return Interrupted(away=isinstance(problem, ConnectionFailure))
    if isinstance(problem, ConnectionFailure | WaitQueueTimeoutError):
        return unavailable(type(problem).__name__)
    if isinstance(problem, WTimeoutError | WriteConcernError):
        return outcome_unknown()
    if isinstance(problem, OperationFailure):
        return _of_code(problem, _code(problem))
    return StoreFault(type(problem).__name__)


def _code(problem: OperationFailure) -> int:
    if isinstance(problem, DuplicateKeyError):
        return _DUPLICATE
    if isinstance(problem, ExecutionTimeout):
        return 50
    if isinstance(problem, BulkWriteError):
        errors = cast(list[dict[str, int]], problem.details.get("writeErrors", []))
        return errors[0]["code"] if errors else 0
    return problem.code or 0


def _of_code(problem: OperationFailure, code: int) -> Exception:
    if code == _DUPLICATE:
        return Duplicate()
    if code == _EXPIRED:
        return Interrupted(away=False)
    if code in _MAX_TIME:
        return _too_costly("took longer than is allowed here")
    if code in _SORT_MEMORY:
        return _too_costly("would have to sort more than fits")
    if code in _TRANSACTION_SIZE:
        return error(
            Category.TOO_COSTLY,
            "The transaction is too large for the store; send it in several smaller ones.",
        )
    if code in _DOCUMENT_SIZE:
        return too_long()
    if code in _TOO_DEEP:
        return unstorable()
    if code in _NOT_PRIMARY:
        return unavailable(f"MongoDB error {code}")
    return StoreFault(f"{type(problem).__name__} {code}")


def _too_costly(what: str) -> FhirError:
    return error(
        Category.TOO_COSTLY,
        f"The request {what}; narrow it, for example by patient, code or date, or drop the sort.",
    )


class _Translating:
    """`with TRANSLATING:` around every call of the driver. It has no state."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(problem, PyMongoError | BSONError | OverflowError | RecursionError):
            raise translate(problem) from None


TRANSLATING: Final = _Translating()
