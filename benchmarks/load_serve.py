"""Seconds that `fercompare serve` takes for 50 pictures one by one, and all at once.

    python benchmarks/load_serve.py [MODEL ...] [--detector NAME] [--no-maps]

Without a MODEL it is the network of the package. The pictures are 640 x 480, cut from
scikit-image's astronaut at different places and in different light, as jpeg. Each
answer that comes while all are asked must be the one that came when it was asked alone.
"""

import argparse
import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from skimage.data import astronaut

from fercompare.decoding import fit
from fercompare.drawing import encode
from fercompare.faces.detectors import make_detector
from fercompare.faces.recognition import Recognizer
from fercompare.serving.panel import Panel
from fercompare.serving.server import Server

N_PICTURES = 50
HEIGHT, WIDTH = 480, 640


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=[None])
    parser.add_argument("--detector", default="best")
    parser.add_argument("--no-maps", action="store_true")
    asked = parser.parse_args()
    detector = make_detector(asked.detector)
    panel = Panel([Recognizer(path) for path in asked.models], detector)
    sent = [encode(picture, "jpeg") for picture in pictures()]
    path = f"/faces?maps={'no' if asked.no_maps else 'yes'}"
    with Server(panel, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def ask(content):
            return answer(server.server_port, path, content)

        ask(sent[0])
        alone, one_by_one = timed(lambda: [ask(content) for content in sent])
        with ThreadPoolExecutor(N_PICTURES) as threads:
            together, at_once = timed(lambda: list(threads.map(ask, sent)))
        server.shutdown()
    mixed_up = sum(one != other for (one, _), (other, _) in zip(alone, together))
    n_faces = sum(len(facts["faces"]) for facts, _ in alone)
    print(f"{n_faces} faces in {N_PICTURES} pictures, found by {detector.name}")
    print(f"one by one: {one_by_one:.1f} s, {shown(alone)}")
    print(f"all at once: {at_once:.1f} s, {shown(together)}")
    print(f"lost: {N_PICTURES - len(together)}, other than alone: {mixed_up}")


def pictures():
    """Yield pictures of the same face at different places and in different light."""
    whole = fit(astronaut(), (960, 960), color=True)
    rng = np.random.default_rng(0)
    for _ in range(N_PICTURES):
        top, left = rng.integers(0, 100), rng.integers(100, 300)
        light = rng.uniform(0.6, 1.0)
        yield (light * whole[top : top + HEIGHT, left : left + WIDTH]).astype(np.uint8)


def answer(port, path, content):
    """Return what the server says of a picture, and the seconds until it did."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("POST", path, content)
    response = connection.getresponse()
    facts = json.loads(response.read())
    connection.close()
    assert response.status == 200, facts
    del facts["milliseconds"]
    return facts, time.perf_counter() - started


def timed(work):
    """Return what work returns, and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def shown(answers):
    """Return the median and the 95th percentile of what the answers took."""
    middle, late = np.percentile([seconds for _, seconds in answers], [50, 95])
    return f"answers after {middle:.3f} s (median), {late:.3f} s (95 %)"


if __name__ == "__main__":
    main()
