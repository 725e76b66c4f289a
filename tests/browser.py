"""Chromium without a window, asked over its DevTools protocol through two pipes.

python tests/browser.py PAGE.html PICTURE.png [WIDTH [dark]]    takes a picture
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
READS, WRITES = 3, 4
"""Where Chromium expects its pipes."""
ABOVE = 10
PATIENCE = 90
"""Seconds."""
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40}


def find_browser():
    """Return the path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One process and one page in it.

    Parameters
    ----------
    *flags : str
        For Chromium.

    Attributes
    ----------
    errors : list of str
        What the page wrote to the console as errors, threw, or was refused.
    requests : list of str
        Addresses that were asked for.
    """

    def __init__(self, *flags):
        self.errors, self.requests, self._last, self._unread = [], [], 0, b""
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self._write = _pipe()
        self._read, to_write = _pipe()

        def place_pipes():
            os.dup2(to_read, READS)
            os.dup2(to_write, WRITES)

        self._process = subprocess.Popen(
            [
                find_browser(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                f"--user-data-dir={self._folder.name}",
                "--remote-debugging-pipe",
                *flags,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=place_pipes,
        )
        os.close(to_read)
        os.close(to_write)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        """Call a method of the protocol on the page and return its result."""
        return self._ask(method, session=self._session, **parameters)

    def open(self, path, width=1200, height=900, dark=False):
        """Load a file, or an address, in a window of some size, and wait for it."""
        self.errors.clear()
        self.requests.clear()
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded = False
        is_address = str(path).startswith("http://")
        url = path if is_address else Path(path).absolute().as_uri()
        self.ask("Page.navigate", url=url)
        while not self._loaded:
            self._receive()

    def resize(self, width, height=900):
        """Give the window another size; a phone's is a phone's."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    def evaluate(self, script):
        """Return what an expression of JavaScript is, as json can hold it."""
        found = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def press(self, *keys):
        """Press keys one after the other, as a person does."""
        for key in keys:
            facts = {"key": key, "windowsVirtualKeyCode": KEYS[key]}
            typed = {"Enter": "\r", " ": " "}.get(key)
            down = {"text": typed} if typed else {}
            self.ask("Input.dispatchKeyEvent", type="keyDown", **facts, **down)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **facts)

    def picture(self, whole=False):
        """Return the png of what the window shows, or of the whole page."""
        found = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def pdf(self):
        """Return the page as it prints."""
        found = self.ask("Page.printToPDF", printBackground=True)
        return base64.b64decode(found["data"])

    def close(self):
        """End the process."""
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        self._folder.cleanup()

    def _ask(self, method, session=None, **parameters):
        self._last += 1
        number = self._last
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self._write, text) :]
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def _receive(self):
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._read], [], [], PATIENCE)
            assert ready, "Chromium is silent"
            piece = os.read(self._read, 1 << 20)
            assert piece, "Chromium ended"
            self._unread += piece
        text, _, self._unread = self._unread.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method, told):
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(told["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] == "error":
            self.errors.append(json.dumps(told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])


def _pipe():
    """Return a pipe whose ends are out of the way of Chromium's numbers."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD, ABOVE) for end in ends]
    for end, new in zip(ends, moved):
        os.close(end)
        os.set_inheritable(new, False)
    return moved


if __name__ == "__main__":
    browser = Browser()
    browser.open(
        sys.argv[1],
        width=int((sys.argv[3:] or [1200])[0]),
        dark="dark" in sys.argv,
    )
    Path(sys.argv[2]).write_bytes(browser.picture(whole="whole" in sys.argv))
    print(browser.errors)
    browser.close()
