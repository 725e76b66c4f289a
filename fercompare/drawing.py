"""Pictures with faces marked in them, and pictures as bytes of a file."""

import io
from functools import cache, lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fercompare.containers.archive import write_whole
from fercompare.errors import look_up

FORMATS = {"png": {}, "jpeg": {"quality": 92, "subsampling": 0}}
COLOR, DARK, LIGHT = (255, 196, 0), (16, 16, 16), (255, 255, 255)
TEXT_SHARE, SMALLEST_TEXT, LARGEST_TEXT = 1 / 32, 10, 64
LINE, BAR = 1.3, 5
"""Height of a line and length of a bar, in heights of the text."""


def annotate(picture, faces, labels, *, bars=None, names=(), points=False):
    """Return a copy of a picture with a box and a label a face, and bars beside it.

    Parameters
    ----------
    picture : uint8 array of shape (h, w) or (h, w, 3)
    faces : list of Face
    labels : list of str
        What stands above each box; nothing where it is empty.
    bars : array of shape (n_faces, k), optional
        Numbers from 0 to 1 that are drawn as bars.
    names : sequence of str
        What stands on each of the ``k`` bars.
    points : bool, default=False
        Mark eyes, nose and mouth too, where they are known.

    Returns
    -------
    picture : uint8 array of shape (h, w, 3)

    Examples
    --------
    >>> class Face:
    ...     box, points = (20.0, 30.0, 70.0, 90.0), None
    >>> blank = np.zeros((120, 160), np.uint8)
    >>> marked = annotate(blank, [Face], ["happy"], bars=[[0.9, 0.1]], names=["a", "b"])
    >>> marked.shape, bool(marked.any()), bool(blank.any())
    ((120, 160, 3), True, False)
    """
    image = Image.fromarray(picture)
    image = image.copy() if image.mode == "RGB" else image.convert("RGB")
    pen = ImageDraw.Draw(image)
    height = _text_height(image.size)
    for k, (face, label) in enumerate(zip(faces, labels)):
        _draw_box(pen, face.box, height)
        if points and face.points is not None:
            for x, y in face.points:
                _draw_dot(pen, x, y, height / 6)
        if bars is not None:
            _draw_bars(image, pen, face.box, bars[k], names, height)
        if label:
            _draw_label(image, pen, face.box, label, height)
    return np.asarray(image)


def encode(picture, form="png"):
    """Return a picture as the bytes of a file.

    Parameters
    ----------
    picture : uint8 array of shape (h, w) or (h, w, 3)
    form : {"png", "jpeg"}, default="png"

    Examples
    --------
    >>> encode(np.zeros((4, 4), np.uint8))[1:4]
    b'PNG'
    """
    options = look_up(form, FORMATS, "format of pictures")
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, form, **options)
    return stream.getvalue()


def save_picture(picture, path):
    """Write a picture as a png file, whole or not at all."""
    write_whole(path, [encode(picture)])


def _text_height(size):
    return round(min(max(min(size) * TEXT_SHARE, SMALLEST_TEXT), LARGEST_TEXT))


@cache
def _font(height):
    return ImageFont.load_default(height)


@lru_cache(maxsize=1024)
def _written(text, height):
    """Return a text as a mask; the same few are written on every frame of a film."""
    font = _font(height)
    width = max(1, round(font.getlength(text)))
    mask = Image.new("L", (width, round(LINE * height)))
    ImageDraw.Draw(mask).text((0, mask.height / 2), text, 255, font, anchor="lm")
    return mask


def _draw_box(pen, box, height):
    width = max(2, height // 6)
    pen.rectangle(_ordered(box), outline=DARK, width=width + 2)
    inner = (box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1)
    pen.rectangle(_ordered(inner), outline=COLOR, width=width)


def _ordered(box):
    left, top, right, bottom = box
    return left, top, max(left, right), max(top, bottom)


def _draw_dot(pen, x, y, radius):
    radius = max(1.5, radius)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), COLOR, DARK)


def _draw_label(image, pen, box, label, height):
    """Write above the box, or inside it where there is no room above."""
    mask, space = _written(label, height), height // 3
    width = mask.width + 2 * space
    left = _inside(box[0], width, image.width)
    top = _inside(box[1] - mask.height, mask.height, image.height)
    pen.rectangle((left, top, left + width, top + mask.height), COLOR)
    image.paste(DARK, (left + space, top), mask)


def _draw_bars(image, pen, box, shares, names, height):
    """Draw a line a class: right of the box, left of it, or inside it."""
    masks, space = [_written(name, height) for name in names], height // 3
    words = max((mask.width for mask in masks), default=0) + 2 * space
    width, line = words + BAR * height, round(LINE * height)
    left = round(box[2]) + space
    if left + width > image.width:
        left = round(box[0]) - space - width
    if left < 0:
        left = _inside(box[0], width, image.width)
    top = _inside(box[1], line * len(masks), image.height)
    pen.rectangle((left, top, left + width, top + line * len(masks)), DARK)
    for mask, share in zip(masks, shares):
        image.paste(LIGHT, (left + space, top), mask)
        end = left + words + (BAR * height - space) * float(share)
        pen.rectangle((left + words, top + 2, end, top + line - 2), COLOR)
        top += line


def _inside(start, length, most):
    return round(min(max(start, 0), max(0, most - length)))
