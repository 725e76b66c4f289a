"""Images a second of the training loop, beside the network's own time and its peers.

    python benchmarks/speed_training.py
    python benchmarks/speed_training.py --device cuda --rows 16384 --batch-size 512
    OMP_NUM_THREADS=1 python benchmarks/speed_training.py --processor-time

Every way takes one epoch through the same network from the same start with the same
optimizer, in turns, so that what else the machine does hits all alike. A ratio is of
two ways in the same round. For the peers and the bare steps the pixels are normalized
floats before the clock starts; fercompare holds bytes and normalizes each batch.

``bare``         forward, backward and step on slices of what lies ready: the limit
``fercompare``   the loop that trains every network of fercompare
``augmented``    the same with every image changed anew
``bare16``       the bare steps in bfloat16, where the device multiplies in it
``bfloat16``     fercompare's loop likewise, as the estimators choose by themselves; of
                 bare it is of ``bare16``, and of the peers a ratio of its own, as they
                 stay with floats unless one wraps them
``loop``         PyTorch's tutorial: a DataLoader over a TensorDataset
``skorch``       its NeuralNetClassifier, without a validation split

Where the time goes
-------------------
Four fifths of a bare step are convolutions. The peers' images and filters lie channel
by channel; here they lie pixel by pixel (channels_last), which makes the convolutions
half as fast again, and the largest of four pixels several times cheaper to find. A
DataLoader takes the rows one by one out of the tensor and stacks them again; here a
batch is one indexing.
"""

import argparse
import copy
import statistics
import time

import numpy as np
import torch
from torch.nn import functional

from fercompare import load_dataset
from fercompare.deep.augment import Augmentation
from fercompare.deep.devices import computing_in, find_precision, own_randomness
from fercompare.deep.inputs import Normalization, as_images
from fercompare.deep.networks import block_network, residual_network
from fercompare.deep.optimizers import make_optimizers
from fercompare.deep.presets import PRESETS
from fercompare.deep.recipe import Recipe
from fercompare.deep.training import Examples, train

SHAPE, N_CLASSES = (48, 48), 7
SIZES = ("blocks", "width", "most_width")
NETWORKS = {
    "cnn": (residual_network, {name: PRESETS["cnn"][name] for name in SIZES}),
    "plain": (block_network, {"blocks": 5, "width": 8}),
}
RATES = {"adamw": 1e-3, "muon": 0.1}
PEERS = ("loop", "skorch")
OURS = ("fercompare", "bfloat16")


class Contest:
    """One network, one optimizer, and every way to take it through an epoch."""

    def __init__(self, network, optimizer, faces, options):
        torch.manual_seed(0)
        make, sizes = NETWORKS[network]
        self.start = make(1, SHAPE, N_CLASSES, **sizes).to(options.device)
        self.recipe = Recipe(
            epochs=1,
            batch_size=options.batch_size,
            optimizer=optimizer,
            learning_rate=RATES[optimizer],
        )
        self.images = as_images(faces.X, SHAPE, options.device)
        self.labels = torch.from_numpy(faces.y.astype(np.int64)).to(options.device)
        self.normalize = Normalization.learn(self.images, "dataset")
        self.floats = self.normalize(self.images)
        self.clock = options.clock
        self.ways = {
            "bare": self.bare,
            "fercompare": self.ours,
            "augmented": lambda: self.ours(augmentation=Augmentation()),
        }
        if find_precision("auto", options.device, self.start) == "bfloat16":
            self.ways["bare16"] = lambda: self.bare("bfloat16")
            self.ways["bfloat16"] = lambda: self.ours("bfloat16")
        if optimizer == "adamw":
            self.ways |= {"loop": self.loop, "skorch": self.skorch}

    def network(self):
        """Return the network as it is at the start."""
        return copy.deepcopy(self.start).train()

    def bare(self, precision="float32"):
        """Return the seconds of the network's own work."""
        device = self.images.device
        network = self.network().to(memory_format=torch.channels_last)
        optimizers = make_optimizers(network, self.recipe)
        images = self.floats.to(memory_format=torch.channels_last)
        batches = list(
            zip(
                images.split(self.recipe.batch_size),
                self.labels.split(self.recipe.batch_size),
            )
        )
        with self.clock as took:
            for seen, labels in batches:
                for optimizer in optimizers:
                    optimizer.zero_grad(set_to_none=True)
                with computing_in(precision, device):
                    scores = network(seen)
                functional.cross_entropy(scores, labels).backward()
                with computing_in(precision, device):
                    for optimizer in optimizers:
                        optimizer.step()
        return took.seconds

    def ours(self, precision="float32", **changes):
        """Return the seconds of fercompare's loop."""
        network = self.network().to(memory_format=torch.channels_last)
        recipe = Recipe(**{**vars(self.recipe), **changes})
        shares = functional.one_hot(self.labels, N_CLASSES).float()
        examples = Examples(self.images, shares)
        options = {"classes": np.arange(N_CLASSES), "seed": 0, "precision": precision}
        with own_randomness(0, self.images.device), self.clock as took:
            train(network, examples, recipe, self.normalize, **options)
        return took.seconds

    def loop(self):
        """Return the seconds of the loop that PyTorch's tutorial teaches."""
        network = self.network()
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATES["adamw"])
        loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(self.floats.cpu(), self.labels.cpu()),
            batch_size=self.recipe.batch_size,
            shuffle=True,
        )
        with self.clock as took:
            for images, labels in loader:
                images, labels = (
                    images.to(self.images.device),
                    labels.to(self.images.device),
                )
                optimizer.zero_grad()
                loss = functional.cross_entropy(network(images), labels)
                loss.backward()
                optimizer.step()
                loss.item()
        return took.seconds

    def skorch(self):
        """Return the seconds of skorch."""
        net = _skorch()(
            self.network(),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            lr=RATES["adamw"],
            batch_size=self.recipe.batch_size,
            iterator_train__shuffle=True,
            train_split=None,
            max_epochs=1,
            verbose=0,
            device=self.images.device,
        ).initialize()
        X, y = self.floats.cpu().numpy(), self.labels.cpu().numpy()
        with self.clock as took:
            net.partial_fit(X, y)
        return took.seconds


class Clock:
    """Seconds of the block that it is entered for, until the device is done."""

    def __init__(self, device, of_processor):
        self.read = time.process_time if of_processor else time.perf_counter
        self.device = device
        self.seconds = 0.0

    def __enter__(self):
        self._wait()
        self.started = self.read()
        return self

    def __exit__(self, *_):
        self._wait()
        self.seconds = self.read() - self.started

    def _wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def main():
    """Run every contest and print a table."""
    options = _options()
    n = round(options.rows / 0.7) + 50
    faces = load_dataset("synthetic", n=n).part("train").take(slice(options.rows))
    told = f"{len(faces):,} images of 48 x 48 in batches of {options.batch_size}"
    clock = "processor" if options.processor_time else "wall"
    print(f"{told}, {options.rounds} rounds, {torch.get_num_threads()} threads,")
    print(f"torch {torch.__version__} on {options.device}, {clock} time\n")
    print(
        f"{'network':8}{'optimizer':11}{'way':12}{'images/s':>9}{'range':>14}", end=""
    )
    print(f"{'of bare':>9}{'range':>14}{'fercompare is':>15}{'range':>14}", end="")
    print(f"{'bfloat16 is':>15}{'range':>14}")
    for network in options.networks:
        for optimizer in RATES:
            contest = Contest(network, optimizer, faces, options)
            ways = {k: v for k, v in contest.ways.items() if k not in options.without}
            for way in ways.values():
                way()
            rounds = [
                {name: len(faces) / way() for name, way in ways.items()}
                for _ in range(options.rounds)
            ]
            _report(network, optimizer, rounds)


def _report(network, optimizer, rounds):
    for way in rounds[0]:
        cells = _middle([r[way] for r in rounds], "{:.0f}", 9)
        bare = "bare16" if way == "bfloat16" else "bare"
        cells += _middle([r[way] / r[bare] for r in rounds], "{:.2f}", 9)
        for ours in OURS if way in PEERS else ():
            if ours in rounds[0]:
                cells += _middle([r[ours] / r[way] for r in rounds], "{:.2f}", 15)
        print(f"{network:8}{optimizer:11}{way:12}{cells}", flush=True)


def _middle(numbers, form, width):
    """Return the median and the range of numbers as text."""
    middle = form.format(statistics.median(numbers))
    extent = f"{form.format(min(numbers))} to {form.format(max(numbers))}"
    return f"{middle:>{width}}{extent:>14}"


def _options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=2048)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--networks", nargs="+", default=[*NETWORKS], choices=NETWORKS)
    parser.add_argument("--without", nargs="*", default=[], choices=PEERS)
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="Clock this process's own work: of use where others work beside it.",
    )
    options = parser.parse_args()
    options.clock = Clock(options.device, options.processor_time)
    if "skorch" not in options.without:
        _skorch()
    return options


def _skorch():
    try:
        from skorch import NeuralNetClassifier
    except ImportError:
        raise SystemExit("pip install skorch, or pass --without skorch") from None
    return NeuralNetClassifier


if __name__ == "__main__":
    main()
