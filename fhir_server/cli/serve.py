"""`fhir-server serve`: MongoDB, the metrics and the server processes, from start to stop."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
from contextlib import ExitStack
from typing import NoReturn

from fhir_server.cli.failure import CommandFailure
from fhir_server.cli.options import Subparsers, add_settings, settings_from
from fhir_server.cli.place import store_uri
from fhir_server.settings import Settings

BACKLOG = 2048

_log = logging.getLogger("fhir_server.serve")


def register(commands: Subparsers) -> None:
    """Add the command to the command line."""
    text = "run the server"
    parser = commands.add_parser("serve", help=text, description=text)
    add_settings(parser, Settings.model_fields)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal asks to stop."""
    settings = settings_from(arguments)
    settings.check_serving()
    # Imported here, as below: the other commands start without the web server.
    from fhir_server.http.logging import configure_logging

    configure_logging(settings.log_level)
    signal.signal(signal.SIGTERM, _stop)
    try:
        with ExitStack() as running:
            listener = running.enter_context(_listen(settings))
            _start_metrics(settings, running)
            uri = running.enter_context(store_uri(settings))
            _serve(settings, uri, listener)
    except KeyboardInterrupt:
        return 0
    return 0


def _stop(_signal: int, _frame: object) -> NoReturn:
    """SIGTERM ends like Ctrl-C, so that everything that was opened is closed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _listen(settings: Settings) -> socket.socket:
    """The listening socket, before anything is started for it."""
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, settings.port), family=family, backlog=BACKLOG)
    except OSError as failure:
        reason = os.strerror(failure.errno or 0)
        place = f"{settings.host}:{settings.port}"
        raise CommandFailure(f"{place} cannot be listened on: {reason}.") from None


def _start_metrics(settings: Settings, running: ExitStack) -> None:
    """The metrics listener; only a port that was asked for has to be free."""
    if not settings.metrics_port:
        return
    from fhir_server.http import metrics

    if settings.workers > 1:
        running.enter_context(metrics.shared_by_workers())
    place = f"{settings.metrics_host}:{settings.metrics_port}"
    try:
        running.enter_context(metrics.serving_metrics(settings.metrics_host, settings.metrics_port))
    except OSError as failure:
        if settings.source_of("metrics_port") != "default":
            raise CommandFailure(
                f"The metrics address {place} cannot be listened on: "
                f"{os.strerror(failure.errno or 0)}."
            ) from None
        _log.warning("no metrics: %s is taken; see --metrics-port", place)


def _serve(settings: Settings, uri: str, listener: socket.socket) -> None:
    from fhir_server.cli import workers

    if settings.workers == 1:
        workers.serve_here(settings, uri, listener)
    else:
        workers.serve_in_processes(settings, uri, listener)
