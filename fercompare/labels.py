"""The emotions, the words people use for them, and maps onto coarser classes."""

from fercompare.errors import DataError, look_up

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
EMOTIONS_WITH_CONTEMPT = (*EMOTIONS, "contempt")

SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "natural": "neutral",
    "contemptuous": "contempt",
}


def canonical(word):
    """Return the emotion that ``word`` stands for, or None.

    Examples
    --------
    >>> canonical("Happiness"), canonical("SURPRISED"), canonical("holiday")
    ('happy', 'surprise', None)
    """
    word = word.strip().lower()
    word = SYNONYMS.get(word, word)
    return word if word in EMOTIONS_WITH_CONTEMPT else None


def in_order(labels):
    """Return class names in the order of the emotions, others by name behind them.

    Examples
    --------
    >>> in_order({"sad", "bored", "happy"})
    ('happy', 'sad', 'bored')
    """
    known = [name for name in EMOTIONS_WITH_CONTEMPT if name in labels]
    return (*known, *sorted(set(labels) - set(known)))


def _valence(surprise=None):
    return {
        "angry": "negative",
        "disgust": "negative",
        "fear": "negative",
        "sad": "negative",
        "contempt": "negative",
        "neutral": "neutral",
        "happy": "positive",
        "surprise": surprise,
    }


LABEL_MAPS = {
    "emotions7": {name: name for name in EMOTIONS} | {"contempt": None},
    "emotions8": {name: name for name in EMOTIONS_WITH_CONTEMPT},
    "valence3": _valence(),
    "valence3-surprise-positive": _valence("positive"),
    "valence3-surprise-negative": _valence("negative"),
    "valence3-surprise-neutral": _valence("neutral"),
}
"""Old class to new class; None leaves the rows of a class out.

``valence3`` leaves surprise out, since it is neither good nor bad news by itself;
the other three say where it goes.
"""


def label_map(labels, classes):
    """Return the map ``labels`` (a name or a dict) as it applies to ``classes``."""
    mapping = labels
    if not isinstance(labels, dict):
        mapping = look_up(labels, LABEL_MAPS, "label map")
    missing = [name for name in classes if name not in mapping]
    if missing:
        raise DataError(
            f"the label map says nothing of {', '.join(map(repr, missing))}",
            remedy="map every class to a new one, or to None to leave its rows out",
        )
    for name in classes:
        if mapping[name] is not None and not (
            isinstance(mapping[name], str) and mapping[name]
        ):
            raise DataError(
                f"the label map sends {name!r} to {mapping[name]!r}",
                remedy="name the new class by a text, or leave its rows out by None",
            )
    return {name: mapping[name] for name in classes}
