"""One demo server for these tests."""

from tests.clients.demo import demo

__all__ = ["demo"]
