"""Somebody else's app: a page on another origin that has the SMART client of npm, as published."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from fhir_server.http.start import APP

CLIENT = APP / "node_modules/fhirclient/build/fhir-client.pure.js"
_PAGES = Path(__file__).with_name("pages")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is theirs)
        pass


@contextmanager
def other_origin(folder: Path) -> Generator[str]:
    """The origin at which the app is served until the block ends."""
    shutil.copytree(_PAGES, folder, dirs_exist_ok=True)
    shutil.copy(CLIENT, folder)
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        running = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        running.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            running.join()
