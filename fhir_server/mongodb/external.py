"""A MongoDB that the operator runs: reachable, and able to do transactions."""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError

from fhir_server.mongodb.failure import MongoUnavailable

PATIENCE_MS = 10_000


def require_replica_set(uri: str) -> None:
    """Refuse what has no transactions: a standalone, which answers `hello` with no set's name."""
    try:
        with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=PATIENCE_MS) as client:
            # A command without a session: `ping` shows that the user may enter, too.
            client.admin.command("ping")
            hello = client.admin.command("hello")
    except (ConfigurationError, ValueError):
        # Their text may quote the URI, and with it the password.
        raise MongoUnavailable("The MongoDB URI is not a valid connection string.") from None
    except OperationFailure as failure:
        raise MongoUnavailable(
            f"MongoDB refused the connection ({failure.code}): "
            "check the user and password of the URI."
        ) from None
    except PyMongoError:
        raise MongoUnavailable(
            f"MongoDB does not answer within {PATIENCE_MS // 1000} seconds: check the URI."
        ) from None
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise MongoUnavailable(
            "The MongoDB behind --mongodb-uri is a standalone, which has no transactions: "
            "make it a replica set (one member is enough)."
        )
