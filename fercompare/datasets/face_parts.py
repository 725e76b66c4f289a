"""The parts of a drawn face: each adds to the layers of a canvas.

What a muscle does is said in action units (Ekman and Friesen's Facial Action Coding
System), 0 at rest and 1 in full:

====  ====================  ====  ====================  ====  ====================
au1   inner brow raiser     au7   lid tightener         au16  lower lip depressor
au2   outer brow raiser     au9   nose wrinkler         au17  chin raiser
au4   brow lowerer          au10  upper lip raiser      au20  lip stretcher
au5   upper lid raiser      au12  lip corner puller     au23  lip tightener
au6   cheek raiser          au15  lip corner depressor  au25  lips part
..    ..                    ..    ..                    au26  jaw drop
====  ====================  ====  ====================  ====  ====================

Lengths are in face units; see ``fercompare.datasets.face_canvas.Canvas``.
"""

import numpy as np

from fercompare.datasets.face_canvas import Columns, dome, ramp, ridge

JAW_DROP = 0.10
"""How far the chin sinks at au26 = 1."""


def eyes(canvas, face):
    """Draw sockets, lids and eyeballs."""
    x = np.abs(canvas.x) - face.eye_x
    y = canvas.y - face.eye_y - face.eye_tilt * x
    socket = dome(x, 0.27, y + 0.03, 0.21)
    canvas.crease += face.socket * socket
    canvas.relief += 0.045 * dome(x, 0.2, y, 0.14) - 0.07 * socket
    along = x / face.eye_width
    arch = ramp(1 - along * along)
    slant = 0.25 * (face.au1 - 0.7 * face.au4 + 0.2)
    top = _upper_lid(face) * arch * (slant * along - 1)
    bottom = _lower_lid(face) * arch
    width = np.abs(along)
    opening = canvas.inside(np.minimum(y - top, bottom - y)) * ramp(4 - 4 * width)
    canvas.paint(_eyeball(canvas, face, x, y, top), opening)
    lashes = ramp(5.6 - 5 * width)
    canvas.albedo *= 1 - (1 - face.lash) * lashes * canvas.stroke(y - top + 0.008)
    canvas.albedo *= 1 - 0.22 * lashes * canvas.stroke(y - bottom - 0.012)
    fold = canvas.stroke(y - 1.1 * top + 0.055) * lashes
    canvas.crease += fold * (0.14 + 0.10 * face.au5 + 0.08 * face.age)
    bag = canvas.stroke(y - 0.085 - 0.05 * arch + 0.03 * face.au6, 0.06)
    bag *= ramp(2.85 - 3 * width)
    depth = 0.04 + 0.12 * face.age + 0.18 * face.au6 + 0.06 * face.au9
    canvas.crease += bag * depth
    rays = np.abs(y - 0.02) - 0.35 * np.maximum(x - face.eye_width, 0)
    rays = canvas.stroke(rays) * ramp(4 * along - 4.6) * ramp(6 - 3 * along)
    canvas.crease += rays * (face.au6 * (0.12 + 0.3 * face.age))


def _upper_lid(face):
    lowered = 0.030 * face.au7 + 0.015 * (face.au6 + face.au9) + 0.012 * face.au4
    opened = face.eye_open + 0.055 * face.au5 - lowered - face.blink
    return np.maximum(opened, 0.006)


def _lower_lid(face):
    raised = 0.024 * face.au7 + 0.03 * face.au6 + 0.018 * face.au9
    return np.maximum(face.eye_low + 0.008 * face.au5 - raised, -0.008)


def _eyeball(canvas, face, x, y, top):
    shadow = ramp(1 - (y - top) * 16)
    side = np.clip(canvas.x * canvas.pixels, -1, 1)
    x = x - side * face.gaze_x
    y = y - face.gaze_y + 0.012
    away = np.sqrt(x * x + y * y)
    iris = canvas.inside(0.078 - away)
    tone = face.sclera - 0.25 * shadow
    tone += (face.iris - tone) * iris
    tone += (0.03 - tone) * canvas.inside(0.034 - away)
    tone += 0.55 * iris * dome(x * side + 0.022, 0.036, y + 0.028, 0.036)
    return tone


def brows(canvas, face):
    """Draw the brows, and the bulge under them that frowns."""
    along = (np.abs(canvas.x) - face.brow_in + 0.035 * face.au4) / face.brow_width
    outer = ramp(along)
    inner = 1 - outer
    height = face.brow_y + face.brow_skew * canvas.x
    height += face.brow_tilt * (outer - 0.4) - 4 * face.brow_arch * outer * inner
    height -= 0.025 * (face.au1 + face.au2) + 0.105 * face.au1 * inner * inner
    height -= 0.10 * face.au2 * outer * (1.9 - outer)
    height += 0.03 * face.au4 + 0.015 * face.au6 * outer
    height += (0.085 * face.au4 + 0.03 * face.au9) * inner
    thickness = face.brow_thickness * (1 - 0.55 * outer * outer)
    off = canvas.y - height
    middle = np.abs(along - 0.5)
    cover = canvas.inside(thickness - np.abs(off))
    cover *= canvas.inside((0.5 - middle) * face.brow_width)
    canvas.paint(face.brow_tone * (1 + 0.15 * canvas.grain), cover * face.brow_density)
    bulge = ridge(off - 0.03, 0.12) * ramp(1.2 - middle)
    canvas.relief += bulge * (0.02 + 0.02 * face.au4)
    canvas.crease += bulge * (0.10 * face.au4)


def forehead(canvas, face):
    """Draw the lines of age, of raised brows, of a frown and of a wrinkled nose."""
    raised = np.minimum(0.5 * (face.au1 + face.au2), 1)
    up = face.brow_y - 0.12 * raised - canvas.y
    lines = canvas.ripples(up, 0.095) * ridge(canvas.x, 0.45)
    lines *= ramp(8 * up - 0.6) * ramp(3.4 - 8 * up)
    canvas.crease += lines * (0.10 * face.age + 0.30 * raised * (0.4 + face.age))
    frown = canvas.stroke(np.abs(canvas.x) - 0.05)
    frown *= ridge(canvas.y - face.brow_y - 0.02, 0.15)
    canvas.crease += frown * (0.45 * face.au4 * (0.6 + 0.5 * face.age))
    root = canvas.ripples(canvas.y + 0.02, 0.07) * ridge(canvas.y + 0.06, 0.15)
    canvas.crease += root * ramp(1.8 - 12 * np.abs(canvas.x)) * (0.42 * face.au9)


def nose(canvas, face):
    """Draw the nose: its back, tip, wings, nostrils and the shadow below."""
    below_root = canvas.y + 0.28
    x = np.abs(canvas.x - 0.25 * face.yaw * ramp(2 * below_root))
    tip = face.nose_y - 0.035 * face.au9 - 0.015 * face.au10
    y = canvas.y - tip
    along = ramp(below_root / (tip + 0.28))
    thick = along * along
    back = ridge(x / (0.085 + thick * (face.nose_width - 0.03)), 1)
    back *= ramp(along * 3) * 0.025 + 0.085 * thick
    end = ramp(0.675 - 9 * y)
    canvas.relief += back * end * end * (3 - 2 * end)
    canvas.relief += 0.03 * dome(x - 0.95 * face.nose_width, 0.06, y + 0.005, 0.065)
    nostril = dome(x - 0.55 * face.nose_width, 0.056, y - 0.055, 0.042)
    canvas.crease += 0.62 * ramp(1.5 * nostril)
    canvas.crease += 0.20 * dome(x / face.nose_width, 1.25, y - 0.085, 0.06)
    wing = canvas.stroke(x - 1.32 * face.nose_width) * ridge(y - 0.005, 0.08)
    canvas.crease += wing * (0.18 + 0.15 * face.au9)


def mouth(canvas, face):
    """Draw lips, teeth and the inside of the mouth."""
    y, lips = canvas.y, _lips(canvas, face)
    upper = (y - 0.5 * (lips.top + lips.outer_top)) / (lips.upper + 0.04)
    lower = (y - 0.5 * (lips.low + lips.outer_low)) / (lips.lower + 0.03)
    canvas.relief += lips.arch * (0.022 * ridge(upper, 1) + 0.045 * ridge(lower, 1))
    shaded = 1 - 0.18 * canvas.inside(lips.line - y)
    canvas.paint(face.lip_tone * face.skin * shaded, lips.cover)
    gap = canvas.inside(np.minimum(y - lips.top, lips.low - y) - 0.006)
    canvas.paint(_cavity(canvas, face, lips), gap * ramp(6 * lips.arch))
    closed = ramp(1 - 18 * (lips.low - lips.top)) * lips.ends
    canvas.albedo *= 1 - 0.68 * closed * canvas.stroke(y - lips.line, 0.05)
    corner = (np.abs(lips.along) - 1.04) * lips.width
    pull = 0.18 + 0.22 * (face.au12 + face.au15 + face.au23)
    canvas.crease += pull * dome(corner, 0.055, y - lips.line, 0.06)
    below = dome(lips.along, 0.8, y - lips.outer_low - 0.045, 0.055)
    canvas.crease += below * (0.16 + 0.14 * face.au17)


def _mouth_width(face):
    rounded = 0.07 * face.au26 * (1 - 0.8 * np.minimum(face.au12, 1))
    drawn_in = rounded + 0.035 * face.au23 + 0.02 * face.au17 + 0.01 * face.au9
    width = face.mouth_width + 0.075 * face.au12 + 0.06 * face.au20 - drawn_in
    return np.maximum(width, 0.1)


def _lips(canvas, face):
    """Return the heights of the lips' edges, pixel by pixel, and what they hang on."""
    width = _mouth_width(face)
    x = canvas.x - face.mouth_skew
    along = x / width
    square = np.minimum(along * along, 1.3)
    arch = ramp(1 - square)
    boxy = 0.9 * face.au10 + 0.8 * face.au16 + 0.5 * (face.au20 + face.au12)
    box = arch * (1 + np.minimum(boxy, 1) * square)
    corner = face.mouth_rest - 0.125 * face.au12 + 0.115 * face.au15
    corner = corner + 0.02 * face.au20 + 0.03 * face.au10
    middle = face.mouth_y + 0.025 * face.au12 + 0.02 * face.au26
    middle = middle - 0.03 * (face.au15 + face.au17)
    line = middle + corner * square + face.mouth_tilt * x
    jaw = face.au26 * np.sqrt(arch)
    lift = 0.055 * face.au10 + face.au25 * (0.018 + 0.02 * face.au10)
    drop = face.au25 * (0.05 + 0.05 * (face.au16 + face.au12))
    top = line - lift * box - 0.055 * jaw
    low = line + drop * box + 0.17 * jaw
    thin = 0.55 * face.au23 + 0.22 * face.au12 + 0.15 * face.au20
    thin = np.maximum(1 - thin, 0.2)
    upper = face.lip_upper * thin
    lower = face.lip_lower * thin * (1 + 0.25 * face.au17)
    outer_top = top - upper * box * (1 - 0.2 * ridge(square, 1 / 30))
    outer_low = low + lower * box
    ends = ramp((1.06 - np.abs(along)) * width * canvas.pixels)
    cover = canvas.inside(np.minimum(canvas.y - outer_top, outer_low - canvas.y)) * ends
    return Columns(
        width=width,
        along=along,
        square=square,
        arch=arch,
        box=box,
        line=line,
        top=top,
        low=low,
        upper=upper,
        lower=lower,
        outer_top=outer_top,
        outer_low=outer_low,
        ends=ends,
        cover=cover,
    )


def _cavity(canvas, face, lips):
    """Return the tone inside an open mouth: dark, a tongue, two rows of teeth."""
    tone = 0.10 + 0.25 * ramp(7 * (canvas.y - lips.low) + 0.63)
    shown = 0.045 + 0.085 * face.au12 + 0.055 * face.au10 + 0.03 * face.au20
    teeth = canvas.inside(lips.top + shown * lips.box - canvas.y)
    lower = canvas.inside(canvas.y - lips.low + 0.055 * lips.box)
    lower *= np.minimum(0.8 * face.au16 + 0.3 * face.au20, 1)
    tone += (face.teeth * (1 - 0.35 * lips.square) - tone) * np.maximum(teeth, lower)
    return tone


def cheeks(canvas, face):
    """Draw cheeks, chin, and the folds from the nose to the mouth's corners."""
    lift = 0.5 * (face.au6 + face.au12)
    apple = dome(np.abs(canvas.x) - 0.37, 0.24, canvas.y - 0.20 + 0.07 * lift, 0.24)
    canvas.relief += apple * (0.03 + 0.07 * lift + face.cheek)
    low = 0.79 + JAW_DROP * face.au26 - 0.02 * face.au17
    chin = dome(canvas.x, 0.2, canvas.y - low, 0.14)
    canvas.relief += chin * (0.05 + 0.03 * face.au17)
    top = face.nose_y - 0.04 * face.au9
    along = ramp((canvas.y - top) / (face.mouth_y + 0.06 - face.nose_y))
    near = 1.45 * face.nose_width
    far = face.mouth_width + 0.06 + 0.075 * face.au12 + 0.06 * face.au20 - near
    bow = 0.24 * face.au10 + 0.20 * face.au12
    off = far * (0.6 + 0.4 * along) + bow * (1 - along)
    off = np.abs(canvas.x) - near - along * off
    fold = canvas.stroke(off, 0.06) * ramp(10 * (canvas.y - face.nose_y) + 0.6)
    fold *= ramp(9 * (face.mouth_y - canvas.y) + 0.36)
    depth = 0.22 * face.au12 + 0.30 * face.au10 + 0.16 * face.au9
    depth = depth + 0.06 * face.au15 + 0.08 * face.au20
    canvas.crease += fold * (0.03 + 0.14 * face.age + depth)
    step = ramp(12 * off) * ramp(3.1 - 5 * np.abs(canvas.x))
    step *= ridge(canvas.y - 0.36, 0.3)
    canvas.relief += step * (0.025 * (face.au12 + face.au10))


def beard(canvas, face):
    """Draw beard, stubble and moustache."""
    lips = _lips(canvas, face)
    jaw = ramp(4 * canvas.rim - 1.6) * ramp(3 * canvas.y - 0.3)
    chin = ramp(12 * (canvas.y - lips.outer_low) - 0.54)
    above = lips.outer_top - canvas.y + 0.01
    moustache = canvas.inside(np.minimum(above, 0.095 - 0.03 * lips.square - above))
    moustache *= ramp(5.5 - 5 * np.abs(lips.along)) * face.moustache
    cover = np.maximum(np.maximum(jaw, chin) * face.beard, moustache)
    cover *= (1 - lips.cover) * (0.88 + 0.12 * canvas.grain) * canvas.head
    canvas.paint(face.beard_tone * (1 + 0.25 * canvas.grain), cover)


def glasses(canvas, face):
    """Draw glasses, clear or dark."""
    x = np.abs(canvas.x) - face.eye_x - 0.01
    y = canvas.y - face.eye_y - 0.03
    wide, high = x * (1 / 0.235), y * (1 / 0.17)
    wide, high = wide * wide, high * high
    lens = wide * wide + high * high
    frame = canvas.stroke((lens - 0.85) * 0.062)
    bridge = canvas.stroke(y + 0.06) * canvas.inside(-x - 0.21)
    temple = canvas.stroke(y + 0.07) * canvas.inside(x - 0.21) * canvas.head
    canvas.paint(0.06, ramp(3.4 - 4 * lens) * face.sunglasses)
    canvas.paint(face.rim_tone, np.maximum(np.maximum(frame, bridge), temple))
