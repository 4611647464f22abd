"""uvicorn's httptools protocol with the bounds that it lacks: on the head of a request, on slow
callers, on requests that are sent ahead; and without the headers that come behind a body."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 64 * 1024
"""Of a head, and of what stands around the bytes of a body: sizes of chunks, trailers."""
HEAD_SECONDS = 30.0
PACE_SECONDS = 30.0
"""How often it is looked whether a body still comes and an answer still goes."""
LEAST_PACE: Final = 500
"""Bytes a second that come or go on the slowest line, as Apache's mod_reqtimeout has it."""
MOST_AHEAD: Final = 64
"""Requests that wait on one connection for the answer to an earlier one (RFC 9112, 9.3.2)."""
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    """Closes the connection of who dawdles, so that nobody keeps many of them for nothing."""

    _untold = 0
    """Bytes that came since the parser last knew something."""
    _in_body = False
    _received = 0
    """Bytes of the body since it was looked last."""
    _unsent = 0
    """Bytes of answers that had not gone when it was looked last."""
    _head_timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] (as uvicorn)
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_body_timer()
        self._stop_answer_timer()
        super().connection_lost(exc)

    # ---- what comes --------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._untold += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._untold > MAX_HEAD_BYTES:
            self.send_400_response("The head of the request is too long.")
        elif self._in_body:
            self._start_body_timer()
        elif self._untold:
            self._start_head_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        """RFC 9110 section 6.5.1: a trailer is no header, unless it is defined to be one."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._untold, self._in_body = 0, True
        self._stop_head_timer()
        if len(self.pipeline) < MOST_AHEAD:
            super().on_headers_complete()
        else:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        self._untold = 0
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._untold, self._in_body = 0, False
        self._stop_body_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.pipeline:  # what waits already is enough to go on with
            self.flow.pause_reading()

    @property
    def _answers(self) -> bool:
        """Whether an answer is being made."""
        return bool(self.cycle) and not self.cycle.response_complete

    def _start_head_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._end_head)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_head(self) -> None:
        """Not while an answer is being made: the caller may well wait for it."""
        self._head_timer = None
        if self._answers:
            self._start_head_timer()
        else:
            self.transport.close()

    def _start_body_timer(self) -> None:
        if self._body_timer is None:
            self._received = 0
            self._body_timer = self.loop.call_later(PACE_SECONDS, self._look_at_body)

    def _stop_body_timer(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _look_at_body(self) -> None:
        """Whether it keeps coming. What has its answer already need not be listened to any more."""
        self._body_timer = None
        if self.flow.read_paused or (
            self._received >= LEAST_PACE * PACE_SECONDS and not self.cycle.response_complete
        ):
            self._start_body_timer()
            return
        if not self.cycle.response_started and not self.pipeline:
            self.transport.write(_TOO_SLOW)
        self.transport.close()

    # ---- what goes ---------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_answer_timer()

    def resume_writing(self) -> None:
        self._stop_answer_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """An answer that nobody has fetched by now is not waited for."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _start_answer_timer(self) -> None:
        if self._answer_timer is None:
            self._unsent = self.transport.get_write_buffer_size()
            self._answer_timer = self.loop.call_later(PACE_SECONDS, self._look_at_answer)

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _look_at_answer(self) -> None:
        self._answer_timer = None
        gone = self._unsent - self.transport.get_write_buffer_size()
        if gone < LEAST_PACE * PACE_SECONDS:
            self.transport.abort()
        else:
            self._start_answer_timer()
