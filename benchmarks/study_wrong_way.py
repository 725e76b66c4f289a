"""What a study claims that balances its data first and divides them afterwards.

    python benchmarks/study_wrong_way.py
    python benchmarks/study_wrong_way.py --dataset fer2013 --root FOLDER --rows 10000

The same rows, model, strategy and share of test rows both times, several seeds:

``divided, then balanced``   rows are divided, the training rows are balanced; what is
                             scored is as nature made it (what fercompare does)
``balanced, then divided``   all rows are balanced, copies and children of test rows
                             end in training, and made rows are scored

Nothing else differs: no subject and no copy is kept apart in either.
"""

import argparse
import csv
import statistics
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from studies import mean_and_deviation

from fercompare import load_dataset, make_model, rebalance
from fercompare.evaluation.parts import training_rows
from fercompare.seeds import seed_for

TABLE = Path(__file__).parents[1] / "results" / "wrong-way.csv"
MODELS = ("hog+svm", "hog+rf")
STRATEGIES = ("random_over", "smote", "smote_enn")
SCORES = ("accuracy", "f1_macro")
FIELDS = ("data", "rows", "model", "strategy", "seed", "way", *SCORES)
RIGHT, WRONG = "divided, then balanced", "balanced, then divided"
SHARE = 0.2


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", default="synthetic")
    parser.add_argument("--root")
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args()
    data = training_rows(load_dataset(options.dataset, options.root))
    data = data.take(draw(len(data), options.rows))
    found = [
        {"data": options.dataset, "rows": len(data), **row}
        for model in MODELS
        for strategy in STRATEGIES
        for seed in range(options.seeds)
        for row in both_ways(data, model, strategy, seed)
    ]
    others = [row for row in read(options.table) if row["data"] != options.dataset]
    write(options.table, sorted([*others, *found], key=lambda row: row["data"]))


def draw(n, n_drawn):
    """Return the places of rows drawn at random, in their order."""
    rng = np.random.default_rng(seed_for("wrong way", n))
    return np.sort(rng.permutation(n)[:n_drawn])


def both_ways(data, model, strategy, seed):
    """Yield the scores of the right way and of the wrong one."""
    made = make_model(model, image_shape=data.image_shape, random_state=seed)
    balanced = rebalance(made, strategy, random_state=seed)
    for way, run in ((RIGHT, right), (WRONG, wrong)):
        y_true, y_pred = run(clone(balanced), data.X, data.y, seed)
        row = {
            "model": model,
            "strategy": strategy,
            "seed": seed,
            "way": way,
            "accuracy": float(np.mean(y_true == y_pred)),
            "f1_macro": float(f1_score(y_true, y_pred, average="macro")),
        }
        print(row, flush=True)
        yield row


def right(model, X, y, seed):
    """Return what is true and what is predicted: the sampler sees training rows."""
    X_train, X_test, y_train, y_test = divide(X, y, seed)
    return y_test, model.fit(X_train, y_train).predict(X_test)


def wrong(model, X, y, seed):
    """Return the same where the sampler sees all rows before they are divided."""
    features, (_, sampler), (_, classifier) = model[:-2], *model.steps[-2:]
    made, y = sampler.fit_resample(features.fit_transform(X, y), y)
    X_train, X_test, y_train, y_test = divide(made, y, seed)
    return y_test, classifier.fit(X_train, y_train).predict(X_test)


def divide(X, y, seed):
    return train_test_split(X, y, test_size=SHARE, stratify=y, random_state=seed)


def read(table):
    """Return the rows of a table that may not be there yet."""
    if not table.exists():
        return []
    with table.open(newline="") as stream:
        return [
            row | {name: float(row[name]) for name in SCORES}
            for row in csv.DictReader(stream)
        ]


def write(table, rows):
    """Write the table, and a page of it."""
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS)
        writer.writeheader()
        writer.writerows(
            row | {name: round(row[name], 4) for name in SCORES} for row in rows
        )
    table.with_suffix(".md").write_text(page(rows))


def page(rows):
    """Return a line a model and strategy, the two ways beside each other."""
    lines = [
        "# Balanced before it was divided: what the mistake is worth",
        "",
        "`python benchmarks/study_wrong_way.py`: rows of the training part, a fifth of",
        "them scored; mean ± standard deviation over the seeds, in per cent. The wrong",
        "way claims points that are not there: twins and children of scored rows were",
        "learned from, and much of what is scored was made.",
        "",
        f"| data | model | strategy | seeds | macro-F1, {RIGHT} | {WRONG} | claimed |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    kinds = dict.fromkeys(
        (row["data"], row["rows"], row["model"], row["strategy"]) for row in rows
    )
    for data, n, model, strategy in kinds:
        ways = {
            way: [
                100 * row["f1_macro"]
                for row in rows
                if (row["data"], row["model"], row["strategy"], row["way"])
                == (data, model, strategy, way)
            ]
            for way in (RIGHT, WRONG)
        }
        claimed = statistics.mean(ways[WRONG]) - statistics.mean(ways[RIGHT])
        cells = [mean_and_deviation(ways[way]) for way in (RIGHT, WRONG)]
        lines.append(
            f"| {data}, {n} rows | {model} | {strategy} | {len(ways[RIGHT])} | "
            f"{' | '.join(cells)} | {claimed:+.1f} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
