"""Prometheus metrics by route template, on a listener of their own.

With several workers prometheus-client keeps its values in files of one folder, which the parent
adds up; it decides for them when it is first imported, by `PROMETHEUS_MULTIPROC_DIR`.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)

_requests = Counter(
    "fhir_server_requests", "Requests answered; status 0: none sent.", ["route", "method", "status"]
)
_seconds = Histogram(
    "fhir_server_request_seconds", "Time to answer.", ["route", "method"], buckets=BUCKETS
)
_children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def record(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request; routes are templates, so that the series stay few."""
    key = (route, method, status)
    children = _children.get(key)
    if children is None:
        known = method if method in METHODS else "other"
        children = (
            _requests.labels(route, known, str(status)),
            _seconds.labels(route, known),
        )
        if known == method:
            _children[key] = children
    children[0].inc()
    children[1].observe(seconds)


@contextmanager
def shared_by_workers() -> Generator[None]:
    """A folder through which the worker processes, started inside the block, add to one count."""
    with TemporaryDirectory(prefix="fhir-server-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]


@contextmanager
def serving_metrics(host: str, port: int) -> Generator[None]:
    """Answer `/metrics` (Prometheus text) on a thread; an `OSError` when the port is taken."""
    registry = REGISTRY
    if SHARED_FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # pyright: ignore[reportUnknownMemberType] (untyped)
    server, thread = start_http_server(port, host, registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
