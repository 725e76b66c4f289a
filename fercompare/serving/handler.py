"""One connection to the page's server: what is asked, and what is answered."""

import http.server
import json
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import parse_qs

from fercompare import __version__
from fercompare.errors import DataError, printable
from fercompare.serving.guard import Refusal, check_length, check_sender

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser lets the page do: talk to its own server, and load nothing else."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
MEGABYTE = 2**20
IDLE_SECONDS, BODY_SECONDS, QUEUE_SECONDS = 15, 30, 120
LINGER_SECONDS = 1


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = f"fercompare/{__version__}"
    sys_version = ""
    timeout = IDLE_SECONDS

    def do_GET(self):
        """Answer with the page, a part of it, or what is known of the models."""
        path, _ = self._asked()
        if refusal := check_sender(self.headers, self.server.host):
            self._refuse(refusal)
        elif self.headers.get("Content-Length", "0") != "0":
            self._refuse(Refusal(HTTPStatus.BAD_REQUEST, "GET takes no body"))
        elif path not in self.server.assets:
            self._refuse(_unknown(path))
        else:
            self._answer(HTTPStatus.OK, *self.server.assets[path])

    def do_POST(self):
        """Answer with what the models see in a picture."""
        length, refusal = self._check_picture()
        if refusal:
            self._refuse(refusal)
        elif not self.server.pictures.acquire(timeout=QUEUE_SECONDS):
            busy = "too many pictures at once: send it again in a minute"
            self._refuse(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, busy))
        else:
            try:
                self._look(length)
            finally:
                self.server.pictures.release()

    def handle_expect_100(self):
        """Ask for the picture only if it will be taken."""
        if self.command == "POST":
            _, refusal = self._check_picture()
            if refusal:
                self._refuse(refusal)
                return False
        return super().handle_expect_100()

    def send_error(self, code, message=None, explain=None):
        """Refuse what is no request that this server knows, in json too."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, "only GET and POST are known"
        self._refuse(Refusal(code, message or HTTPStatus(code).phrase))

    def log_message(self, format, *args):
        """Note nothing of who asked what."""

    def _asked(self):
        """Return the path that is asked for, and the options behind it."""
        path, _, options = self.path.partition("?")
        return path, parse_qs(options)

    def _check_picture(self):
        """Return the length of the picture that is being sent, or why it is refused."""
        refusal = check_sender(self.headers, self.server.host)
        path, _ = self._asked()
        if not refusal and path != "/faces":
            refusal = _unknown(path)
        if refusal:
            return None, refusal
        return check_length(self.headers, self.server.most_bytes)

    def _look(self, length):
        content = self._body(length)
        if content is None:
            late = f"the picture did not arrive whole within {BODY_SECONDS} seconds"
            self._refuse(Refusal(HTTPStatus.REQUEST_TIMEOUT, late))
            return
        _, options = self._asked()
        maps = options.get("maps", ["yes"])[-1] != "no"
        try:
            answer = self.server.panel.look(content, maps=maps)
        except DataError as error:
            self._answer_json(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except Exception:
            wrong = "something went wrong, see the terminal of the server"
            self._refuse(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, wrong))
            raise
        else:
            self._answer_json(HTTPStatus.OK, answer)

    def _body(self, length):
        """Return the body of a request, or None where it does not come in time."""
        content, end = bytearray(), time.monotonic() + BODY_SECONDS
        while len(content) < length and time.monotonic() < end:
            try:
                piece = self.rfile.read1(min(length - len(content), MEGABYTE))
            except TimeoutError:
                return None
            if not piece:
                return None
            content += piece
        return bytes(content) if len(content) == length else None

    def _refuse(self, refusal):
        """Answer why nothing is done, and end the connection, whose rest is unread."""
        self.close_connection = True
        self._answer_json(refusal.status, {"error": refusal.message})
        self._linger()

    def _linger(self):
        """Read on for a moment: closing at once would take the answer back."""
        end = time.monotonic() + LINGER_SECONDS
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            while time.monotonic() < end and self.rfile.read1(MEGABYTE):
                pass

    def _answer_json(self, status, value):
        text = json.dumps(value, allow_nan=False)
        self._answer(status, "application/json", text.encode())

    def _answer(self, status, kind, content):
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


def _unknown(path):
    return Refusal(HTTPStatus.NOT_FOUND, f"there is no {printable(path)} here")
