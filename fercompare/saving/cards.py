"""The card of a model: what it was made of, and how good it is."""

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, date, datetime
from importlib.metadata import version

import numpy as np

from fercompare import __version__
from fercompare.containers.refusal import Refused
from fercompare.errors import UnknownName, look_up

PACKAGES = ("scikit-learn", "numpy")
MOST_TEXT = 1000
FILLED_IN = ("versions", "created")
TEXTS = (
    "model",
    "strategy",
    "data",
    "fingerprint",
    "selected_on",
    "terms",
    "created",
)


@dataclass(frozen=True)
class Card:
    """What is known of a saved model; what is not known is empty.

    Attributes
    ----------
    model, strategy : str
        Their names.
    data, fingerprint : str
        Name and fingerprint of the data set that it learned from.
    classes : tuple of str
        Names of the classes; the model's classes are places in it, or are in it.
    image_shape : tuple of int
    counts : dict of {str: int}
        Training rows of each class.
    selected_on : str
        Which rows chose something of it, and what.
    scores : dict of {str: float}
    confusion : tuple of tuple of int
        Images of the part that reports, a row for each true class, a column for each
        predicted one.
    terms : str
        What may be done with the model, given the data it learned from.
    versions : dict of {str: str}
        Of fercompare, scikit-learn and numpy.
    created : str
        Day, as in 2026-01-31.
    """

    model: str = ""
    strategy: str = ""
    data: str = ""
    fingerprint: str = ""
    classes: tuple = ()
    image_shape: tuple = ()
    counts: dict = field(default_factory=dict)
    selected_on: str = ""
    scores: dict = field(default_factory=dict)
    confusion: tuple = ()
    terms: str = ""
    versions: dict = field(default_factory=dict)
    created: str = ""

    def __post_init__(self):
        for name in TEXTS:
            _check(name, _is_text(getattr(self, name)), "a line of text")
        for name, is_right, what in (
            ("classes", _is_text, "texts"),
            ("image_shape", _is_size, "whole numbers"),
        ):
            values = getattr(self, name)
            right = isinstance(values, list | tuple) and all(map(is_right, values))
            _check(name, right, f"a list of {what}")
            object.__setattr__(self, name, tuple(values))
        for name, is_right, what in (
            ("counts", _is_size, "whole numbers"),
            ("scores", _is_number, "finite numbers"),
            ("versions", _is_text, "texts"),
        ):
            values = getattr(self, name)
            right = isinstance(values, dict) and all(map(_is_text, values))
            right = right and all(map(is_right, values.values()))
            _check(name, right, f"a dict of names and {what}")
        rows = self.confusion
        square = isinstance(rows, list | tuple) and all(
            isinstance(row, list | tuple)
            and len(row) == len(rows) == len(self.classes)
            and all(map(_is_size, row))
            for row in rows
        )
        _check("confusion", square, "a row and a column of whole numbers a class")
        object.__setattr__(self, "confusion", tuple(map(tuple, rows)))
        _check("classes", len(set(self.classes)) == len(self.classes), "all different")
        _check("image_shape", len(self.image_shape) in (0, 2, 3), "two or three sides")
        _check("created", _is_day(self.created), "a day such as 2026-01-31")


def make_card(given=None):
    """Return a `Card` of today and this machine's versions.

    Parameters
    ----------
    given : dict or Card, optional
        Fields of a card. Versions and day are filled in.

    Examples
    --------
    >>> card = make_card({"model": "hog+svm", "classes": ["happy", "sad"]})
    >>> card.classes, sorted(card.versions)
    (('happy', 'sad'), ['fercompare', 'numpy', 'scikit-learn'])
    """
    if isinstance(given, Card):
        given = asdict(given)
    plain = {key: _plain(value) for key, value in (given or {}).items()}
    plain["versions"] = versions()
    plain["created"] = datetime.now(UTC).date().isoformat()
    return card_of(plain)


def card_of(record):
    """Return the `Card` with the fields of a dict, or say which is wrong."""
    if not isinstance(record, dict):
        raise Refused("its card is no record")
    known = {field.name: field for field in fields(Card)}
    for name in record:
        try:
            look_up(name, known, "field of a card")
        except UnknownName as error:
            raise Refused(str(error), f"a card has {', '.join(known)}") from None
    return Card(**record)


def check_card(card, model):
    """Refuse a card of another model: other classes, images of another size."""
    known = getattr(model, "classes_", None)
    if card.classes and isinstance(known, np.ndarray):
        if known.dtype.kind in "biuf":
            fits = known.min() >= 0 and known.max() < len(card.classes)
        else:
            fits = set(map(str, known.tolist())) <= set(card.classes)
        if not fits:
            raise Refused(
                f"has {len(known)} classes, and its card names {len(card.classes)} "
                "others",
                "name all classes of the data set, in order",
            )
    n_features = getattr(model, "n_features_in_", None)
    if card.image_shape and n_features is not None:
        n_pixels = int(np.prod(card.image_shape, dtype=object))
        if n_pixels != n_features:
            raise Refused(
                f"takes rows of {n_features} numbers, and its card says "
                f"{' x '.join(map(str, card.image_shape))}",
                "pass the image_shape of the data set",
            )


def versions():
    """Return the versions that a prediction may depend on."""
    return {"fercompare": __version__} | {name: version(name) for name in PACKAGES}


def _check(name, is_right, expected):
    if not is_right:
        raise Refused(f"its card has {name} that is not {expected}")


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    return value


def _is_text(value):
    return isinstance(value, str) and len(value) <= MOST_TEXT and value.isprintable()


def _is_size(value):
    return type(value) is int and 0 <= value < 2**63


def _is_number(value):
    return type(value) in (int, float) and -1e300 < value < 1e300


def _is_day(text):
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False
