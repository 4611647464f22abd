"""The error of everything about reaching a MongoDB."""

from __future__ import annotations


class MongoUnavailable(Exception):
    """No usable MongoDB: one plain sentence for the operator, without any secret."""
