"""What a model sees in the faces of a picture."""

from pathlib import Path

import numpy as np

from fercompare.errors import DataError
from fercompare.faces.align import MARGIN, align, check_margin
from fercompare.saving.models import load_model, read_card
from fercompare.saving.shipped import SHIPPED


class Recognizer:
    """A model's file, asked about faces; it and its card say all that is needed.

    Parameters
    ----------
    path : path, optional
        What `save_model` wrote; without, it is the network of the package.
    margin : float, default=0.0
        See `align`.
    level : bool, default=True
        See `align`.

    Attributes
    ----------
    name : str
        Of the file.
    classes : tuple of str
    image_shape : tuple of int
    card : Card
    model : estimator
    has_probabilities : bool
        Otherwise the class that the model decides for has 1, the others have 0.

    Examples
    --------
    >>> from fercompare.faces.base import Face
    >>> recognizer = Recognizer()
    >>> picture = np.zeros((90, 90, 3), np.uint8)
    >>> recognizer.look(picture, [Face((20, 20, 70, 70), 0.9)]).shape
    (1, 7)
    """

    def __init__(self, path=None, *, margin=MARGIN, level=True):
        check_margin(margin)
        path = SHIPPED if path is None else Path(path)
        self.margin, self.level = margin, level
        self.name = path.stem
        self.model, self.card = load_model(path), read_card(path)
        self.classes, self.image_shape = self.card.classes, self.card.image_shape
        for field in ("classes", "image_shape"):
            if not getattr(self, field):
                raise DataError(
                    f"the model's card does not say its {field}",
                    file=path,
                    remedy="save it with card={'classes': …, 'image_shape': …}",
                )
        self.has_probabilities = hasattr(self.model, "predict_proba")

    def crops(self, picture, faces):
        """Return the faces as rows that the model takes, ``(n, h*w[*3])``.

        Parameters
        ----------
        picture : uint8 array of shape (h, w) or (h, w, 3)
        faces : list of Face
        """
        rows = np.empty((len(faces), int(np.prod(self.image_shape))), np.uint8)
        for row, face in zip(rows, faces):
            crop = align(
                picture, face, self.image_shape, margin=self.margin, level=self.level
            )
            row[:] = crop.reshape(-1)
        return rows

    def probabilities(self, rows):
        """Return the probability of each class, float32 ``(n, n_classes)``.

        Parameters
        ----------
        rows : uint8 array of shape (n, h*w[*3])
        """
        found = np.zeros((len(rows), len(self.classes)), np.float32)
        if not len(rows):
            return found
        places = self._places()
        if self.has_probabilities:
            found[:, places] = self.model.predict_proba(rows)
        else:
            decided = np.searchsorted(self.model.classes_, self.model.predict(rows))
            found[np.arange(len(rows)), places[decided]] = 1
        return found

    def look(self, picture, faces):
        """Return the probability of each class for each face of a picture."""
        return self.probabilities(self.crops(picture, faces))

    def _places(self):
        """Return the column of each of the model's classes."""
        known = np.asarray(self.model.classes_)
        if known.dtype.kind in "iuf":
            return known.astype(np.intp)
        return np.array([self.classes.index(str(name)) for name in known], np.intp)
