"""HOG and LBP beside the loop over scikit-image that most programs have.

    python benchmarks/speed_features.py --images 8192 --threads 2

Both sides take turns in one run, on the same smooth random images of 48 x 48 bytes, and
their numbers are compared. scikit-image runs on ``--peer-images`` of them only, on one
thread as a plain loop does, and its time is scaled up; fercompare runs on all of them.

How the speed was reached
-------------------------
scikit-image calls compiled code once an image, and around it Python loops over the
blocks (HOG) or the user's loop over the cells (LBP histograms). Here 113 images at a
time go through the same NumPy calls, which release the interpreter's lock, and the
chunks are shared out to threads.

* HOG: the gradient of bytes is one of 511 x 511 pairs, so bin and strength come out of
  two tables: 2 ns a pixel where arctan2, hypot and a modulo take 65.
* HOG: all cells of a chunk are one ``bincount`` over (image, cell, bin), where
  scikit-image goes through every pixel once for each orientation.
* LBP: comparisons in whole numbers; only exact ties, 2 % in photographs, are
  interpolated in floating point. A table turns patterns into bins, and one ``bincount``
  counts them.
* One large block is allocated and freed first, since glibc would otherwise return each
  chunk's memory to the kernel and fault it in again: half the time. It is what the peak
  memory below shows, as a chunk itself needs less.

What limits it
--------------
Every call reads and writes whole arrays, so the time is that of moving bytes between
cache and core. Read and written for the defaults, counted call by call:

* HOG, a pixel: 5 to widen, 32 for two differences, 28 for the place in the table, 40
  for two look-ups, 32 for the index, 40 for the count; a feature: 100 for the blocks
  and their norm. In all 177 x 2,304 + 100 x 1,764 = 0.58 MB an image.
* LBP, a pixel: 20 to frame and weigh, 4 x 53 for the neighbours between pixels, 4 x 9
  for the others, 19 for the bin, 32 for the index, 32 for the count: 0.81 MB an image.

The last column of the table divides these by the time taken. Two threads share that
bandwidth and the interpreter's lock, so a second one brings 1.1 to 1.5 times, not 2.
What has to be moved is the image and its features, 9.4 kB (HOG) and 4.9 kB (LBP): a
compiled loop that fused the calls would no longer be bound by bytes.
"""

import argparse
import statistics
import time
import tracemalloc

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.feature import hog, local_binary_pattern

from fercompare.features import HOG, LBP

SIDE = 48
GRID = 8
CELL = SIDE // GRID
HOG_BYTES = 177 * SIDE**2 + 100 * 1764
LBP_BYTES = 351 * SIDE**2


def smooth_images(n, seed=0):
    """Return ``n`` blurred noise images of bytes, each from 0 to 255."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n, SIDE, SIDE), dtype=np.float32)
    images = gaussian_filter(noise, (0, 2, 2))
    images -= images.min(axis=(1, 2), keepdims=True)
    images *= 255 / images.max(axis=(1, 2), keepdims=True)
    return images.astype(np.uint8)


def hog_loop(images, cell):
    """Return scikit-image's HOG of each image."""
    return np.array([hog(image, 9, (cell, cell), (2, 2)) for image in images])


def lbp_loop(images):
    """Return scikit-image's codes of each image, without histograms."""
    return [local_binary_pattern(image, 8, 1, "uniform") for image in images]


def lbp_histogram_loop(images):
    """Return the grid histograms of each image as one writes them by hand."""
    rows = []
    for codes in lbp_loop(images):
        cells = [
            np.histogram(codes[i : i + CELL, j : j + CELL], bins=10, range=(0, 10))[0]
            for i in range(0, SIDE, CELL)
            for j in range(0, SIDE, CELL)
        ]
        rows.append(np.concatenate(cells) / CELL**2)
    return np.array(rows)


def seconds(function, *arguments):
    """Return how long a call took, and its result."""
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def peak_beyond_output(feature, rows):
    """Return the bytes that ``transform`` held at most, less those of its result."""
    tracemalloc.start()
    output = feature.transform(rows).nbytes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - output


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=8192)
    parser.add_argument("--peer-images", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()

    images = smooth_images(options.images)
    rows = images.reshape(len(images), -1)
    some = images[: options.peer_images]
    jobs = options.threads
    contests = [
        ("HOG, 6 x 6", HOG(n_jobs=jobs), hog_loop, (6,), HOG_BYTES),
        ("HOG, 8 x 8", HOG(pixels_per_cell=(8, 8), n_jobs=jobs), hog_loop, (8,), None),
        ("LBP, histograms", LBP(n_jobs=jobs), lbp_histogram_loop, (), LBP_BYTES),
        ("LBP, peer counts nothing", LBP(n_jobs=jobs), lbp_loop, (), LBP_BYTES),
    ]
    print(f"{len(images)} images of {SIDE} x {SIDE}; {jobs} threads for fercompare;")
    print(f"scikit-image on {len(some)}, scaled; medians of {options.repeats} rounds\n")
    taken = {name: ([], []) for name, *_ in contests}
    results = {}
    for feature in (contest[1] for contest in contests):
        feature.fit(rows).transform(rows[:256])
    for _ in range(options.repeats):
        for name, feature, peer, arguments, _ in contests:
            ours, found = seconds(feature.transform, rows)
            theirs, expected = seconds(peer, some, *arguments)
            taken[name][0].append(ours)
            taken[name][1].append(theirs * len(images) / len(some))
            results[name] = found[: len(some)], expected
    report(contests, taken, results, len(images))
    print("\npeak memory of transform beyond its result, one thread")
    for feature in (HOG(), LBP()):
        for n in (len(rows) // 4, len(rows)):
            peak = peak_beyond_output(feature.fit(rows), rows[:n])
            print(f"{type(feature).__name__:>5} {n:7d} images {peak / 2**20:8.1f} MiB")


def report(contests, taken, results, n):
    """Print one line a contest."""
    print(f"{'':26}{'ours':>8}{'theirs':>9}{'ratio':>8}{'from - to':>15}", end="")
    print(f"{'difference':>12}{'GB/s':>7}")
    for name, _, peer, _, n_bytes in contests:
        ours, theirs = taken[name]
        ratios = [b / a for a, b in zip(ours, theirs)]
        mine, peers = statistics.median(ours), statistics.median(theirs)
        spread = f"{min(ratios):.1f} - {max(ratios):.1f}"
        print(
            f"{name:26}{mine:7.3f}s{peers:8.2f}s{peers / mine:8.1f}{spread:>15}", end=""
        )
        found, expected = results[name]
        same = "" if peer is lbp_loop else f"{np.abs(found - expected).max():.0e}"
        rate = f"{n_bytes * n / mine / 1e9:.0f}" if n_bytes else ""
        print(f"{same:>12}{rate:>7}")


if __name__ == "__main__":
    main()
