"""Films, cameras and streams: whole, broken, turned, gone and hostile."""

import http.server
import io
import itertools
import re
import struct
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from made_films import FPS, noisy, numbered, write_film
from PIL import Image

from fercompare.errors import DataError
from fercompare.faces.films import Film
from fercompare.faces.pace import Pace
from fercompare.faces.recording import FilmWriter

cv2 = pytest.importorskip("cv2", exc_type=ImportError)


def read_until_it_breaks(path, **options):
    """Return the frames that could be read, and the error that ended it."""
    frames = []
    with pytest.raises(DataError) as caught, Film(path, **options) as film:
        frames.extend(film)
    return frames, str(caught.value)


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv"])
def test_a_film_gives_every_frame_in_order_and_time(tmp_path, name):
    path = write_film(tmp_path / name, numbered(30))
    with Film(path) as film:
        assert (film.fps, film.size, film.n_frames) == (FPS, (64, 48), 30)
        assert not film.is_live
        frames = list(film)
    assert [frame.number for frame in frames] == list(range(30))
    assert np.allclose([f.seconds for f in frames], np.arange(30) / FPS, atol=1e-3)
    means = [frame.picture.mean() for frame in frames]
    assert np.allclose(means, [p.mean() for p in numbered(30)], atol=6)


def test_pictures_are_red_green_blue(tmp_path):
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 250
    (first, *_) = Film(write_film(tmp_path / "red.avi", [red] * 3))
    r, g, b = first.picture.reshape(-1, 3).mean(axis=0)
    assert r > 200
    assert max(g, b) < 50


def test_a_film_that_was_turned_is_shown_upright(tmp_path):
    path = write_film(tmp_path / "lying.mp4", numbered(5))
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    turned = (0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1 << 30)
    content[matrix : matrix + 36] = struct.pack(">9i", *turned)
    path.write_bytes(content)
    with Film(path) as film:
        assert film.size == (48, 64)
        assert {frame.picture.shape for frame in film} == {(64, 48, 3)}


def test_a_cut_film_gives_what_is_there_and_then_says_where_it_ends(tmp_path):
    path = write_film(tmp_path / "cut.avi", noisy(30))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames, error = read_until_it_breaks(path)
    assert 10 < len(frames) < 20
    last = frames[-1]
    assert f"cut.avi: ends too early, at frame {last.number}" in error
    assert f"({last.seconds:.2f} s), or is damaged before" in error
    assert f"{len(frames)} of 30 frames could be read" in error


def test_a_gap_that_the_times_of_an_avi_do_not_show_is_not_called_an_end(tmp_path):
    path = write_film(tmp_path / "gap.avi", numbered(50, (320, 240)))
    content = bytearray(path.read_bytes())
    start, length = len(content) // 2, len(content) // 5
    content[start : start + length] = bytes(length)
    path.write_bytes(content)
    frames, error = read_until_it_breaks(path)
    missing = 50 - len(frames)
    last, of_all = frames[-1].picture.mean(), numbered(50)[-1].mean()
    assert missing > 5
    assert last == pytest.approx(of_all, abs=6)
    assert frames[-1].number == len(frames) - 1
    assert "or is damaged before that" in error
    assert "frames after the damage have too early times" in error
    assert f"{len(frames)} of 50 frames could be read" in error


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_film_broken_in_the_middle_gives_what_is_around(tmp_path, name):
    path = write_film(tmp_path / name, noisy(40))
    content = bytearray(path.read_bytes())
    start, length = len(content) // 2, len(content) // 5
    content[start : start + length] = np.random.default_rng(0).bytes(length)
    path.write_bytes(content)
    frames, error = read_until_it_breaks(path)
    assert 20 < len(frames) < 38
    assert re.search(r"is damaged after frame \d+ \(\d\.\d\d s\)", error)
    assert f"{len(frames)} of 40 frames could be read" in error
    assert frames[-1].seconds > 1.4
    assert np.all(np.diff([frame.seconds for frame in frames]) > 0)


def test_a_film_cut_before_its_index_is_refused(tmp_path, capfd):
    path = write_film(tmp_path / "cut.mp4", noisy(10))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"cut\.mp4: is no film that can be read"):
        Film(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"no film at all\n" * 99, bytes(5000)])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "notes.mp4"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"notes\.mp4: is no film"):
        Film(path)


@pytest.mark.parametrize("start", ["#EXTM3U\n", "ffconcat version 1.0\n"])
def test_a_list_of_films_leads_nowhere(tmp_path, start):
    film = write_film(tmp_path / "a.avi", numbered(3))
    path = tmp_path / "list.mp4"
    path.write_text(f"{start}file '{film}'\n{film}\n")
    with pytest.raises(DataError, match="list of films"):
        Film(path)


@pytest.mark.parametrize(
    "source",
    [
        *(True, -1, 1000, 2.5, None, b"0", "nowhere.mp4", ""),
        *("ftp://there/a.mp4", "file:///etc/passwd", "concat:a.mp4|b.mp4"),
        *("http://there/a b", "rtsp://there/\n"),
    ],
)
def test_only_numbers_files_and_addresses_are_sources(source):
    with pytest.raises(DataError):
        Film(source)


def test_a_folder_is_no_film(tmp_path):
    with pytest.raises(DataError, match="is no file of a film"):
        Film(tmp_path)


def test_without_opencv_it_says_what_to_install(tmp_path, monkeypatch):
    path = write_film(tmp_path / "a.avi", numbered(3))
    monkeypatch.setitem(sys.modules, "cv2", None)
    install = r"pip install 'fercompare\[faces\]'"
    with pytest.raises(DataError, match=f"a film or a camera needs OpenCV.*{install}"):
        Film(path)


class FakeCamera:
    """Gives so many pictures each time that it is opened, and then none."""

    def __init__(self, *gives):
        self.gives, self.n_open, self.n_opened = list(gives), 0, 0

    def __call__(self, *_):
        self.left = self.gives.pop(0) if self.gives else None
        self.n_opened += 1
        self.n_open += self.isOpened()
        return self

    def isOpened(self):  # noqa: N802
        return self.left is not None

    def read(self):
        if not self.left:
            return False, None
        self.left -= 1
        return True, np.zeros((48, 64, 3), np.uint8)

    def get(self, what):
        return 0.0

    def release(self):
        self.n_open -= self.isOpened()
        self.left = None


@pytest.fixture
def camera(monkeypatch):
    """Return a function that plugs in a camera."""

    def plug_in(*gives):
        made = FakeCamera(*gives)
        monkeypatch.setattr(cv2, "VideoCapture", made)
        return made

    return plug_in


def test_a_camera_that_comes_back_goes_on(camera):
    made = camera(3, None, 4)
    frames, error = read_until_it_breaks("0", patience=0.5)
    assert [frame.number for frame in frames] == list(range(7))
    assert np.all(np.diff([frame.seconds for frame in frames]) > 0)
    assert "camera 0: gave no more pictures after frame 6" in error
    assert made.n_open == 0


def test_a_camera_that_is_gone_is_asked_for_some_time_only(camera):
    made = camera(2)
    frames, error = read_until_it_breaks(1, patience=0.3)
    assert len(frames) == 2
    assert "camera 1: gave no more pictures after frame 1, for 0.3 s" in error
    assert 2 <= made.n_opened <= 5


def test_a_camera_that_is_not_there_is_refused_at_once(camera):
    camera()
    with pytest.raises(DataError, match="camera 0: gives no picture"):
        Film(0)


def test_a_camera_is_let_go(camera):
    made = camera(100)
    with Film(0) as film:
        for _ in itertools.islice(film, 3):
            assert made.n_open == 1
    assert made.n_open == 0
    assert list(film) == []


def test_a_stream_that_stops_is_asked_again_and_then_given_up():
    picture = io.BytesIO()
    Image.fromarray(noisy(1, (320, 240))[0]).save(picture, "jpeg")
    body = picture.getvalue()
    times_left = [2]

    class Stream(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if times_left[0] == 0:
                self.send_error(503)
                return
            times_left[0] -= 1
            self.send_response(200)
            kind = "multipart/x-mixed-replace; boundary=next"
            self.send_header("Content-Type", kind)
            self.end_headers()
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(body)}"
            part = f"--next\r\n{head}\r\n\r\n".encode() + body + b"\r\n"
            self.wfile.write(part * 6)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/camera.mjpg"
    frames, error = read_until_it_breaks(address, patience=0.5)
    server.shutdown()
    server.server_close()
    assert len(frames) == 12
    assert f"{address}: gave no more pictures after frame 11" in error


@given(
    some.lists(some.floats(0.02, 0.12), min_size=2, max_size=200),
    some.floats(0, 0.02),
)
def test_a_whole_film_of_a_varying_rate_is_not_called_damaged(passed, share):
    times = np.concatenate([[0.0], np.cumsum(passed)])
    n_frames = len(times)
    pace = Pace(fps=n_frames / (times[-1] + passed[-1]))
    shown = [pace.note(at) for at in times]
    assert np.allclose(shown, times)
    assert not pace.misses_some(n_frames)


@given(some.integers(10, 500), some.floats(0.1, 0.9), some.floats(0.35, 0.6))
def test_a_steady_film_with_a_third_missing_is_called_damaged(n, where, share):
    start = max(1, int(where * n))
    stop = start + max(4, int(share * n))
    times = [k / 25 for k in range(n) if not start <= k < stop]
    pace = Pace(fps=25)
    for at in times:
        pace.note(at)
    assert pace.misses_some(n) == (n - len(times) > max(2, 0.02 * n))
    if stop < n:
        assert (
            pace.where()
            == f"is damaged after frame {start - 1} ({times[start - 1]:.2f} s)"
        )


@given(some.lists(some.floats(-1e3, 1e3), min_size=2, max_size=50))
def test_time_never_runs_back(times):
    pace = Pace(fps=25)
    assert np.all(np.diff([pace.note(at) for at in times]) > 0)


@pytest.mark.parametrize("name", ["out.mp4", "out.avi", "out.mkv"])
def test_a_film_that_is_written_lasts_as_long_as_what_it_shows(tmp_path, name):
    path = tmp_path / name
    with FilmWriter(path, fps=20) as writer:
        for seconds in (0.0, 0.05, 0.5, 0.52, 1.0):
            writer.write(np.full((49, 65, 3), int(200 * seconds), np.uint8), seconds)
    with Film(path) as film:
        frames = list(film)
        assert film.size == (64, 48)
    assert len(frames) == 21
    means = np.array([frame.picture.mean() for frame in frames])
    assert np.allclose(means[[0, 1, 5, 12, 20]], [0, 10, 10, 100, 200], atol=8)
    assert [path] == list(tmp_path.iterdir())


def test_what_was_recorded_before_an_error_can_be_played(tmp_path):
    path = tmp_path / "out.mp4"
    with pytest.raises(RuntimeError), FilmWriter(path) as writer:
        for k, picture in enumerate(numbered(8)):
            writer.write(picture, k / FPS)
        raise RuntimeError
    assert len(list(Film(path))) == 8


def test_a_film_of_nothing_is_not_written(tmp_path):
    with FilmWriter(tmp_path / "out.mp4"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_leap_in_time_does_not_fill_the_disk(tmp_path):
    with FilmWriter(tmp_path / "out.avi") as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8), 0)
        writer.write(np.zeros((48, 64, 3), np.uint8), 1e6)
        assert writer.n_frames < 100


def test_after_a_leap_in_time_pictures_keep_their_spacing(tmp_path):
    path, levels = tmp_path / "out.avi", (20, 60, 100, 140, 180)
    with FilmWriter(path, fps=10) as writer:
        for level, seconds in zip(levels, (7.0, 7.5, 60.0, 60.4, 61.0)):
            writer.write(np.full((48, 64, 3), level, np.uint8), seconds)
    means = np.array([frame.picture.mean() for frame in Film(path)])
    starts = [int(np.argmax(np.abs(means - level) < 9)) for level in levels]
    assert starts == [0, 5, 5 + 1 + 20, 5 + 1 + 20 + 4, 5 + 1 + 20 + 10]
    assert len(means) == starts[-1] + 1


def test_other_kinds_of_film_and_lost_folders_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"there are: \.mp4, \.mkv, \.avi"):
        FilmWriter(tmp_path / "out.gif")
    with pytest.raises(DataError, match="cannot be written as a film"):
        FilmWriter(tmp_path / "gone" / "out.mp4").write(numbered(1)[0], 0)
