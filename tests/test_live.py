"""Faces followed over time, and `fercompare live` from a film to its files."""

import csv
import io
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from made_films import FPS, moving_face, noisy, numbered, with_faces, write_film
from saved_models import CARD

from fercompare.errors import DataError
from fercompare.faces.base import Face
from fercompare.faces.counts import Watched
from fercompare.faces.films import Film, Frame
from fercompare.faces.live import in_time, watch_all, watch_live
from fercompare.faces.recording import SightingTable
from fercompare.faces.tracking import Tracker, overlaps
from fercompare.faces.watching import UNSURE, Watcher

BLANK = np.zeros((4, 4, 3), np.uint8)


class ToldDetector:
    """Finds the faces that it was told, frame by frame."""

    def __init__(self, *boxes_of_frames):
        self.faces = itertools.chain(
            (
                [Face(tuple(map(float, box)), 0.9) for box in boxes]
                for boxes in boxes_of_frames
            ),
            itertools.repeat([]),
        )

    def detect(self, picture):
        return next(self.faces)


class ToldRecognizer:
    """Sees what it was told, frame by frame."""

    classes = ("a", "b")

    def __init__(self, *shares):
        self.shares = itertools.chain(shares, itertools.repeat(shares[-1]))

    def look(self, picture, faces):
        share = next(self.shares)
        return np.float32([[share, 1 - share]] * len(faces)).reshape(-1, 2)


def square(x, y, side=40):
    return (x, y, x + side, y + side)


def identities(tracker, boxes, seconds):
    return [track.identity for track in tracker.follow(boxes, seconds)]


# ---- who is who


@given(some.permutations(range(5)), some.integers(-10, 10), some.integers(-10, 10))
def test_faces_keep_their_numbers_in_any_order(order, right, down):
    tracker = Tracker()
    boxes = np.array([square(60 * k, 20 * k) for k in range(5)], float)
    assert identities(tracker, boxes, 0.0) == [1, 2, 3, 4, 5]
    moved = np.add(boxes, [right, down, right, down])
    expected = [1 + k for k in order]
    assert identities(tracker, moved[list(order)], 0.04) == expected


@settings(max_examples=50)
@given(
    some.lists(
        some.lists(some.tuples(some.integers(0, 90), some.integers(0, 90)), max_size=4),
        max_size=12,
    )
)
def test_no_two_faces_of_a_frame_have_one_number(frames):
    tracker = Tracker()
    for k, places in enumerate(frames):
        found = identities(tracker, [square(x, y) for x, y in places], k / 25)
        assert len(set(found)) == len(places)
        assert all(1 <= number <= tracker.n_identities for number in found)


@pytest.mark.parametrize("rate", [8, 15, 25, 60])
@pytest.mark.parametrize("hidden", [False, True])
def test_two_faces_that_cross_keep_their_numbers(rate, hidden):
    tracker = Tracker()
    for k in range(2 * rate + 1):
        seconds = k / rate
        right, left = square(120 * seconds, 0), square(240 - 120 * seconds, 6)
        boxes = {1: right, 2: left}
        if hidden and abs(right[0] - left[0]) < 24:  # the one behind is not found
            del boxes[2]
        assert identities(tracker, list(boxes.values()), seconds) == list(boxes)


def test_a_face_is_missed_for_a_moment_only():
    tracker = Tracker(patience=0.5)
    assert identities(tracker, [square(0, 0)], 0.0) == [1]
    assert identities(tracker, [], 0.2) == []
    assert identities(tracker, [square(2, 0)], 0.5) == [1]
    assert identities(tracker, [square(2, 0)], 1.1) == [2]


def test_overlap_of_nothing_is_nothing():
    point = np.array([[3.0, 3, 3, 3]])
    assert overlaps(point, point) == 0
    assert overlaps(np.empty((0, 4)), point).shape == (0, 1)


# ---- over time


@settings(max_examples=25)
@given(some.floats(0.05, 2.0), some.integers(5, 60), some.integers(5, 60))
def test_smoothing_does_not_depend_on_the_frames_a_second(smooth, rate, other):
    def share_after_a_second(rate):
        n = rate + 1
        detector = ToldDetector(*[[square(0, 0)]] * n)
        watcher = Watcher(ToldRecognizer(1.0, 0.0), detector, smooth=smooth)
        seen = [watcher.see(Frame(k, k / rate, BLANK)) for k in range(n)]
        return seen[-1][0].probabilities

    expected = np.exp(-1 / smooth)
    for each in (rate, other):
        found = share_after_a_second(each)
        assert found[0] == pytest.approx(expected, abs=1e-4)
        assert found.sum() == pytest.approx(1, abs=1e-4)


def test_without_smoothing_each_frame_stands_alone():
    watcher = Watcher(
        ToldRecognizer(1.0, 0.0), ToldDetector(*[[square(0, 0)]] * 2), smooth=0
    )
    shares = [watcher.see(Frame(k, k / 25, BLANK))[0].probabilities[0] for k in (0, 1)]
    assert shares == [1, 0]


def test_a_new_face_does_not_inherit_what_another_showed():
    detector = ToldDetector([square(0, 0)], [square(300, 0)])
    watcher = Watcher(ToldRecognizer(1.0, 0.0), detector, smooth=9)
    watcher.see(Frame(0, 0.0, BLANK))
    (seen,) = watcher.see(Frame(1, 0.04, BLANK))
    assert seen.identity == 2
    assert seen.emotion == "b"


def test_below_the_threshold_it_is_unsure():
    recognizer = ToldRecognizer(0.59, 0.61)
    detector = ToldDetector(*[[square(0, 0)]] * 2)
    watcher = Watcher(recognizer, detector, smooth=0, abstain=0.6)
    found = [watcher.see(Frame(k, k / 25, BLANK))[0].emotion for k in (0, 1)]
    assert found == [UNSURE, "a"]


@pytest.mark.parametrize(
    "wrong", [{"smooth": -1}, {"abstain": 1.1}, {"smooth": np.nan}]
)
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(DataError):
        Watcher(ToldRecognizer(1.0), ToldDetector(), **wrong)


def test_a_seen_face_moves_on_as_it_moved():
    detector = ToldDetector(*[[square(10 * k, 0)] for k in range(5)])
    watcher = Watcher(ToldRecognizer(1.0), detector)
    for k in range(5):
        (seen,) = watcher.see(Frame(k, k / 25, BLANK))
    assert seen.at(0.2).face.box == pytest.approx(square(50, 0))


def test_the_table_is_there_row_by_row(tmp_path):
    path = tmp_path / "seen.csv"
    watcher = Watcher(ToldRecognizer(0.75), ToldDetector([square(1, 2)]))
    with SightingTable(path, watcher.classes) as table:
        frame = Frame(7, 0.28, BLANK)
        table.write(frame, watcher.see(frame))
        header, row = csv.reader(path.read_text().splitlines())
    assert header[:7] == ["frame", "time", "identity", "left", "top", "right", "bottom"]
    assert header[7:] == ["score", "emotion", "a", "b"]
    assert row[:7] == ["7", "0.280", "1", "1.0", "2.0", "41.0", "42.0"]
    assert row[7:] == ["0.90000", "a", "0.75000", "0.25000"]


# ---- at the same time


class SlowWatcher(Watcher):
    """Takes its time for each frame."""

    def __init__(self, seconds):
        super().__init__(ToldRecognizer(1.0), ToldDetector(*[[square(0, 0)]] * 999))
        self.seconds = seconds

    def find(self, frame):
        time.sleep(self.seconds)
        return super().find(frame)


def frames(n, rate=100):
    return [Frame(k, k / rate, BLANK) for k in range(n)]


def test_of_a_film_every_frame_is_searched_in_order():
    watched = Watched()
    seen = list(watch_all(frames(40), SlowWatcher(0.001), watched))
    assert [frame.number for frame, _ in seen] == list(range(40))
    assert all(len(sightings) == 1 for _, sightings in seen)
    assert (watched.n_searched, watched.n_faces, watched.n_identities) == (40, 40, 1)


def test_a_slow_search_does_not_hold_the_picture_up():
    watched, searched = Watched(), []

    def note(frame, sightings):
        searched.append(frame.number)

    shown = []
    stream = watch_live(in_time(frames(60)), SlowWatcher(0.1), watched, note)
    for frame, sightings in stream:
        if frame is not None:
            shown.append((frame.number, len(sightings)))
    numbers = [number for number, _ in shown]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 59
    assert len(numbers) > 20
    assert 2 <= len(searched) <= 8
    assert searched == sorted(set(searched))
    assert searched[-1] == 59
    assert watched.n_searched == len(searched)
    assert shown[0][1] == 0
    assert shown[-1][1] == 1


def breaking(n):
    yield from frames(n)
    raise DataError("is damaged", file="a.mp4")


class Broken(Watcher):
    def find(self, frame):
        raise DataError("no memory")


@pytest.mark.parametrize("live", [False, True])
def test_an_error_while_reading_comes_after_what_was_read(live):
    seen = []
    watcher, watched = SlowWatcher(0), Watched()
    with pytest.raises(DataError, match="is damaged"):
        if live:

            def note(frame, _):
                seen.append(frame.number)

            for _ in watch_live(breaking(5), watcher, watched, note):
                pass
        else:
            for frame, _ in watch_all(breaking(5), watcher, watched):
                seen.append(frame.number)
    assert seen[-1] == 4
    assert live or seen == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("live", [False, True])
def test_an_error_while_searching_ends_it(live):
    watcher = Broken(ToldRecognizer(1.0), ToldDetector())
    with pytest.raises(DataError, match="no memory"):
        if live:
            list(watch_live(in_time(frames(50)), watcher, Watched(), print))
        else:
            list(watch_all(frames(50), watcher, Watched()))


@pytest.mark.parametrize("live", [False, True])
def test_stopping_early_leaves_no_thread(live):
    before = threading.active_count()
    watched = Watched()
    endless = (Frame(k, k / 100, BLANK) for k in itertools.count())
    if live:
        stream = watch_live(endless, SlowWatcher(0), watched, lambda *_: None)
    else:
        stream = watch_all(endless, SlowWatcher(0), watched)
    for _ in itertools.islice(stream, 3):
        pass
    stream.close()
    assert threading.active_count() == before


# ---- the command

cv2 = pytest.importorskip("cv2", exc_type=ImportError)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    write_film(folder / "face.mp4", moving_face())
    write_film(folder / "blank.avi", numbered(10, (160, 120)))
    cut = write_film(folder / "cut.avi", [*moving_face(10), *noisy(10, (320, 240))])
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 6 // 10])
    return folder


@pytest.fixture
def retinaface():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("retinaface", exc_type=ImportError)


def count(done, what):
    """Return how many frames a command says it showed or searched."""
    return int(re.search(rf"([\d,]+) {what} \(", done.stderr)[1].replace(",", ""))


def test_a_film_gives_the_same_table_each_time(call, films, tmp_path, retinaface):
    words = ("live", "--source", films / "face.mp4", "--no-window", "--csv")
    done = call(*words, "one.csv")
    assert "processed on this machine only" in done.stderr
    assert "frames: 12 searched" in done.stderr
    assert "12 faces of 1 identities" in done.stderr
    assert done.stdout == "one.csv\n"
    again = call(*words, "-", "--record", "two.avi")
    assert again.stdout == (tmp_path / "one.csv").read_text()
    assert "written: two.avi\n" in again.stderr
    (tmp_path / "two.avi").unlink()
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["one.csv"]
    table = pd.read_csv(tmp_path / "one.csv")
    assert list(table["frame"]) == list(range(12))
    assert np.allclose(table["time"], np.arange(12) / FPS, atol=1e-3)
    assert set(table["identity"]) == {1}
    assert np.allclose(np.diff(table["left"]), 8, atol=3)
    assert np.allclose(table.loc[:, "angry":"neutral"].sum(axis=1), 1, atol=1e-3)


def test_two_faces_that_cross_in_a_film(call, tmp_path, retinaface):
    n = 25
    places = [((10 + 8 * k, 40), (200 - 8 * k, 64)) for k in range(n)]
    pictures = [with_faces(second, first) for first, second in places]
    write_film(tmp_path / "cross.mp4", pictures)
    words = ("live", "--source", "cross.mp4", "--no-window", "--csv", "-")
    done = call(*words)
    table = pd.read_csv(io.StringIO(done.stdout))
    first, second = (table[table["identity"] == number] for number in (1, 2))
    going_right = first if first["left"].iloc[0] < second["left"].iloc[0] else second
    going_left = second if going_right is first else first
    assert set(table["identity"]) == {1, 2}
    assert len(going_right) == n
    assert going_right["left"].iloc[-1] - going_right["left"].iloc[0] > 180
    assert going_left["left"].iloc[-1] - going_left["left"].iloc[0] < -180
    assert 10 <= len(going_left) <= n


def test_a_recording_shows_the_film_with_the_faces_marked(call, films, tmp_path):
    words = ("live", "--source", films / "face.mp4", "--detector", "cascade")
    call(*words, "--no-window", "--record", "out.mkv")
    before, after = (
        list(Film(path)) for path in (films / "face.mp4", tmp_path / "out.mkv")
    )
    assert len(after) == len(before) == 12
    changed = [
        np.abs(a.picture.astype(int) - b.picture).max(axis=2) > 60
        for a, b in zip(after, before)
    ]
    assert all(0.02 < marked.mean() < 0.6 for marked in changed)


def test_a_mirrored_film_is_searched_as_it_is_shown(call, films, retinaface):
    words = ("live", "--source", films / "face.mp4", "--no-window", "--csv", "-")
    plain, mirrored = (
        pd.read_csv(io.StringIO(call(*words, *more).stdout))
        for more in ((), ("--mirror",))
    )
    assert np.allclose(mirrored["left"], 320 - plain["right"], atol=6)


def test_it_stops_after_the_time_and_calls_nothing_sure(call, films, retinaface):
    words = ("live", "--source", films / "face.mp4", "--no-window", "--csv", "-")
    done = call(*words, "--time-limit", "0.2", "--abstain", "1")
    table = pd.read_csv(io.StringIO(done.stdout))
    assert list(table["frame"]) == [0, 1, 2, 3, 4]
    assert set(table["emotion"]) == {UNSURE}


def test_a_film_of_nothing_gives_no_rows(call, films):
    words = ("live", "--source", films / "blank.avi", "--no-window", "--csv", "-")
    done = call(*words)
    assert done.stdout.count("\n") == 1
    assert "frames: 10 searched" in done.stderr
    assert "0 faces of 0 identities" in done.stderr


def test_of_a_broken_film_everything_before_is_kept(call, films, tmp_path, retinaface):
    words = ("live", "--source", films / "cut.avi", "--no-window")
    done = call(*words, "--csv", "seen.csv", "--record", "seen.mp4", status=1)
    assert "cut.avi: ends too early, at frame" in done.stderr
    assert "of 20 frames could be read" in done.stderr
    n_read = count(done, "searched")
    assert 10 < n_read < 20
    assert len(list(Film(tmp_path / "seen.mp4"))) == n_read
    table = pd.read_csv(tmp_path / "seen.csv")
    assert set(range(10)) <= set(table["frame"])


@pytest.mark.parametrize("name", ["hog+svm", "linear svc", "cnn"])
def test_a_model_of_three_classes(call, films, saved, retinaface, name):
    words = ("live", saved(name), "--source", films / "face.mp4")
    done = call(*words, "--no-window", "--csv", "-", "--time-limit", "0.1")
    table = pd.read_csv(io.StringIO(done.stdout))
    assert list(table["frame"]) == [0, 1, 2]
    assert list(table.columns[9:]) == list(CARD["classes"])
    assert set(table["emotion"]) <= {*CARD["classes"], UNSURE}
    assert np.allclose(table.iloc[:, 9:].sum(axis=1), 1, atol=1e-3)


def test_what_cannot_be_is_said_before_anything_is_written(call, films, tmp_path):
    (tmp_path / "no.fer").write_bytes(b"no model")
    film = films / "face.mp4"
    for words, status, message in [
        (("no.fer", "--source", film), 1, "no.fer"),
        (("--source", "nowhere.mp4"), 1, "nowhere.mp4: is no file of a film"),
        (("--source", tmp_path / "no.fer"), 1, "is no film that can be read"),
        (("--source", film, "--detector", "eyes"), 2, "unknown detector 'eyes'"),
        (("--source", film, "--record", "a.gif"), 2, "kind of film"),
        (("--source", film, "--record", "gone/a.mp4"), 1, "--record"),
        (("--source", film, "--csv", "gone/a.csv"), 1, "--csv"),
        (("--source", film, "--abstain", "2"), 2, "--abstain"),
        (("--source", film, "--smooth", "nan"), 2, "'nan' is not a finite"),
        (("--source", film, "--abstain", "nan"), 2, "'nan' is not a finite"),
        (("--source", film, "--time-limit", "nan"), 2, "'nan' is not a finite"),
        (("--source", film, "--time-limit", "inf"), 2, "'inf' is not a finite"),
        (("--source", film, "--record", "x.mkv", "--csv", "./x.mkv"), 2, "one file"),
        (("--source", film, "--record", film), 2, "would replace what is read"),
        (("--source", film, "--csv", film), 2, "would replace what is read"),
    ]:
        done = call("live", *words, "--no-window", status=status)
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.glob("*.*")] == ["no.fer"]


def test_without_a_display_it_says_so_and_writes_a_film(
    call, films, tmp_path, monkeypatch
):
    monkeypatch.delenv("DISPLAY", raising=False)
    if sys.platform != "linux":
        pytest.skip("other systems always have a display")
    done = call("live", "--source", films / "blank.avi")
    assert "writing files instead" in done.stderr
    (written,) = tmp_path.glob("live-*.mp4")
    assert done.stdout == f"{written.name}\n"
    assert len(list(Film(written))) == 10


@pytest.fixture(scope="module")
def display():
    """Start a display that nobody sees, and name it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    pytest.importorskip("tkinter")
    words = ["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as x:
        yield ":" + x.stdout.readline().decode().strip()
        x.terminate()


@pytest.fixture
def press(monkeypatch, display):
    """Return a function that presses keys in the next window."""
    import tkinter

    monkeypatch.setenv("DISPLAY", display)

    def plan(**seconds_of_keys):
        class Pressed(tkinter.Tk):
            def __init__(self):
                super().__init__()
                for key, seconds in seconds_of_keys.items():
                    self.after(round(1000 * seconds), self.press, key)

            def press(self, key):
                self.focus_force()
                self.update_idletasks()
                self.event_generate(f"<Key-{key}>")

        monkeypatch.setattr(tkinter, "Tk", Pressed)

    return plan


def test_a_window_shows_a_film_and_writes_a_still_when_asked(
    call, films, tmp_path, press
):
    press(s=0.3)
    words = ("live", "--source", films / "blank.avi", "--detector", "cascade")
    done = call(*words, "--csv", "seen.csv")
    (still,) = tmp_path.glob("still-*.png")
    assert done.stdout == f"{still.name}\nseen.csv\n"
    assert still.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.suffix for path in tmp_path.glob("*.*")) == [".csv", ".png"]
    assert 2 <= count(done, "shown") <= 10


@pytest.mark.parametrize("key", ["q", "Escape"])
def test_a_key_ends_it_and_the_recording_can_be_played(call, tmp_path, press, key):
    write_film(tmp_path / "long.avi", numbered(250, (160, 120)))
    press(**{key: 0.5})
    words = ("live", "--source", "long.avi", "--detector", "cascade")
    call(*words, "--record", "out.avi")
    assert 1 <= len(list(Film(tmp_path / "out.avi"))) < 200


class FakeCamera:
    """Gives a face, 50 times a second, until it has given so many."""

    n_left, ends_at = 30, None

    def __init__(self, *_):
        self.is_open = FakeCamera.n_left > 0

    def isOpened(self):  # noqa: N802
        return self.is_open

    def read(self):
        if FakeCamera.n_left == 0:
            return False, None
        FakeCamera.n_left -= 1
        if FakeCamera.n_left == FakeCamera.ends_at:
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.02)
        return True, with_faces((60, 60))[..., ::-1].copy()

    def get(self, what):
        return 0.0

    def release(self):
        self.is_open = False


@pytest.fixture
def camera(monkeypatch):
    """Plug in a camera that is gone after half a second."""
    monkeypatch.setattr(FakeCamera, "n_left", 30)
    monkeypatch.setitem(Film.__init__.__kwdefaults__, "patience", 0.3)
    with monkeypatch.context() as patched:
        patched.setattr(cv2, "VideoCapture", FakeCamera)
        yield


WATCH = ("live", "--no-window", "--detector", "cascade", "--csv", "seen.csv")


def test_of_a_camera_that_vanishes_everything_before_is_kept(call, tmp_path, camera):
    done = call(*WATCH, status=1)
    assert "camera 0: gave no more pictures after frame 29, for 0.3 s" in done.stderr
    table = pd.read_csv(tmp_path / "seen.csv")
    assert len(set(table["frame"])) == count(done, "searched") >= 2
    assert table["frame"].is_monotonic_increasing
    assert count(done, "shown") <= 30


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
def test_a_camera_is_watched_until_a_signal(call, tmp_path, camera, monkeypatch):
    monkeypatch.setattr(FakeCamera, "n_left", 10_000)
    monkeypatch.setattr(FakeCamera, "ends_at", 9_980)
    done = call(*WATCH)
    assert "Ctrl-C ends it" in done.stderr
    assert len(pd.read_csv(tmp_path / "seen.csv")) == count(done, "searched") >= 1


def test_a_camera_is_watched_for_some_time(call, tmp_path, camera):
    call(*WATCH, "--time-limit", "0.3")
    assert pd.read_csv(tmp_path / "seen.csv")["time"].max() < 0.3
