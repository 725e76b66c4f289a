"""Whether models agree about a face, and by how much they do not."""

import math
from itertools import combinations

DIGITS = 4


def agreement(answers):
    """Return whether models agree, and how far their probabilities lie apart.

    Two models can be compared where they know two classes or more in common.

    Parameters
    ----------
    answers : list of dict of {str: float}
        The probability of each class, a dict for each model; models may know different
        classes.

    Returns
    -------
    dict
        ``agree``: whether all that can be compared have the same first choice.
        ``divergence``: that of Jensen and Shannon between two models, over the classes
        that both know, whose probabilities are made to add up to 1; the mean over the
        pairs. It is 0 where they are the same and 1 where they have nothing in common.
        Both are None where no two can be compared.

    Examples
    --------
    >>> agreement([{"happy": 1.0, "sad": 0.0}, {"happy": 0.0, "sad": 1.0}])
    {'agree': False, 'divergence': 1.0}
    >>> agreement([{"happy": 0.7, "sad": 0.3}, {"positive": 0.9, "negative": 0.1}])
    {'agree': None, 'divergence': None}
    """
    pairs = [
        (one, other)
        for one, other in combinations(answers, 2)
        if len(one.keys() & other.keys()) > 1
    ]
    if not pairs:
        return {"agree": None, "divergence": None}
    agree = all(
        max(one, key=one.get) == max(other, key=other.get) for one, other in pairs
    )
    known = [apart for pair in pairs if (apart := _divergence(*pair)) is not None]
    mean = round(math.fsum(known) / len(known), DIGITS) if known else None
    return {"agree": agree, "divergence": mean}


def _divergence(one, other):
    """Return the divergence of two models, or None where nothing is left of one."""
    shared = sorted(one.keys() & other.keys())
    shares = [_shares([answer[name] for name in shared]) for answer in (one, other)]
    if None in shares:
        return None
    mean = [sum(pair) / 2 for pair in zip(*shares)]
    return min(max(_entropy(mean) - sum(map(_entropy, shares)) / 2, 0.0), 1.0)


def _shares(values):
    total = math.fsum(values)
    return [value / total for value in values] if total > 0 else None


def _entropy(shares):
    return -math.fsum(share * math.log2(share) for share in shares if share > 0)
