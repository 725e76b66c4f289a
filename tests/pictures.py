"""Pictures with faces: of those that scikit-image ships, and drawn ones."""

import numpy as np
from PIL import Image
from skimage.data import astronaut

from fercompare import load_dataset

FACE = (226, 116)
"""Middle of the astronaut's face, which is 96 x 120 pixels large."""
SQUARE = 240


def square():
    """Return the astronaut's face and what is around it, uint8 (240, 240, 3)."""
    left, top = FACE[0] - SQUARE // 2, FACE[1] - 116
    return astronaut()[top : top + SQUARE, left : left + SQUARE]


def turned(picture, degrees):
    """Return a picture turned clockwise around its middle; its border is cut off."""
    edge = max(picture.shape) // 3
    around = [(edge, edge), (edge, edge)] + [(0, 0)] * (picture.ndim - 2)
    image = Image.fromarray(np.pad(picture, around, mode="edge"))
    whole = np.asarray(image.rotate(-degrees, Image.Resampling.BICUBIC))
    return whole[edge:-edge, edge:-edge]


def resized(picture, side):
    """Return a picture as a square of a side."""
    return np.asarray(Image.fromarray(picture).resize((side, side)))


def drawn(n):
    """Return n faces of the synthetic set, enlarged, uint8 (n, 192, 192)."""
    return [resized(face, 192) for face in load_dataset("synthetic", n=300).images[:n]]


def mosaic(rows, columns, side):
    """Return a picture of the same face again and again."""
    return np.tile(resized(square(), side), (rows, columns, 1))


def stored_eight_ways(picture, folder):
    """Write a picture in each of the 8 ways that EXIF knows, and return the paths."""
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }
    paths = []
    for orientation, store in undo.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        paths.append(folder / f"{orientation}.png")
        stored = np.ascontiguousarray(store(picture))
        Image.fromarray(stored).save(paths[-1], exif=exif)
    return paths
