"""Milliseconds to find the face in a picture of 640 x 480, beside the peers' own calls.

    python benchmarks/speed_faces.py

The picture is scikit-image's astronaut beside herself, grey around them. All take
turns in each round, in one process. A detector that is not installed is left out, and
so is a peer: the package retinaface (`detect_faces`, on all threads that onnxruntime
takes) and the detector of the package fer, OpenCV's Haar cascade with fer's settings
(scale 1.1, 5 neighbours, 50 pixels and more; its class is not imported, as it wants
TensorFlow). Two threads are asked of those detectors that take a number of threads;
OpenCV is told its number.
"""

import argparse
import statistics
import time

import numpy as np
from skimage.data import astronaut

from fercompare.faces.base import NotInstalled
from fercompare.faces.detectors import DETECTORS, make_detector

ROUNDS = 9
THREADS = (1, 2)


def main():
    """Print the median and range of each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    picture, taken = picture_of_two(), {}
    contestants = ours() | peers()
    for _ in range(rounds + 1):
        for name, look in contestants.items():
            started = time.perf_counter()
            n_found = look(picture)
            seconds = time.perf_counter() - started
            taken.setdefault((name, n_found), []).append(1000 * seconds)
    print(f"640 x 480, two faces; milliseconds, median and range of {rounds} rounds")
    for (name, n_found), each in taken.items():
        each = each[1:]  # the first look warms up
        print(
            f"{name:34} {n_found} found  {statistics.median(each):6.1f} "
            f"({min(each):.1f} to {max(each):.1f})"
        )


def picture_of_two():
    """Return two faces in a picture, uint8 (480, 640, 3)."""
    picture = np.full((480, 640, 3), 120, np.uint8)
    for left in (30, 340):
        picture[100:400, left : left + 270] = astronaut()[:300, 80:350]
    return picture


def ours():
    """Return the detectors that are installed, by name and threads."""
    made = {}
    for name in DETECTORS:
        for threads in THREADS:
            options = {"threads": threads} if name == "retinaface" else {}
            try:
                detector = make_detector(name, **options)
            except NotInstalled as error:
                print(error)
                break
            look = counted(detector.detect, threads)
            made[f"{name}, {threads} thread" + "s" * (threads > 1)] = look
            if name == "retinaface":
                once = make_detector(name, precise=False, **options)
                made[f"{name}(precise=False), {threads}"] = counted(
                    once.detect, threads
                )
            if name == "cascade":
                break
    return made


def peers():
    """Return what the peers call, where they are installed."""
    made = {}
    try:
        from retinaface import detect_faces

        made["peer: package retinaface"] = counted(detect_faces, max(THREADS))
    except ImportError as error:
        print(error)
    try:
        import cv2

        folder = cv2.data.haarcascades
        cascade = cv2.CascadeClassifier(folder + "haarcascade_frontalface_default.xml")

        def as_fer(picture):
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            return cascade.detectMultiScale(grey, 1.1, 5, minSize=(50, 50))

        for threads in THREADS:
            made[f"peer: Haar as in fer, {threads}"] = counted(as_fer, threads)
    except (ImportError, AttributeError) as error:
        print(error)
    return made


def counted(detect, threads):
    """Return a function that counts what is found, on a number of threads."""
    try:
        import cv2
    except ImportError:
        cv2 = None

    def look(picture):
        if cv2 is not None:
            cv2.setNumThreads(threads)
        return len(detect(picture))

    return look


if __name__ == "__main__":
    main()
