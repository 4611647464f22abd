"""How a command says that it cannot: one plain sentence, and an exit status."""

from __future__ import annotations


class UsageError(Exception):
    """Wrong usage; exit status 2."""


class CommandFailure(Exception):
    """The command was understood and could not be done; exit status 1."""
