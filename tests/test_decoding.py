"""Every kind of image file becomes the right row, or one clear error."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from fercompare.decoding import ImageReader, decode, fit
from fercompare.errors import DataError
from fercompare.images import as_rows, as_stack, to_grey

RAMP = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))


def saved(tmp_path, image, name="face.png", **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


def test_grey_pixels_survive_every_lossless_way_of_writing_them(tmp_path):
    grey = Image.fromarray(RAMP)
    ways = {
        "grey.png": grey,
        "grey.bmp": grey,
        "grey.tiff": grey,
        "grey.pgm": grey,
        "colour.png": grey.convert("RGB"),
        "colour.tiff": grey.convert("RGB"),
        "alpha.png": grey.convert("RGBA"),
        "grey-alpha.png": grey.convert("LA"),
        "palette.png": grey.convert("P"),
        "palette.gif": grey,
        "wide.png": Image.fromarray(RAMP.astype(np.uint16) * 257),
        "wide.tiff": Image.fromarray(RAMP.astype(np.uint16) * 257),
    }
    for name, image in ways.items():
        row = ImageReader().read(saved(tmp_path, image, name))
        assert np.array_equal(row, RAMP.ravel()), name


def test_one_bit_images_are_black_and_white(tmp_path):
    path = saved(tmp_path, Image.fromarray(RAMP > 100))
    assert set(ImageReader().read(path)) == {0, 255}


def test_cmyk_is_not_inverted(tmp_path):
    grey = Image.fromarray(RAMP).convert("RGB").convert("CMYK")
    for name in ("face.jpg", "face.tiff"):
        row = ImageReader().read(saved(tmp_path, grey, name))
        assert np.abs(row.astype(int) - RAMP.ravel()).max() <= 4, name


def test_transparent_pixels_lie_on_white(tmp_path):
    clear = Image.new("RGBA", (48, 48), (0, 0, 0, 0))
    assert (ImageReader().read(saved(tmp_path, clear)) == 255).all()


def test_every_exif_orientation_is_turned_upright(tmp_path):
    turns = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.T,
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).T,
        8: lambda a: np.rot90(a, -1),
    }
    upright = np.add.outer(np.arange(48) * 3, np.arange(48)).astype(np.uint8)
    for orientation, turn in turns.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = Image.fromarray(np.ascontiguousarray(turn(upright)))
        path = saved(tmp_path, stored, f"{orientation}.png", exif=exif)
        assert np.array_equal(decode(path), upright), orientation


def test_colour_is_kept_on_request(tmp_path):
    red = Image.new("RGB", (10, 20), (200, 0, 0))
    row = ImageReader((4, 6), color=True).read(saved(tmp_path, red))
    assert as_stack(row[None], (4, 6, 3))[0, 0, 0].tolist() == [200, 0, 0]
    grey = ImageReader((4, 6)).read(tmp_path / "face.png")
    assert set(grey) == {60}


@given(arrays(np.uint8, (5, 3, 3)))
def test_grey_is_the_rounded_luma(image):
    exact = image.astype(float) @ (0.299, 0.587, 0.114)
    assert np.abs(to_grey(image) - exact).max() <= 0.5 + 1e-9


@given(arrays(np.uint8, st.tuples(*[st.integers(1, 9)] * 3)))
def test_rows_and_stacks_are_the_same_memory(stack):
    rows = as_rows(stack)
    assert np.array_equal(as_stack(rows, stack.shape[1:]), stack)
    assert np.shares_memory(rows, stack)


def test_fitting_keeps_a_constant_image_constant():
    image = np.full((100, 37), 93, np.uint8)
    assert set(fit(image, (48, 48)).ravel()) == {93}


def png_of(width, height):
    """Return the first bytes of a PNG that claims to be huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def animated(form):
    frames = [Image.new("L", (48, 48), shade) for shade in (0, 255)]
    stream = io.BytesIO()
    frames[0].save(stream, form, save_all=True, append_images=frames[1:])
    return stream.getvalue()


def jpeg():
    stream = io.BytesIO()
    Image.fromarray(RAMP).save(stream, "JPEG")
    return stream.getvalue()


BAD_FILES = {
    "empty.png": (b"", "is empty"),
    "text.png": (b"this is no picture", "cannot be decoded"),
    "cut.jpg": (jpeg()[:400], "cannot be decoded"),
    "corrupt.jpg": (jpeg()[:20] + b"\0" * 300, "cannot be decoded"),
    "cut.png": (png_of(48, 48)[:60], "cannot be decoded"),
    "short.png": (png_of(48, 48), "cannot be decoded"),
    "bomb.png": (png_of(10_000, 10_000), "100,000,000, more than"),
    "far-bomb.png": (png_of(60_000, 60_000), "more than 16,000,000 pixels"),
    "animated.gif": (animated("GIF"), "holds 2 frames"),
    "animated.png": (animated("PNG"), "holds 2 frames"),
    "animated.webp": (animated("WEBP"), "holds 2 frames"),
    "pages.tiff": (animated("TIFF"), "holds 2 frames"),
    "script.eps.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "cannot"),
    "page.jpg": (b"%PDF-1.4\n", "cannot be decoded"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_named_or_left_out(tmp_path, name):
    content, message = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        ImageReader().read_many([path])
    assert str(path) in str(caught.value)
    lenient = ImageReader(on_error="skip")
    good = saved(tmp_path, Image.fromarray(RAMP), "good.png")
    X, kept = lenient.read_many([path, good])
    assert kept.tolist() == [False, True]
    assert np.array_equal(X[0], RAMP.ravel())
    assert [error.file for error in lenient.skipped] == [path]


def test_32_bit_images_are_refused(tmp_path):
    path = saved(tmp_path, Image.fromarray(RAMP.astype(np.float32)), "deep.tiff")
    with pytest.raises(DataError, match=r"unusual kind \(F\)"):
        decode(path)


def test_what_is_no_file_is_refused(tmp_path):
    folder = tmp_path / "folder.png"
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("folder.png", "pipe.png"):
        with pytest.raises(DataError, match="is not a regular file"):
            decode(tmp_path / name)
    with pytest.raises(DataError, match="cannot be read"):
        decode(tmp_path / "nowhere.png")


def test_an_enormous_file_is_not_read(tmp_path):
    with open(tmp_path / "huge.png", "wb") as stream:
        stream.truncate(2**30)
    with pytest.raises(DataError, match="1,073,741,824 bytes long"):
        decode(tmp_path / "huge.png")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads anything")
def test_a_file_without_permission_is_refused(tmp_path):
    path = saved(tmp_path, Image.fromarray(RAMP))
    path.chmod(0)
    with pytest.raises(DataError, match="may not be read"):
        decode(path)


@settings(deadline=None, max_examples=80)
@given(at=st.integers(0, 700), bits=st.integers(1, 255))
def test_a_flipped_byte_gives_an_image_or_one_error(tmp_path_factory, at, bits):
    content = bytearray(jpeg())
    content[at % len(content)] ^= bits
    path = tmp_path_factory.mktemp("flip") / "face.jpg"
    path.write_bytes(content)
    try:
        assert ImageReader().read(path).shape == (2304,)
    except DataError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("shape", [(0, 48), (48,), (48, 48, 3), (48, 99999)])
def test_a_silly_shape_is_refused(shape):
    with pytest.raises(DataError, match="image_shape"):
        ImageReader(shape)
