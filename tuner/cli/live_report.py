"""The report of a search that runs, as a page that follows it: a read-only server on this machine's own address."""

import json
import secrets
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ADDRESS = "127.0.0.1"
_SECONDS_BETWEEN_LOOKS = 2.0
"""However many pages are open, the run is looked at so often; one on object storage is fetched to be looked at."""


class LiveReport:
    """What the pages of one server are made of: its version, and the page of that version, made once.

    Attributes:
        token: the first part of every path, which nobody knows who was not told.
    """

    def __init__(self, look: Callable[[], tuple[str, bool]], page: Callable[[str], str]) -> None:
        """Takes what the run is asked.

        Args:
            look: gives a version, another one whenever the run has changed, and whether the search is over.
            page: the document of a version.
        """
        self.token = secrets.token_urlsafe(16)
        self._look = look
        self._page = page
        self._lock = threading.Lock()
        self._looked: tuple[float, tuple[str, bool]] | None = None
        self._made: tuple[str, bytes] | None = None

    def version(self) -> bytes:
        """``{"version": ..., "over": ...}``."""
        with self._lock:
            version, over = self._state()
        return json.dumps({"version": version, "over": over}).encode()

    def page(self) -> bytes:
        """The document."""
        with self._lock:
            version, _ = self._state()
            if self._made is None or self._made[0] != version:
                self._made = (version, self._page(version).encode())
            return self._made[1]

    def _state(self) -> tuple[str, bool]:
        if self._looked is None or time.monotonic() - self._looked[0] > _SECONDS_BETWEEN_LOOKS:
            self._looked = (time.monotonic(), self._look())
        return self._looked[1]


def server_of(report: LiveReport, port: int) -> ThreadingHTTPServer:
    """A server of the report on a port of this machine, 0 for a free one. It answers once ``serve_forever`` is called.

    Raises:
        OSError: where the port is taken.
    """
    answers = {
        f"/{report.token}/": ("text/html; charset=utf-8", report.page),
        f"/{report.token}/page": ("text/html; charset=utf-8", report.page),
        f"/{report.token}/version": ("application/json", report.version),
    }

    hosts: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        """Answers GET of three paths, from pages of its own address alone."""

        def do_GET(self) -> None:
            """Gives what there is, or 404."""
            known = answers.get(self.path)
            # A page of another name that was made to mean this address (DNS rebinding) does not get past this.
            if known is None or self.headers.get("Host") not in hosts:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            kind, content = known
            body = content()
            self.send_response(HTTPStatus.OK)
            for name, value in (
                ("Content-Type", kind),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: pages ask every few seconds."""

    server = ThreadingHTTPServer((ADDRESS, port), Handler)
    hosts.update(f"{name}:{server.server_port}" for name in (ADDRESS, "localhost"))
    return server
