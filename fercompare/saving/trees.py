"""Forests as plain arrays: the nodes of all trees, one tree behind the other.

scikit-learn walks a tree without looking where it goes. A node that points outside,
or back, would read foreign memory or never end, so every node is checked before a
tree is made of it.
"""

import numpy as np
from sklearn.base import clone
from sklearn.tree._tree import NODE_DTYPE, Tree

from fercompare.containers.refusal import Refused

NO_CHILD, UNDEFINED = -1, -2
MOST_DEPTH = 10_000
FIELDS = {
    "left_child": np.int64,
    "right_child": np.int64,
    "feature": np.int64,
    "threshold": np.float64,
    "impurity": np.float64,
    "n_node_samples": np.int64,
    "weighted_n_node_samples": np.float64,
    "missing_go_to_left": np.uint8,
}
"""What scikit-learn knows of a node."""

FOREST = {
    "n_features_in_": "size n",
    "classes_": "labels k",
    "tree_sizes": "int64 t",
    "tree_seeds": "int64 t",
    "max_features_": "size m",
    **{f"node_{name}": f"{np.dtype(kind)} nodes" for name, kind in FIELDS.items()},
    "node_values": "float64 nodes k",
}
"""The lines of a forest's state."""


def take_forest(forest):
    """Return the state of a fitted forest of scikit-learn's.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> forest = RandomForestClassifier(2, random_state=0).fit([[0.0], [1.0]], [0, 1])
    >>> take_forest(forest)["tree_sizes"]
    array([3, 1])
    """
    if forest.n_outputs_ != 1:
        raise Refused("is a forest of several outputs", "fit one forest for each")
    _check_version()
    trees = [estimator.tree_ for estimator in forest.estimators_]
    states = [tree.__getstate__() for tree in trees]
    nodes = np.concatenate([state["nodes"] for state in states])
    values = np.concatenate([state["values"] for state in states])
    seeds = [estimator.random_state for estimator in forest.estimators_]
    return {
        "n_features_in_": forest.n_features_in_,
        "classes_": forest.classes_,
        "tree_sizes": np.array([tree.node_count for tree in trees], np.int64),
        "tree_seeds": np.array(seeds, np.int64),
        "max_features_": forest.estimators_[0].max_features_,
        **{f"node_{name}": nodes[name].astype(kind) for name, kind in FIELDS.items()},
        "node_values": values[:, 0, :],
    }


def build_forest(forest, state):
    """Fit ``forest``, which is unfitted, with the arrays of another.

    Parameters
    ----------
    forest : RandomForestClassifier or ExtraTreesClassifier
    state : dict
        As `FOREST` says.
    """
    _check_version()
    sizes, n_classes = state["tree_sizes"], len(state["classes_"])
    n_features = state["n_features_in_"]
    if forest.n_estimators != len(sizes):
        raise Refused(f"has {len(sizes)} trees, n_estimators={forest.n_estimators}")
    if state["max_features_"] > n_features:
        raise Refused(f"max_features_ is {state['max_features_']} of {n_features}")
    depths = check_trees(state)
    nodes = np.zeros(len(state["node_feature"]), NODE_DTYPE)
    for name in FIELDS:
        nodes[name] = state[f"node_{name}"]
    values = np.ascontiguousarray(state["node_values"][:, np.newaxis, :])
    template = clone(forest.estimator).set_params(
        **{name: getattr(forest, name) for name in forest.estimator_params}
    )
    _describe(template, n_features, np.arange(n_classes, dtype=np.float64))
    template.max_features_ = state["max_features_"]
    forest.estimators_ = []
    ends = np.cumsum(sizes)
    for start, end, depth, seed in zip(
        ends - sizes, ends, depths, state["tree_seeds"].tolist()
    ):
        estimator = clone(template).set_params(random_state=seed)
        vars(estimator).update(
            {k: v for k, v in vars(template).items() if k.endswith("_")}
        )
        estimator.tree_ = Tree(n_features, np.array([n_classes], np.intp), 1)
        estimator.tree_.__setstate__(
            {
                "max_depth": int(depth),
                "node_count": int(end - start),
                "nodes": nodes[start:end],
                "values": values[start:end],
            }
        )
        forest.estimators_.append(estimator)
    _describe(forest, n_features, state["classes_"])
    forest.estimator_ = clone(forest.estimator)


def check_trees(state):
    """Refuse nodes that are no trees.

    Parameters
    ----------
    state : dict
        As `FOREST` says, with sides that agree.

    Returns
    -------
    depths : int array of shape (n_trees,)
    """
    sizes, left, right = (
        state[name] for name in ("tree_sizes", "node_left_child", "node_right_child")
    )
    if not len(sizes) or (sizes < 1).any() or (sizes > len(left)).any():
        raise Refused("has a tree without nodes, or with more than there are")
    if sizes.sum() != len(left):
        raise Refused(f"has {len(left):,} nodes for trees of {sizes.sum():,}")
    starts = np.cumsum(sizes) - sizes
    first = np.repeat(starts, sizes)
    own, size = np.arange(len(left)) - first, np.repeat(sizes, sizes)
    inner = left != NO_CHILD
    if ((right != NO_CHILD) != inner).any():
        raise Refused("has a node with one child")
    for child in (left[inner], right[inner]):
        if (child <= own[inner]).any() or (child >= size[inner]).any():
            raise Refused("has a node whose child is not one of the nodes behind it")
    left, right = np.where(inner, first + left, 0), np.where(inner, first + right, 0)
    parents = np.bincount(
        np.concatenate([left[inner], right[inner]]), minlength=len(left)
    )
    parents[starts] += 1
    if (parents != 1).any():
        raise Refused("has a node that is not the child of just one other")
    _check_nodes(state, inner)
    _check_counts(state, inner, left[inner], right[inner])
    return _depths(starts, inner, left, right)


def _check_nodes(state, inner):
    feature, threshold = state["node_feature"], state["node_threshold"]
    if (feature[inner] < 0).any() or (feature >= state["n_features_in_"]).any():
        raise Refused(f"has a node that asks for none of {state['n_features_in_']}")
    if (feature[~inner] != UNDEFINED).any() or (threshold[~inner] != UNDEFINED).any():
        raise Refused("has a leaf that asks for a feature")
    if (state["node_missing_go_to_left"] > 1).any():
        raise Refused("has a node that sends missing numbers nowhere")
    values = state["node_values"]
    if (values < -1e-9).any() or (np.abs(values.sum(axis=1) - 1) > 1e-6).any():
        raise Refused("has a node whose shares of the classes do not add up to 1")
    seeds = state["tree_seeds"]
    if (seeds < 0).any() or (seeds >= 2**32).any():
        raise Refused("has a tree whose seed is no seed")


def _check_counts(state, inner, left, right):
    counts, weights = (
        state["node_n_node_samples"],
        state["node_weighted_n_node_samples"],
    )
    if (counts < 1).any() or (counts > 2**40).any() or (weights < 0).any():
        raise Refused("has a node without samples")
    if (counts[inner] != counts[left] + counts[right]).any():
        raise Refused("has a node with other samples than its children")
    apart = np.abs(weights[inner] - weights[left] - weights[right])
    if (apart > 1e-6 * np.maximum(weights[inner], 1)).any():
        raise Refused("has a node that weighs other than its children")


def _depths(starts, inner, left, right):
    depth = np.zeros(len(inner), np.int64)
    level, here = 0, starts
    while len(here := here[inner[here]]):
        level += 1
        if level > MOST_DEPTH:
            raise Refused(f"has a tree deeper than {MOST_DEPTH:,}")
        here = np.concatenate([left[here], right[here]])
        depth[here] = level
    return np.maximum.reduceat(depth, starts)


def _describe(estimator, n_features, classes):
    estimator.n_features_in_ = n_features
    estimator.n_outputs_ = 1
    estimator.classes_ = classes
    estimator.n_classes_ = len(classes)


def _check_version():
    if set(NODE_DTYPE.names) != set(FIELDS):
        raise Refused(
            "is a forest, and this scikit-learn keeps other facts of a node",
            "install the scikit-learn of the model's card",
        )
