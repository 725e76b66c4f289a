"""From an image file to one row of uint8: the only home of Pillow.

The rule, for every file alike: turn the picture as its EXIF says; scale 16-bit grey
to 8; lay transparent pictures on white; make it grey by `fercompare.images.to_grey`
(or keep red, green and blue); then resize to ``image_shape``, stretching where the
proportions differ, by Pillow's antialiased bilinear filter.
"""

import io
import os
import stat
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from fercompare.errors import DataError
from fercompare.images import as_rows, to_grey
from fercompare.terminal import track

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "PPM", "TIFF")
SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif"),
    *(".pgm", ".ppm", ".tif", ".tiff"),
)
MOST_BYTES = 64 * 2**20
MOST_PIXELS = 16_000_000
MOST_PIXELS_TO_SEARCH = 64_000_000
"""Of a picture in which faces are looked for."""
FACE_SHAPE = (48, 48)


def is_image(path):
    """Tell by its name whether a file should be an image."""
    return os.path.splitext(path)[1].lower() in SUFFIXES


@dataclass
class ImageReader:
    """Reads files into rows, and says what becomes of those that cannot be read.

    Parameters
    ----------
    image_shape : tuple of int, default=(48, 48)
        Height and width of every image.
    color : bool, default=False
        Keep red, green and blue.
    on_error : {"raise", "skip"}, default="raise"
        Whether a file that cannot be read ends the reading or is listed in
        ``skipped``.
    """

    image_shape: tuple = FACE_SHAPE
    color: bool = False
    on_error: str = "raise"
    skipped: list = field(default_factory=list)

    def __post_init__(self):
        if self.on_error not in ("raise", "skip"):
            raise DataError(f"on_error={self.on_error!r} is neither 'raise' nor 'skip'")
        shape = tuple(self.image_shape)
        if len(shape) != 2 or not all(1 <= side <= 4096 for side in shape):
            raise DataError(
                f"image_shape={shape!r} is not (height, width), each 1 to 4096"
            )
        self.image_shape = tuple(int(side) for side in shape)

    @property
    def row_shape(self):
        """Shape of the images: ``(h, w)``, or ``(h, w, 3)`` in colour."""
        return (*self.image_shape, 3) if self.color else self.image_shape

    def refuse(self, error):
        """Raise ``error``, or note it as skipped."""
        if self.on_error == "raise":
            raise error
        self.skipped.append(error)

    def read(self, path):
        """Return one file as a row of uint8."""
        return fit(decode(path), self.image_shape, self.color).reshape(-1)

    def read_many(self, paths, what="reading images"):
        """Return the rows ``(m, h*w[*3])`` of the readable files, and a mask of them.

        Nothing but the result is held in memory.
        """
        X = np.empty((len(paths), int(np.prod(self.row_shape))), dtype=np.uint8)
        kept = np.zeros(len(paths), dtype=bool)
        for k, path in enumerate(track(paths, what)):
            try:
                X[k] = self.read(path)
            except DataError as error:
                self.refuse(error)
            else:
                kept[k] = True
        return (X if kept.all() else X[kept]), kept

    def fit_stack(self, stack):
        """Return images that were read by other means as rows of this reader."""
        if stack.shape[1:] == self.row_shape:
            return as_rows(stack)
        X = np.empty((len(stack), int(np.prod(self.row_shape))), dtype=np.uint8)
        for k, image in enumerate(track(stack, "resizing images")):
            X[k] = fit(image, self.image_shape, self.color).reshape(-1)
        return X


def decode(path, most_pixels=MOST_PIXELS):
    """Return the image in a file as uint8, ``(h, w)`` or ``(h, w, 3)``, upright."""
    path = Path(path)
    _check_file(path)
    return _decode(path, path, most_pixels)


def decode_bytes(content, name="picture", most_pixels=MOST_PIXELS):
    """Return the image in the bytes of a file, which errors call ``name``."""
    return _decode(io.BytesIO(content), name, most_pixels)


def _decode(source, path, most_pixels):
    with _decoder_errors(path, most_pixels):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(source, formats=FORMATS)
        with image:
            _check_header(path, image, most_pixels)
            image.load()
            return _to_uint8(path, ImageOps.exif_transpose(image))


def fit(image, image_shape, color=False):
    """Return one uint8 image in the wanted size, and in grey unless ``color``."""
    if color and image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    elif not color and image.ndim == 3:
        image = to_grey(image)
    if image.shape[:2] == tuple(image_shape):
        return image
    height, width = image_shape
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def _check_file(path):
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", file=path) from error
    if not stat.S_ISREG(status.st_mode):
        raise DataError("is not a regular file", file=path, remedy="take it out")
    if status.st_size == 0:
        raise DataError("is empty", file=path, remedy="get the file again")
    if status.st_size > MOST_BYTES:
        raise DataError(
            f"is {status.st_size:,} bytes long, more than {MOST_BYTES:,}",
            file=path,
            remedy="save the face in it as a smaller picture",
        )


@contextmanager
def _decoder_errors(path, most_pixels):
    try:
        yield
    except DataError:
        raise
    except PermissionError as error:
        raise DataError("may not be read", file=path) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(path, "far", most_pixels) from error
    except Exception as error:  # whatever a decoder trips over, the file is at fault
        raise DataError(
            f"cannot be decoded as an image ({type(error).__name__})",
            file=path,
            remedy=f"get the file again; readable are {', '.join(FORMATS)}",
        ) from error


def _too_many_pixels(path, size, most_pixels):
    return DataError(
        f"has {size} more than {most_pixels:,} pixels",
        file=path,
        remedy="save it smaller, or cut the face out",
    )


def _check_header(path, image, most_pixels):
    pixels = image.width * image.height
    if pixels > most_pixels:
        raise _too_many_pixels(path, f"{pixels:,},", most_pixels)
    if (frames := getattr(image, "n_frames", 1)) > 1:
        raise DataError(
            f"holds {frames} frames",
            file=path,
            remedy="save the frame that shows the expression as a still picture",
        )


def _to_uint8(path, image):
    if image.mode in ("L", "RGB"):
        return np.asarray(image)
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.mode.startswith("I;16"):
        wide = np.asarray(image).astype(np.uint32)
        return ((wide + 128) // 257).astype(np.uint8)
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        return np.asarray(image.convert("RGB"))
    if image.mode in ("P", "PA", "LA", "La", "RGBA", "RGBa", "RGBX"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return np.asarray(Image.alpha_composite(white, image).convert("RGB"))
    raise DataError(
        f"has pixels of an unusual kind ({image.mode})",
        file=path,
        remedy="save it with 8 or 16 bits a channel",
    )
