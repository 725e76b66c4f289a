"""How much sooner `cnn` is at a given accuracy than a plain PyTorch loop, in one run.

    python benchmarks/speed_to_accuracy.py --root FOLDER_WITH_FER2013

`cnn` learns for ``--epochs`` and is asked when they are over, as its rate falls to
nothing. The plain loop is what one would write first: floats in a TensorDataset, a
DataLoader, Adam, and the five-block network of the reference study; it is asked after
each epoch and stopped after ``--times`` times what `cnn` took, which makes the ratio a
lower bound. Both learn from Training and are scored on PublicTest, each as it predicts;
the scoring is not counted.
"""

import argparse
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from fercompare import load_dataset, make_model
from fercompare.deep.networks import block_network
from fercompare.evaluation.fitting import fit
from fercompare.evaluation.parts import training_rows, validation_rows


def main():
    """Train both and print who was where when."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root")
    parser.add_argument("--goal", type=float, default=0.65)
    parser.add_argument("--epochs", type=int, default=9, help="Of cnn.")
    parser.add_argument("--times", type=float, default=10.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="Images, to try the script.")
    options = parser.parse_args()
    data = load_dataset("fer2013", options.root, per_class=options.limit)
    parts = training_rows(data), validation_rows(data)
    ours = ours_until(*parts, options)
    if ours is None:
        print(f"cnn did not reach {options.goal:.1%} in {options.epochs} epochs")
        return
    limit = options.times * ours
    theirs = plain_until(*parts, options, limit)
    if theirs is None:
        print(f"ratio: more than {options.times}; stopped after {limit:.0f} s")
    else:
        print(f"ratio: {theirs / ours:.1f}")


def ours_until(training, validation, options):
    """Return the seconds of a training that ends at the goal or above, or None."""
    model = make_model("cnn", random_state=options.seed)
    fit(model.set_params(epochs=options.epochs), training)
    seconds = sum(row["seconds"] for row in model.history_)
    reached = float(np.mean(model.predict(validation.X) == validation.y))
    print(f"cnn    {seconds:7.0f} s  PublicTest {reached:.4f}", flush=True)
    return seconds if reached >= options.goal else None


def plain_until(training, validation, options, limit):
    """Return the seconds of a plain loop until an epoch is at the goal, or None."""
    torch.manual_seed(options.seed)
    images, labels = as_floats(training)
    loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
    network = block_network(1, (48, 48), 7)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    loss = torch.nn.CrossEntropyLoss()
    seconds = 0.0
    while seconds < limit:
        network.train()
        started = time.perf_counter()
        for seen, truth in loader:
            optimizer.zero_grad()
            loss(network(seen), truth).backward()
            optimizer.step()
            if seconds + time.perf_counter() - started >= limit:
                break
        seconds += time.perf_counter() - started
        checked = accuracy(network, *as_floats(validation))
        print(f"plain  {seconds:7.0f} s  PublicTest {checked:.4f}", flush=True)
        if checked >= options.goal:
            return seconds
    return None


def as_floats(rows):
    """Return images ``(n, 1, 48, 48)`` from -1 to 1, and labels."""
    images = rows.images[:, np.newaxis].astype(np.float32) / 127.5 - 1
    return torch.from_numpy(images), torch.from_numpy(rows.y)


@torch.inference_mode()
def accuracy(network, images, labels):
    """Return the share of images that get their label."""
    network.eval()
    found = [network(chunk).argmax(1) for chunk in images.split(512)]
    return float((torch.cat(found) == labels).float().mean())


if __name__ == "__main__":
    main()
