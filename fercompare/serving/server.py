"""The server of the page: a fixed table of routes, pictures that stay in memory."""

import html
import http.server
import json
import socket
import socketserver
import sys
import threading
from importlib.resources import files

from fercompare.errors import DataError
from fercompare.faces.notice import NOTICE
from fercompare.serving.handler import IDLE_SECONDS, Handler

ASSETS = files("fercompare.serving") / "page"
SCRIPTS = ("base", "pictures", "faces", "camera", "start")
MOST_BYTES = 20 * 2**20
MOST_CONNECTIONS, MOST_PICTURES = 64, 8
"""At once; more wait for their turn."""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Answers the page's requests until it is closed; nothing is ever written.

    Parameters
    ----------
    panel : Panel
    host : str, default="127.0.0.1"
    port : int, default=8000
        0 takes any that is free.
    most_bytes : int, default=20 MiB
        Of a picture's file; a larger one is refused unread.

    Attributes
    ----------
    address : str
        Of the page.

    Raises
    ------
    DataError
        If it cannot listen there.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, panel, host="127.0.0.1", port=8000, *, most_bytes=MOST_BYTES):
        self.panel, self.host, self.most_bytes = panel, host, most_bytes
        self.assets = _assets(panel.describe() | {"most_bytes": most_bytes})
        self.connections = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.pictures = threading.BoundedSemaphore(MOST_PICTURES)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), Handler)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(
                f"cannot listen at port {port} of {host} ({reason})",
                remedy="choose another --port, or 0 for any that is free",
            ) from error

    @property
    def address(self):
        """Where a browser finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.server_port}/"

    def server_bind(self):
        """Take the port, without asking the network for the name of this machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]

    def process_request(self, request, client_address):
        """Answer in a thread of its own; others wait while there are too many."""
        if not self.connections.acquire(timeout=IDLE_SECONDS):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self.connections.release()
            raise

    def process_request_thread(self, request, client_address):
        """Answer, and make room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()

    def handle_error(self, request, client_address):
        """Say what went wrong, unless it is only that somebody has gone away."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _assets(facts):
    """Return what there is to get: path to kind and bytes."""
    script = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    page = _read("page.html").replace("@notice@", html.escape(NOTICE))
    return {
        "/": ("text/html; charset=utf-8", page.encode()),
        "/page.css": ("text/css; charset=utf-8", _read("page.css").encode()),
        "/page.js": ("text/javascript; charset=utf-8", script.encode()),
        "/models": ("application/json", json.dumps(facts).encode()),
    }


def _read(name):
    return (ASSETS / name).read_text(encoding="utf-8")
