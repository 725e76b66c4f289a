"""The local page: every picture answered, no other site, nothing written."""

import base64
import http.client
import io
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import combinations

import numpy as np
import pytest
from browser import Browser, find_browser
from commands import run_command
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from saved_models import CARD, SHAPE, drawn, fitted
from scipy.spatial.distance import jensenshannon
from skimage.data import astronaut
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from fercompare import load_model, read_card, save_model
from fercompare.decoding import decode_bytes
from fercompare.drawing import encode
from fercompare.faces.align import align
from fercompare.faces.base import Face
from fercompare.faces.detectors import make_detector
from fercompare.faces.looking import looked_at
from fercompare.faces.recognition import Recognizer
from fercompare.features import Pixels
from fercompare.serving import handler
from fercompare.serving.agreement import agreement
from fercompare.serving.guard import check_sender
from fercompare.serving.panel import Panel
from fercompare.serving.server import Server

HOSTILE = "<img src=x onerror=alert(1)>"


class Bright:
    """Finds what is bright on a dark ground: one face, or none."""

    name = "bright"

    def detect(self, picture):
        bright = picture.max(axis=2) > 60 if picture.ndim == 3 else picture > 60
        if not bright.any():
            return []
        rows, columns = (np.flatnonzero(bright.any(axis=axis)) for axis in (1, 0))
        box = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        return [Face(tuple(map(float, box)), 0.75)]


class Watched(Panel):
    """Knows how many pictures it was sent, and how many at most at once."""

    sent = now = most = 0

    def look(self, content, maps=True):
        self.sent, self.now = self.sent + 1, self.now + 1
        self.most = max(self.most, self.now)
        try:
            return super().look(content, maps)
        finally:
            self.now -= 1


@contextmanager
def serving(recognizers, **options):
    server = Server(Watched(recognizers, Bright()), port=0, **options)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the files of two models that know other classes of other pictures."""
    folder = tmp_path_factory.mktemp("models")
    paths = [folder / "cnn.fer", folder / f"{HOSTILE}.fer"]
    save_model(fitted("cnn"), paths[0], card=CARD)
    other = {"classes": ("sad", "happy", "calm"), "image_shape": (6, 8, 3)}
    save_model(fitted("colour"), paths[1], card=other)
    return paths


@pytest.fixture(scope="module")
def server(files):
    with serving([Recognizer(path) for path in files]) as started:
        yield started


def pictures(n, side=24):
    """Return n pictures of noise that differ in the place of what is bright."""
    rng = np.random.default_rng(0)
    for k in range(n):
        picture = np.zeros((90, 160, 3), np.uint8)
        top, left = k % 9 * 7, k * 2
        bright = rng.integers(80, 256, (side, side, 3), dtype=np.uint8)
        picture[top : top + side, left : left + side] = bright
        yield picture


def request(server, method="POST", path="/faces", body=b"", **headers):
    """Return the status, the headers and the body of an answer."""
    return connected(server.server_port, method, path, body, **headers)


def connected(port, method, path, body=b"", **headers):
    with closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    ) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def ask(server, picture, **headers):
    content = picture if isinstance(picture, bytes) else encode(picture)
    status, _, body = request(server, body=content, **headers)
    return status, json.loads(body)


def without_time(answer):
    status, facts = answer
    assert facts.pop("milliseconds") > 0
    return status, facts


def test_fifty_pictures_at_once_are_all_answered_and_none_is_mixed_up(server):
    sent = [encode(picture) for picture in pictures(50)]
    alone = [without_time(ask(server, content)) for content in sent]
    assert len({json.dumps(answer) for answer in alone}) == 50
    ready = threading.Barrier(50)

    def ask_together(content):
        ready.wait()
        return without_time(ask(server, content))

    server.panel.most = 0
    with ThreadPoolExecutor(50) as threads:
        assert list(threads.map(ask_together, sent)) == alone
    assert 1 < server.panel.most <= 8


def test_the_answer_is_what_each_model_says_of_the_aligned_face(server, files):
    (picture,) = pictures(1)
    status, answer = ask(server, picture)
    assert status == 200
    assert (answer["width"], answer["height"]) == (160, 90)
    (face,) = answer["faces"]
    assert (face["box"], face["score"]) == ([0, 0, 24, 24], 0.75)
    assert [one["model"] for one in face["answers"]] == ["cnn", HOSTILE]
    for path, one in zip(files, face["answers"]):
        model, card = load_model(path), read_card(path)
        crop = align(picture, Bright().detect(picture)[0], card.image_shape)
        row = crop.reshape(1, -1)
        proba = model.predict_proba(row)[0]
        assert list(one["probabilities"]) == list(card.classes)
        np.testing.assert_allclose(
            list(one["probabilities"].values()), proba, atol=1e-4
        )
        assert one["emotion"] == card.classes[proba.argmax()]
        kind, _, coded = one["crop"].partition(",")
        assert kind == "data:image/png;base64"
        np.testing.assert_array_equal(decode_bytes(base64.b64decode(coded)), crop)
        seen = looked_at(model, row, card.image_shape)[0]
        np.testing.assert_allclose(one["map"], seen, atol=1e-3 * np.abs(seen).max())
    expected = agreement([one["probabilities"] for one in face["answers"]])
    assert face["agree"] == expected["agree"]
    assert face["divergence"] == pytest.approx(expected["divergence"], abs=2e-3)
    _, quick = request(server, path="/faces?maps=no", body=encode(picture))[::2]
    assert [one["map"] for one in json.loads(quick)["faces"][0]["answers"]] == [
        None
    ] * 2


def test_names_as_labels_and_decisions_without_probabilities_are_answered(tmp_path):
    X, y = drawn()
    named = make_pipeline(Pixels(), SVC()).fit(X, np.array(CARD["classes"])[y])
    save_model(named, tmp_path / "named.fer", card=CARD)
    save_model(fitted("svc"), tmp_path / "svc.fer", card=CARD)
    again = [Recognizer(tmp_path / f"{name}.fer") for name in ("named", "svc", "svc")]
    panel = Panel(again, Bright())
    names = [one["name"] for one in panel.describe()["models"]]
    assert names == ["named", "svc", "svc (2)"]
    (picture,) = pictures(1)
    (face,) = panel.look(encode(picture))["faces"]
    for one in face["answers"]:
        assert sorted(one["probabilities"].values()) == [0, 0, 1]
        assert one["probabilities"][one["emotion"]] == 1
        assert np.shape(one["map"]) == SHAPE


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/models"])
def test_what_is_served_may_not_be_framed_sniffed_kept_or_load_anything(server, path):
    status, headers, body = request(server, "GET", path)
    assert status == 200
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    text = body.decode()
    assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}
    assert not re.search(r"\son\w+=\"|<script>|style=", text)


def test_the_notice_and_the_models_are_on_the_page(server, files):
    assert b"AI Act" in request(server, "GET", "/")[2]
    facts = json.loads(request(server, "GET", "/models")[2])
    assert [one["name"] for one in facts["models"]] == ["cnn", HOSTILE]
    assert facts["models"][1]["classes"] == ["sad", "happy", "calm"]
    assert [one["way"] for one in facts["models"]] == ["activations"] * 2


@pytest.mark.parametrize(
    "path",
    ["/faces", "/../setup.cfg", "/page/page.css", "//etc/passwd", "/%2e%2e/", "/["],
)
def test_there_is_nothing_else_to_get(server, path):
    status, _, body = request(server, "GET", path)
    assert status == 404
    assert "there is no" in json.loads(body)["error"]
    assert request(server, "POST", "/models", b"x")[0] == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_are_refused(server, method):
    status, _, body = request(server, method, "/faces", b"x")
    assert status == 405
    assert json.loads(body) == {"error": "only GET and POST are known"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "example.org"},
        {"Host": "127.0.0.1.example.org:8000"},
        {"Host": "192.168.0.7:8000"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
    ids=str,
)
def test_other_sites_are_refused_before_the_picture_is_looked_at(server, headers):
    sent = server.panel.sent
    for method, path in (("POST", "/faces"), ("GET", "/models"), ("GET", "/")):
        status, _, body = request(server, method, path, **headers)
        assert status == 403
        assert "server" in json.loads(body)["error"]
    assert server.panel.sent == sent


def test_the_own_page_is_answered_by_any_name_of_this_machine(server):
    (picture,) = pictures(1)
    for name in ("127.0.0.1", "localhost", "[::1]"):
        host = f"{name}:{server.server_port}"
        own = {
            "Host": host,
            "Origin": f"http://{host}",
            "Sec_Fetch_Site": "same-origin",
        }
        assert ask(server, picture, **own)[0] == 200


@pytest.mark.parametrize(
    ("own_host", "host", "is_answered"),
    [
        ("127.0.0.1", "127.0.0.1:9000", True),
        ("127.0.0.1", "192.168.0.7:8000", False),
        ("0.0.0.0", "192.168.0.7:8000", True),
        ("0.0.0.0", "[fe80::1]:8000", True),
        ("0.0.0.0", "localhost:8000", True),
        ("0.0.0.0", "example.org", False),
        ("camera.lan", "Camera.LAN:8000", True),
        ("camera.lan", "other.lan:8000", False),
    ],
)
def test_a_server_in_the_network_answers_to_addresses_and_its_own_name(
    own_host, host, is_answered
):
    assert (check_sender({"Host": host}, own_host) is None) == is_answered
    elsewhere = {"Host": host, "Origin": "http://example.org"}
    assert check_sender(elsewhere, own_host).status == 403


def gif():
    stream = io.BytesIO()
    frames = [Image.new("L", (8, 8), shade) for shade in (0, 200)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    return stream.getvalue()


def hundred_megapixels():
    stream = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: b"GET / HTTP/1.1\r\n\r\n", "cannot be decoded as an image"),
        (lambda: encode(next(pictures(1)))[:-900], "cannot be decoded as an image"),
        (gif, "holds 2 frames"),
        (hundred_megapixels, "100,000,000, more than 64,000,000 pixels"),
    ],
    ids=["no picture", "truncated", "animated", "100 megapixels"],
)
def test_bad_pictures_are_answered_with_what_is_wrong(server, make, message):
    status, answer = ask(server, make())
    assert status == 400
    assert message in answer["error"]
    assert answer["error"].startswith("picture")


def test_a_picture_of_nothing_has_no_faces(server):
    status, answer = ask(server, np.zeros((40, 60), np.uint8))
    assert status == 200
    assert answer["faces"] == []


def raw(server, text, more=b""):
    """Return what comes back for the text of a request, whatever it is."""
    with socket.create_connection(("127.0.0.1", server.server_port), 10) as connection:
        head = text.replace("HOST", f"Host: 127.0.0.1:{server.server_port}")
        connection.sendall(head.replace("\n", "\r\n").encode() + more)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received.decode()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("Content-Length: 999999999999", 413),
        ("Content-Length: 20971521", 413),
        ("Expect: 100-continue\nContent-Length: 20971521", 413),
        ("Transfer-Encoding: chunked", 411),
        ("Connection: close", 411),
        ("Content-Length: -5", 400),
        ("Content-Length: 0", 400),
        ("Content-Length: 5\nContent-Length: 6", 400),
        (f"Content-Length: {'9' * 40}", 400),
    ],
)
def test_a_body_that_is_too_large_or_has_no_size_is_refused_unread(
    server, lines, status
):
    answer = raw(server, f"POST /faces HTTP/1.1\nHOST\n{lines}\n\n")
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "100 Continue" not in answer
    assert "\r\nConnection: close\r\n" in answer
    assert json.loads(answer.partition("\r\n\r\n")[2])["error"]


def test_requests_that_are_none_are_refused_in_json(server):
    for text in ("NONSENSE\n\n", "GET / HTTP/9.9\nHOST\n\n", "GET / HTTP/1.1\n\n"):
        answer = raw(server, text)
        assert '{"error": "' in answer
    too_long = raw(server, f"GET /{'a' * 70_000} HTTP/1.1\nHOST\n\n")
    assert "414" in too_long


def test_a_picture_that_does_not_arrive_is_given_up(server, monkeypatch):
    monkeypatch.setattr(handler, "BODY_SECONDS", 0.2)
    head = "POST /faces HTTP/1.1\nHOST\nContent-Length: 1000\n\n"
    with socket.create_connection(("127.0.0.1", server.server_port), 10) as slow:
        lines = head.replace("HOST", "Host: localhost").replace("\n", "\r\n")
        slow.sendall(lines.encode() + b"x")
        for _ in range(6):
            time.sleep(0.1)
            slow.sendall(b"x")
        assert b"408" in slow.recv(65536)
    with socket.create_connection(("127.0.0.1", server.server_port), 10) as gone:
        gone.sendall(lines.encode() + b"x")
    assert ask(server, next(pictures(1)))[0] == 200


WRITTEN = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def _note_writes(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
        WRITTEN.append(arguments[0])


def test_nothing_is_written_whatever_is_sent(server):
    sys.addaudithook(_note_writes)
    WRITTEN.clear()
    for content in (next(pictures(1)), b"nonsense", gif()):
        ask(server, content)
    request(server, "POST", "/faces?out=/tmp/x&maps=/etc/passwd", b"x")
    assert WRITTEN == []
    with open(os.devnull, "w"):
        assert [os.devnull] == WRITTEN


def test_errors_of_our_own_are_told_apart_from_bad_pictures(files, capsys, monkeypatch):
    with serving([Recognizer(files[0])]) as server:
        monkeypatch.setattr(server.panel, "look", lambda *_, **__: 1 / 0)
        status, answer = ask(server, next(pictures(1)))
    assert status == 500
    assert "see the terminal" in answer["error"]
    assert "ZeroDivisionError" in capsys.readouterr().err


SHARES = st.dictionaries(
    st.sampled_from("abcd"),
    st.integers(0, 100).map(lambda points: points / 100),
    min_size=1,
    max_size=4,
)


@given(st.lists(SHARES, min_size=2, max_size=4))
def test_the_divergence_is_that_of_jensen_and_shannon_over_what_two_know(answers):
    found = agreement(answers)
    assert agreement(answers[::-1]) == found
    assert agreement([answers[0], answers[0]])["divergence"] in (0, None)
    expected = []
    for one, other in combinations(answers, 2):
        shared = [
            [answer[name] for name in one if name in other] for answer in (one, other)
        ]
        if min(map(sum, shared)) > 0 and len(shared[0]) > 1:
            expected.append(jensenshannon(*shared, base=2) ** 2)
    if found["divergence"] is None:
        assert expected == []
    else:
        assert found["divergence"] == pytest.approx(np.mean(expected), abs=1e-3)


def test_only_models_that_know_the_same_classes_can_disagree():
    happy, sad = {"happy": 0.9, "sad": 0.1}, {"happy": 0.2, "sad": 0.8}
    valence = {"positive": 0.8, "negative": 0.2}
    assert agreement([happy])["agree"] is None
    assert agreement([happy, valence])["agree"] is None
    assert agreement([happy, valence, happy]) == {"agree": True, "divergence": 0.0}
    assert agreement([happy, valence, sad])["agree"] is False


def test_wrong_use_and_what_cannot_start_say_what_to_do(tmp_path, server, files):
    (tmp_path / "broken.fer").write_bytes(files[0].read_bytes()[:2000])

    def serve(*words):
        return run_command(["serve", "--detector", "cascade", *words], tmp_path)

    open_to_all = serve("--host", "0.0.0.0")
    assert open_to_all.status == 2
    assert "--allow-network" in open_to_all.stderr
    assert serve("--most-bytes", "99M").status == 2
    assert serve("--detector", "none").status == 2
    broken = serve("broken.fer")
    assert broken.status == 1
    assert "broken.fer" in broken.stderr
    taken = serve(files[0], "--port", server.server_port)
    assert taken.status == 1
    assert f"port {server.server_port} of 127.0.0.1" in taken.stderr
    assert "choose another --port" in taken.stderr


def test_the_command_says_who_is_let_in_and_opens_the_page(
    files, tmp_path, monkeypatch
):
    opened = []

    def interrupted(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "serve_forever", interrupted)
    monkeypatch.setattr("click.launch", opened.append)
    words = ["serve", *files, "--port", "0", "--detector", "cascade", "--open"]
    done = run_command(words, tmp_path)
    assert done.status in (0, None)
    assert done.stdout == f"{opened[0]}\n"
    assert "everyone" not in done.stderr
    shared = [*words, "--host", "0.0.0.0", "--allow-network"]
    assert "warning: everyone" in run_command(shared, tmp_path).stderr
    assert run_command([*words, "--host", "no such host"], tmp_path).status == 2
    nowhere = [*words, "--host", "a..b", "--allow-network"]
    assert "cannot listen at port 0 of a..b" in run_command(nowhere, tmp_path).stderr


def test_the_network_of_the_package_sees_a_smile(monkeypatch):
    panel = Panel([Recognizer()], make_detector("cascade"))
    answer = panel.look(encode(astronaut()))
    (face,) = answer["faces"]
    (one,) = face["answers"]
    assert (one["emotion"], face["agree"]) == ("happy", None)
    left, top, right, bottom = face["box"]
    assert left < 225 < right
    assert top < 110 < bottom


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_ctrl_c_ends_the_command_and_nothing_is_left(files, tmp_path, free_port):
    answers = []

    def ask_and_interrupt():
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", free_port), 10).close()
            except OSError:
                time.sleep(0.05)
            else:
                answers.append(connected(free_port, "GET", "/models"))
                os.kill(os.getpid(), signal.SIGINT)
                return

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        other = threading.Thread(target=ask_and_interrupt)
        other.start()
        words = ["serve", files[0], "--port", free_port, "--detector", "cascade"]
        done = run_command(words, tmp_path)
        other.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.status in (0, None)
    assert answers[0][0] == 200
    assert done.stdout == f"http://127.0.0.1:{free_port}/\n"
    assert "AI Act" in done.stderr
    assert done.stderr.endswith("ended\n")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        connected(free_port, "GET", "/models")


def write_film(path, shape=(240, 320)):
    """Write a film in which a bright square goes to the right."""
    height, width = shape
    with open(path, "wb") as stream:
        stream.write(f"YUV4MPEG2 W{width} H{height} F20:1 Ip A1:1 C420jpeg\n".encode())
        for k in range(20):
            grey = np.full(shape, 16, np.uint8)
            grey[60:160, 20 + 8 * k : 120 + 8 * k] = 220
            colors = np.full(height * width // 2, 128, np.uint8)
            stream.write(b"FRAME\n" + grey.tobytes() + colors.tobytes())


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if find_browser() is None:
        pytest.skip("there is no Chromium on this machine")
    film = tmp_path_factory.mktemp("film") / "camera.y4m"
    write_film(film)
    started = Browser(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    yield started
    started.close()


@pytest.fixture
def page(browser, server):
    """The page as a person has opened it."""
    browser.open(server.address)
    yield browser
    assert browser.errors == []
    for address in browser.requests:
        assert address.startswith((server.address, "data:", "blob:"))


def wait(page, script):
    """Wait until an expression of the page is true, and return it."""
    for _ in range(200):
        if found := page.evaluate(script):
            return found
        time.sleep(0.05)
    raise AssertionError((script, page.evaluate("document.body.innerText")))


def choose(page, path):
    document = page.ask("DOM.getDocument")["root"]["nodeId"]
    node = page.ask("DOM.querySelector", nodeId=document, selector="#file")["nodeId"]
    page.ask("DOM.setFileInputFiles", nodeId=node, files=[str(path)])


def text(page, selector):
    return page.evaluate(f"document.querySelector('{selector}')?.innerText")


def test_a_chosen_picture_is_answered_by_every_model_on_the_page(
    page, server, tmp_path
):
    (picture,) = pictures(1)
    (tmp_path / "face.png").write_bytes(encode(picture))
    _, answer = ask(server, picture)
    choose(page, tmp_path / "face.png")
    wait(page, "document.querySelectorAll('.answer').length == 2")
    for k, one in enumerate(answer["faces"][0]["answers"]):
        part = f".answer:nth-child({k + 1})"
        assert text(page, f"{part} h4") == one["model"]
        assert text(page, f"{part} .choice").split("\n")[0] == one["emotion"]
        lines = page.evaluate(
            f"[...document.querySelectorAll('{part} li')].map((li) => li.innerText)"
        )
        assert len(lines) == 3
        for line, share in zip(lines, one["probabilities"].values()):
            points = float(re.search(r"([\d.]+) %", line)[1])
            assert points == pytest.approx(100 * share, abs=0.51)
    apart = answer["faces"][0]["agree"] is False
    assert ("disagree" in text(page, ".verdict")) == apart
    assert text(page, "#measure").startswith("160 × 90 pixels")
    assert page.evaluate("document.querySelectorAll('#boxes text').length") == 1
    assert page.evaluate("document.querySelector('.answer canvas').width") == 208


def colored(page):
    """Return how many pixels of the first crop are no grey."""
    return page.evaluate(
        """(() => {
            const canvas = document.querySelector(".answer canvas");
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            let n = 0;
            for (let k = 0; k < data.length; k += 4) {
                n += Math.abs(data[k] - data[k + 2]) > 3;
            }
            return n;
        })()"""
    )


def test_where_a_model_looked_is_laid_over_the_face_and_can_be_taken_off(
    page, tmp_path
):
    (tmp_path / "face.png").write_bytes(encode(next(pictures(1))))
    choose(page, tmp_path / "face.png")
    wait(page, "document.querySelectorAll('.answer').length == 2")
    time.sleep(0.2)
    assert colored(page) > 0
    page.evaluate("document.getElementById('looked').click()")
    time.sleep(0.2)
    assert colored(page) == 0
    assert "orange speaks for it" in page.evaluate(
        "document.querySelector('.scale').getAttribute('aria-label')"
    )


def test_a_dropped_picture_is_answered_and_a_bad_one_says_why(page, tmp_path):
    coded = base64.b64encode(encode(next(pictures(1)))).decode()
    page.evaluate(
        f"""(() => {{
            const bytes = Uint8Array.from(atob("{coded}"), (c) => c.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], "a.png", {{ type: "image/png" }}));
            document.dispatchEvent(new DragEvent("drop", {{ dataTransfer }}));
        }})()"""
    )
    assert wait(page, "document.querySelectorAll('.face').length") == 1
    (tmp_path / "blank.png").write_bytes(encode(np.zeros((50, 50), np.uint8)))
    choose(page, tmp_path / "blank.png")
    wait(page, "document.getElementById('status').textContent == 'No face was found.'")
    assert "No face was found" in text(page, "#none")
    page.evaluate("known.most_bytes = 3")
    choose(page, tmp_path / "blank.png")
    wait(page, "!document.getElementById('problem').hidden")
    assert "save it smaller" in text(page, "#problem")
    assert page.evaluate("document.querySelectorAll('.face').length") == 0


def test_the_camera_is_answered_one_picture_at_a_time(page, server):
    server.panel.most = 0
    page.evaluate("document.getElementById('camera').click()")
    wait(page, "/, ([5-9]|\\d\\d+) so far/.test(document.body.innerText)")
    assert server.panel.most == 1
    assert "answers a second" in text(page, "#measure")
    assert page.evaluate("document.querySelectorAll('.face').length") == 1
    assert text(page, "#camera") == "Stop the camera"
    page.evaluate("document.getElementById('camera').click()")
    wait(page, "document.getElementById('status').textContent == 'The camera is off.'")
    time.sleep(0.2)
    sent = server.panel.sent
    time.sleep(0.3)
    assert server.panel.sent == sent


def test_a_camera_that_goes_away_says_so_and_the_last_answers_stay(page):
    page.evaluate("document.getElementById('camera').click()")
    wait(page, "document.querySelectorAll('.face').length")
    page.evaluate("stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    wait(page, "/has gone away/.test(document.getElementById('status').textContent)")
    assert page.evaluate("document.querySelectorAll('.face').length") == 1


def test_the_page_is_for_keyboards_and_phones_too(page, server, tmp_path):
    page.resize(360, 800)
    (tmp_path / "face.png").write_bytes(encode(next(pictures(1))))
    choose(page, tmp_path / "face.png")
    wait(page, "document.querySelectorAll('.answer').length == 2")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate("window.scrollTo(0, 0)")
    reached = []
    for _ in range(5):
        page.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || 'skip'"))
    assert reached[:4] == ["skip", "file", "camera", "looked"]
    unnamed = page.evaluate(
        """[...document.querySelectorAll("canvas, section, article, ul, video")]
            .filter((one) => !one.ariaLabel && !one.getAttribute("aria-labelledby")
                && one.className != "answer" && one.tagName != "SECTION").length"""
    )
    assert unnamed == 0
