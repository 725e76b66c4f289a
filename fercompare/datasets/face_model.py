"""Draw faces from numbers: who it is, what the muscles do, and how it was seen.

Every part of a face adds to three layers of a canvas, ``albedo``, ``relief`` and
``crease``. The light comes last, so that one lamp shades all parts alike; then the
camera, with its blur and noise.
"""

import numpy as np

from fercompare.datasets import face_parts
from fercompare.datasets.face_canvas import (
    DRAWN,
    LAYERS,
    ON_FACE,
    Canvas,
    ellipse,
    ramp,
    ridge,
)


def draw_faces(face, grain, size):
    """Return grey pictures of faces.

    Parameters
    ----------
    face : Columns of ndarray of shape (n, 1), float32
        Action units ``au1`` … ``au26`` (0 at rest, 1 in full), the traits of the
        person and the scene, as ``fercompare.datasets.face_people`` makes them.
    grain : ndarray of shape (n, size*size), float32
        Noise in [-1, 1].
    size : int
        Side of the pictures in pixels.

    Returns
    -------
    ndarray of shape (n, size*size), uint8

    Examples
    --------
    >>> from fercompare.datasets.face_people import (
    ...     EMOTIONS, Dice, make_expressions, make_people, make_scenes)
    >>> dice = Dice("doctest")
    >>> face = make_people(7, dice).join(make_scenes(7, dice))
    >>> face = face.join(make_expressions(np.eye(7), np.ones(7), dice))
    >>> draw_faces(face.upright(), dice.grain(7, 24 * 24), 24).shape
    (7, 576)
    """
    canvas = _sketch(face, grain, size)
    hair = _strands(canvas, face)
    _backdrop(canvas, face, hair)
    canvas.paint(face.skin * (1 + face.age * 0.06 * grain), canvas.head)
    for part, edges in PARTS.items():
        with canvas.window(*edges, names=(*ON_FACE, *DRAWN)) as window:
            part(window, face)
    canvas.smooth(1 - canvas.head)
    _fringe(canvas, face, hair)
    for part, (chosen, *edges) in WORN.items():
        rows = np.flatnonzero(getattr(face, chosen))
        if len(rows):
            with canvas.window(*edges, rows=rows) as window:
                part(window, face.take(rows))
    return _photograph(_light(canvas, face, size), face, grain, size)


def _sketch(face, grain, size):
    """Return an empty canvas with the head in its place and pose."""
    line = (np.arange(size, dtype=np.float32) * 2 + (1 - size)) / size
    right = np.tile(line, size)[None] - face.shift_x
    down = np.repeat(line, size)[None] - face.shift_y
    square = face.roll * face.roll
    cosine = (1 - square) / (1 + square) / face.scale
    sine = 2 * face.roll / (1 + square) / face.scale
    layers = np.empty((len(LAYERS), len(grain), size, size), dtype=np.float32)
    layers[-len(DRAWN) :] = 0
    canvas = Canvas(layers, size * 0.55)
    u = np.add(right * cosine, down * sine, out=canvas.u)
    v = np.subtract(down * cosine, right * sine, out=canvas.v)
    below = (v > 0).astype(np.float32)
    length = face.face_length + face_parts.JAW_DROP * face.au26
    across = u / face.face_width
    across *= across
    rim = np.add(across, _long(v, below, length, face.jaw), out=canvas.rim)
    bulge = ramp(1 - rim)
    np.subtract(u, face.yaw * bulge, out=canvas.x)
    np.subtract(v, face.pitch * bulge, out=canvas.y)
    canvas.head[:] = ramp((1 - rim) * (canvas.pixels * 0.33) + 0.5)
    across = u / (face.face_width + face.hair_volume)
    across *= across
    across += _long(v + 0.12, below, 0.35 + face.hair_length, 0.5)
    canvas.hair[:] = ramp((1 - across) * (canvas.pixels * 0.35) + 0.5) * face.hair
    canvas.grain[:] = grain
    canvas.grain[:, size:] += grain[:, :-size]
    canvas.grain *= 0.7
    return canvas


def _long(v, below, length, roundness):
    """Return the share of ``v`` in an outline: an egg above, a jaw below."""
    v = v * (1.02 + (1 / length - 1.02) * below)
    v *= v
    rest = (1 - roundness) * below
    return v * (1 - rest + rest * v)


def _strands(canvas, face):
    """Return the tone of combed hair, whose locks fan out from the parting."""
    fan = (canvas.u - face.hair_parting) / (canvas.v + 1.9)
    locks = canvas.grain - 1.2 * canvas.ripples(fan, 0.09)
    return face.hair_tone * (1 + face.hair_texture * locks)


def _backdrop(canvas, face, hair):
    """Paint the wall, the hair behind the head, neck, shirt and ears."""
    u, v = canvas.u, canvas.v
    wide = np.abs(u)
    canvas.albedo[:] = face.wall + face.wall_slope_x * u + face.wall_slope_y * v
    canvas.paint(hair, canvas.hair)
    neck = canvas.inside(0.14 + 0.3 * np.maximum(v, 0.8) - wide)
    canvas.paint(face.skin * 0.55, neck * canvas.inside(v - 0.4))
    canvas.paint(face.shirt, canvas.inside(v - 0.92 - 0.2 * u * u + 0.1 * wide))
    ear = ramp(3 - 3 * ellipse(wide - face.face_width, 0.10, v + 0.03, 0.2))
    covered = face.hair * np.minimum(face.hair_length * 3, 1)
    canvas.paint(face.skin * 0.8, ear * (1 - covered))


def _fringe(canvas, face, hair):
    """Lay the hair over the forehead and the temples."""
    u, v = canvas.u, canvas.v
    off = u - face.hair_parting
    line = face.hairline + face.hair_curve * off * off
    line += canvas.grain * (face.hair_texture * 0.06)
    temple = 7 * ramp(np.abs(u) - face.face_width + face.hair_side)
    line += temple * ramp((face.hair_length + 0.2 - v) * 4)
    line -= v
    cover = canvas.inside(line) * canvas.hair
    arc = (v + 0.68 + 0.5 * u * u) * 6
    sheen = ramp(1 - arc * arc) * (face.hair_texture * 2)
    canvas.paint(hair * (1 + sheen), cover)
    canvas.crease += canvas.stroke(line, 0.08) * canvas.head * (0.15 * face.hair)
    canvas.smooth(cover)


def _hand(canvas, face):
    """Hold a hand before the face, from any side."""
    square = face.hand_turn * face.hand_turn
    cosine, sine = (1 - square) / (1 + square), 2 * face.hand_turn / (1 + square)
    along = (canvas.u * cosine + canvas.v * sine) * face.hand_side
    across = canvas.v * cosine - canvas.u * sine - face.hand_place
    finger = across * (1 / 0.13)
    finger = ridge(finger - np.floor(finger) - 0.5, 0.6)
    tips = 0.2 - 1.5 * across * across + 0.1 * finger
    cover = canvas.inside(0.26 - np.abs(across)) * canvas.inside(along + tips)
    canvas.paint(face.skin * 0.9, cover)
    canvas.smooth(cover)
    canvas.relief += 0.025 * cover * finger
    canvas.crease += 0.22 * cover * canvas.ripples(across + 0.065, 0.13)


def _mask(canvas, face):
    """Cover mouth and nose with a cloth."""
    cover = canvas.inside(canvas.y - 0.12 - 0.25 * canvas.x * canvas.x)
    cover *= ramp((1.12 - canvas.rim) * 8)
    canvas.paint(face.mask_tone, cover)
    canvas.crease *= 1 - cover
    canvas.relief *= 1 - 0.7 * cover
    canvas.crease += 0.12 * cover * canvas.ripples(canvas.y, 0.16)


def _light(canvas, face, size):
    """Return the canvas lit from one side and, more weakly, from all around."""
    relief = canvas.relief.reshape(-1, size, size)
    rise = np.zeros_like(relief)
    from_x, from_y = (
        lamp[..., None] * (size / 4) for lamp in (face.light_x, face.light_y)
    )
    rise[:, :, 1:-1] -= (relief[:, :, 2:] - relief[:, :, :-2]) * from_x
    rise[:, 1:-1] -= (relief[:, 2:] - relief[:, :-2]) * from_y
    egg = np.sqrt(ramp(1 - canvas.rim)) * face.light_z
    sideways = canvas.u * (0.6 * face.light_x)
    egg += canvas.v * (0.75 * face.light_y)
    egg += sideways - 0.3
    egg *= canvas.head
    egg += sideways + (face.ambient + 0.3)
    egg += rise.reshape(egg.shape) * face.depth
    shade = egg.clip(0.08, 4)
    shade *= (1 - canvas.crease).clip(0.15, 2)
    shade *= canvas.albedo
    return shade


def _photograph(light, face, grain, size):
    """Return ``light`` as a camera keeps it: blurred, noisy, in 256 greys."""
    light *= face.exposure
    picture = 1.6 * light
    light *= 0.6
    light += 1
    picture /= light
    grid = picture.reshape(-1, size, size)
    soft = grid.copy()
    soft[:, 1:-1] = 0.5 * grid[:, 1:-1] + 0.25 * (grid[:, 2:] + grid[:, :-2])
    across = soft[:, :, 2:] + soft[:, :, :-2]
    soft[:, :, 1:-1] = 0.5 * soft[:, :, 1:-1] + 0.25 * across
    soft = soft.reshape(picture.shape)
    soft -= picture
    soft *= face.blur
    picture += soft
    picture += grain[:, ::-1] * face.noise
    picture -= 0.45
    picture *= 255 * face.contrast
    picture += 0.45 * 255 + 0.5
    return picture.clip(0, 255).astype(np.uint8)


PARTS = {
    face_parts.eyes: (0.15, 0.60, 0.06, 0.94),
    face_parts.brows: (0.04, 0.53, 0.03, 0.97),
    face_parts.forehead: (0.0, 0.58, 0.19, 0.81),
    face_parts.nose: (0.21, 0.77, 0.23, 0.77),
    face_parts.mouth: (0.54, 1.0, 0.17, 0.83),
    face_parts.cheeks: (0.30, 1.0, 0.05, 0.95),
}
"""Every part of a face, and the top, bottom, left and right of what it may touch."""

WORN = {
    face_parts.beard: ("bearded", 0.44, 1.0, 0.0, 1.0),
    face_parts.glasses: ("glasses", 0.19, 0.64, 0.0, 1.0),
    _hand: ("hand", 0.0, 1.0, 0.0, 1.0),
    _mask: ("mask", 0.42, 1.0, 0.0, 1.0),
}
"""What some faces have: the number that is 0 for all others, and the same edges."""
