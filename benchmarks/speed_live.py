"""Frames a second of `fercompare live` beside the package `fer`, on the same film.

    python benchmarks/speed_live.py
    python benchmarks/speed_live.py --peer OTHER_PYTHON

where OTHER_PYTHON is of an environment with fer, which wants TensorFlow:

    python -m venv other && other/bin/pip install tensorflow-cpu
    other/bin/pip install --no-deps fer==25.10.3 'opencv-python-headless<5' \\
        'setuptools<81' tqdm pillow requests pandas

The film is 640 x 480 with one moving face (scikit-image's astronaut). End to end is:
read the film, find the faces, ask the model, draw boxes and emotions, write a film.
Each way runs ``--rounds`` times, one after the other in turns, on ``--cores`` cores;
its models are loaded and asked once before the clock starts.

``every frame``  what ``fercompare live --source FILM --no-window --record OUT`` does:
                 every frame is searched and shown
``live``         what it does with a camera of ``--rate`` frames a second: faces are
                 sought in the newest frame, every frame is drawn
``fer``          its own calls: ``FER().detect_emotions(frame)`` (Haar cascade and
                 mini-Xception) between OpenCV's reader and writer

How the speed was reached
-------------------------
Reading, finding, recognising and drawing are four threads with four frames between
them; what takes long in each (ffmpeg, onnxruntime, torch, Pillow) lets the others run.
Both networks run in one thread each, as there are more threads than cores already.
The points of a face are not looked at a second time; `--detector retinaface` does.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

SIZE, FPS = (640, 480), 25


def main():
    """Print the frames a second of each way: median and range over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", help="The python of an environment with fer.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--rate", type=float, default=60, help="Of the camera.")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[: options.cores]
        os.sched_setaffinity(0, cores)
    if options.only:
        way, film = options.only
        print(json.dumps(WAYS[way](film, options)))
        return
    pythons = {"every frame": sys.executable, "live": sys.executable}
    if options.peer:
        pythons["fer"] = options.peer
    with tempfile.TemporaryDirectory() as folder:
        film = os.path.join(folder, "face.mp4")
        write_film(film, options.frames)
        rounds = {way: [] for way in pythons}
        for _ in range(options.rounds):
            for way, python in pythons.items():
                rounds[way].append(ask(python, way, film, options))
    print(
        f"{options.frames} frames of {SIZE[0]} x {SIZE[1]}, {options.rounds} rounds, "
        f"{options.cores} cores; frames a second: median (range)"
    )
    for way, found in rounds.items():
        told = [f"{key} {spread([one[key] for one in found])}" for key in found[0]]
        print(f"{way:12} {', '.join(told)}")


def ask(python, way, film, options):
    """Run one way in a process of its own, and return what it printed."""
    words = [python, __file__, "--only", way, film, "--rate", str(options.rate)]
    words += ["--cores", str(options.cores)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def spread(numbers):
    """Return median and range as text."""
    low, high = min(numbers), max(numbers)
    return f"{statistics.median(numbers):.1f} ({low:.1f} to {high:.1f})"


def write_film(path, n):
    """Write a film of one face that moves to and fro."""
    from skimage.data import astronaut

    code = cv2.VideoWriter_fourcc(*"mp4v")
    writer = cv2.VideoWriter(path, cv2.CAP_FFMPEG, code, FPS, SIZE)
    for k in range(n):
        scale = 1 + 0.15 * np.sin(k / 40)
        right = 70 + 60 * np.sin(k / 25) - 224 * (scale - 1)
        down = 10 + 20 * np.sin(k / 17)
        place = np.float32([[scale, 0, right], [0, scale, down]])
        picture = astronaut()[..., ::-1]
        writer.write(
            cv2.warpAffine(picture, place, SIZE, borderMode=cv2.BORDER_REPLICATE)
        )
    writer.release()


def start():
    """Return a watcher that has looked once, and counts."""
    from fercompare.faces.counts import Watched
    from fercompare.faces.recognition import Recognizer
    from fercompare.faces.watching import Watcher, make_quick_detector

    watcher = Watcher(Recognizer(), make_quick_detector())
    watcher.warm_up(SIZE)
    return watcher, Watched()


def every_frame(film, options):
    """Search, draw and write every frame in order."""
    from fercompare.evaluation.workers import limited_threads
    from fercompare.faces.films import Film
    from fercompare.faces.live import draw, watch_all
    from fercompare.faces.recording import FilmWriter

    watcher, watched = start()
    started = time.perf_counter()
    with (
        limited_threads(1),
        Film(film) as source,
        FilmWriter(beside(film), source.fps) as writer,
    ):
        for frame, sightings in watch_all(source, watcher, watched):
            picture = draw(frame, sightings, watcher.classes)
            writer.write(picture, frame.seconds)
            watched.note_shown()
    return counted(watched, time.perf_counter() - started)


def live(film, options):
    """Draw and write what a camera gives, searched whenever there is time."""
    from fercompare.evaluation.workers import limited_threads
    from fercompare.faces.films import Film
    from fercompare.faces.live import draw, in_time, watch_live
    from fercompare.faces.recording import FilmWriter

    def camera(source):
        for frame in source:
            yield frame._replace(seconds=frame.number / options.rate)

    watcher, watched = start()
    started = time.perf_counter()
    with (
        limited_threads(1),
        Film(film) as source,
        FilmWriter(beside(film), options.rate) as writer,
    ):
        frames = in_time(camera(source))
        for frame, sightings in watch_live(frames, watcher, watched, lambda *_: None):
            if frame is not None:
                picture = draw(frame, sightings, watcher.classes)
                writer.write(picture, frame.seconds)
                watched.note_shown()
    return counted(watched, time.perf_counter() - started)


def counted(watched, seconds):
    """Return the frames a second, and the faces in a frame that was searched."""
    return {
        "shown": watched.n_shown / seconds,
        "searched": watched.n_searched / seconds,
        "faces a frame": watched.n_faces / watched.n_searched,
    }


def fer(film, options):
    """Do the same with the package fer."""
    from fer.fer import FER

    peer = FER()
    reader = cv2.VideoCapture(film)
    peer.detect_emotions(reader.read()[1])
    reader = cv2.VideoCapture(film)
    code = cv2.VideoWriter_fourcc(*"mp4v")
    writer = cv2.VideoWriter(beside(film), cv2.CAP_FFMPEG, code, FPS, SIZE)
    n_frames = n_faces = 0
    started = time.perf_counter()
    while True:
        is_read, picture = reader.read()
        if not is_read:
            break
        found = peer.detect_emotions(picture)
        for face in found:
            left, top, width, height = map(int, face["box"])
            corner = left + width, top + height
            cv2.rectangle(picture, (left, top), corner, (0, 196, 255), 2)
            for k, (name, share) in enumerate(face["emotions"].items()):
                place = corner[0], top + 16 * k
                text = f"{name} {share:.2f}"
                cv2.putText(picture, text, place, 0, 0.5, (255, 255, 255))
        writer.write(picture)
        n_frames, n_faces = n_frames + 1, n_faces + len(found)
    writer.release()
    rate = n_frames / (time.perf_counter() - started)
    return {"shown": rate, "searched": rate, "faces a frame": n_faces / n_frames}


def beside(film):
    """Return the path of the film that is written."""
    return str(Path(film).with_name("out.mp4"))


WAYS = {"every frame": every_frame, "live": live, "fer": fer}


if __name__ == "__main__":
    main()
