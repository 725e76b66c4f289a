"""The canvas that faces are drawn on, and the few shapes they are drawn with.

Only float32 ``+ - * /``, square roots, comparisons, minimum, maximum and floor are
used on pixels. IEEE 754 fixes the result of each to the last bit, so a picture is the
same on every machine; exponentials, sines, matrix products and sums are not.
"""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np

FINE_LINE = 1 / 24
"""Width of a thin line in face units: one pixel of a 48 x 48 picture."""

ON_HEAD = ("u", "v", "rim", "head", "hair")
ON_FACE = ("x", "y", "grain")
DRAWN = ("albedo", "relief", "crease")
LAYERS = (*ON_HEAD, *ON_FACE, *DRAWN)


class Columns(SimpleNamespace):
    """Named arrays with one row a picture.

    Examples
    --------
    >>> smiles = Columns(au12=np.array([0.0, 0.9])).join(Columns(au25=np.zeros(2)))
    >>> smiles.take([1]).upright()
    Columns(au12=array([[0.9]], dtype=float32), au25=array([[0.]], dtype=float32))
    """

    def take(self, rows):
        """Return the same columns for some pictures."""
        return Columns(**{name: column[rows] for name, column in vars(self).items()})

    def join(self, other):
        """Return these columns and those of ``other``."""
        return Columns(**vars(self), **vars(other))

    def upright(self):
        """Return the columns as float32 of shape ``(n, 1)``, to meet rows of pixels."""
        flat = vars(self).items()
        return Columns(**{k: v.astype(np.float32)[:, np.newaxis] for k, v in flat})


class Canvas:
    """The layers of ``n`` pictures and the coordinates of their pixels.

    A face lives in coordinates of its own: ``(0, 0)`` is the bridge of the nose, the
    ears are near ``x = ±0.65``, the chin near ``y = 0.9``, and a picture is about two
    units wide.

    Parameters
    ----------
    layers : ndarray of shape (n_layers, n, height, width), float32
        The last of ``LAYERS``, each an attribute of shape ``(n, height*width)``:

        ``u, v``
            Right and down on the head, as it is seen.
        ``rim``
            0 in the middle of the face, 1 at its outline.
        ``head, hair``
            How much of the pixel the face, or the hair around it, covers.
        ``x, y``
            Right and down on the face, which moves when the head turns.
        ``grain``
            Noise about 0 for hair, skin and beard.
        ``albedo, relief, crease``
            How bright the surface is, how far it stands out, and how much light a
            fold swallows: what is drawn.
    pixels : float
        Pixels in a unit.

    Examples
    --------
    >>> canvas = Canvas(np.zeros((len(LAYERS), 1, 1, 4), np.float32), pixels=2)
    >>> canvas.paint(0.5, canvas.inside(np.array([[-1, 0, 0.125, 1]])))
    >>> canvas.albedo
    array([[0.   , 0.25 , 0.375, 0.5  ]], dtype=float32)
    """

    def __init__(self, layers, pixels):
        self.layers, self.pixels = layers, pixels
        flat = layers.reshape(*layers.shape[:2], -1)
        self.__dict__ |= dict(zip(LAYERS[-len(layers) :], flat))

    @contextmanager
    def window(self, top, bottom, left, right, *, rows=slice(None), names=LAYERS):
        """Hand out a copy between four edges (0 to 1), and put it back in the end.

        A contiguous copy is drawn on several times as fast as a view of the whole.

        Parameters
        ----------
        top, bottom, left, right : float
        rows : slice or array of int
            Which pictures.
        names : tuple of str
            Which layers: the last few of ``LAYERS``.
        """
        size = self.layers.shape[-1]
        top, bottom, left, right = (round(x * size) for x in (top, bottom, left, right))
        place = np.s_[:, rows, top:bottom, left:right]
        seen = self.layers[-len(names) :][place]
        copy = Canvas(np.ascontiguousarray(seen), self.pixels)
        yield copy
        self.layers[-len(DRAWN) :][place] = copy.layers[-len(DRAWN) :]

    def inside(self, distance):
        """Return the cover of the area where ``distance`` to its edge is positive."""
        return ramp(distance * self.pixels + 0.5)

    def stroke(self, distance, width=FINE_LINE):
        """Return the cover of a soft line where ``distance`` is zero."""
        return ramp(1 - np.abs(distance) * min(1 / width, self.pixels))

    def ripples(self, distance, spacing):
        """Return the cover of parallel lines, ``spacing`` apart."""
        wave = distance * (1 / spacing)
        wave -= np.floor(wave)
        return self.stroke((wave - 0.5) * spacing)

    def paint(self, tone, cover):
        """Lay ``tone`` over the albedo where ``cover`` is 1."""
        self.albedo += (tone - self.albedo) * cover

    def smooth(self, cover):
        """Take relief and creases away where ``cover`` is 1."""
        bare = 1 - cover
        self.relief *= bare
        self.crease *= bare


def ellipse(x, width, y, height):
    """Return 0 in the middle of an ellipse and 1 on its outline.

    Examples
    --------
    >>> ellipse(np.array([0.0, 2.0, 0.0]), 2, np.array([0.0, 0.0, 2.0]), 1)
    array([0., 1., 4.])
    """
    x = x * (1 / width)
    y = y * (1 / height)
    x *= x
    y *= y
    x += y
    return x


def dome(x, width, y, height):
    """Return a round hill of height 1 over an ellipse.

    Examples
    --------
    >>> dome(np.array([0.0, 1.0, 2.0]), 2, np.zeros(3), 1)
    array([1.    , 0.5625, 0.    ])
    """
    rest = ramp(1 - ellipse(x, width, y, height))
    rest *= rest
    return rest


def ridge(x, width):
    """Return a long hill of height 1 where ``x`` is within ``width`` of 0.

    Examples
    --------
    >>> ridge(np.array([0.0, 1.0, 2.0]), 2)
    array([1.    , 0.5625, 0.    ])
    """
    x = x * (1 / width)
    x *= x
    rest = ramp(1 - x)
    rest *= rest
    return rest


def ramp(x):
    """Return ``x``, no less than 0 and no more than 1.

    Examples
    --------
    >>> ramp(np.array([-1.0, 0.5, 2.0]))
    array([0. , 0.5, 1. ])
    """
    return x.clip(0, 1)
