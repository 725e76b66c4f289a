"""Who is drawn, what their muscles do, and how they are seen: numbers by chance.

Chance comes from the raw bits of PCG64, whose stream NumPy keeps; its generators of
normal and other numbers may change between versions and call the system's logarithms.
"""

import math

import numpy as np

from fercompare.datasets.face_canvas import Columns
from fercompare.labels import EMOTIONS
from fercompare.seeds import seed_for

RECIPES = {
    "angry": (
        {4: 1.0, 5: 0.5, 7: 0.7, 17: 0.4, 23: 1.0},
        {4: 1.0, 5: 0.5, 7: 0.6, 10: 0.4, 16: 1.0, 20: 0.4, 23: 0.3, 25: 1.0, 26: 0.25},
    ),
    "disgust": (
        {4: 0.6, 7: 0.7, 9: 1.0, 10: 0.6, 15: 0.5, 17: 0.9},
        {4: 0.5, 6: 0.3, 7: 0.8, 9: 1.0, 10: 1.0, 16: 0.5, 25: 0.6},
    ),
    "fear": (
        {1: 1.0, 2: 0.5, 4: 0.5, 5: 1.0, 16: 0.4, 20: 1.0, 25: 0.7},
        {1: 1.0, 2: 0.6, 4: 0.4, 5: 1.0, 20: 0.7, 25: 1.0, 26: 0.55},
    ),
    "happy": ({6: 0.8, 12: 0.9}, {6: 1.0, 12: 1.0, 25: 1.0, 26: 0.25}),
    "sad": (
        {1: 1.0, 4: 0.5, 15: 1.0, 17: 0.6},
        {1: 0.9, 4: 0.7, 6: 0.3, 7: 0.3, 15: 0.8, 17: 0.3, 20: 0.3, 25: 0.4},
    ),
    "surprise": (
        {1: 1.0, 2: 1.0, 5: 0.8, 25: 0.8, 26: 0.6},
        {1: 1.0, 2: 1.0, 5: 1.0, 25: 1.0, 26: 1.1},
    ),
    "neutral": ({}, {}),
}
"""Action units of each emotion, held back and let out."""

ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 15, 16, 17, 20, 23, 25, 26)

TRAITS = {
    "face_width": (0.58, 0.74),
    "face_length": (0.84, 0.99),
    "jaw": (0.3, 1.0),
    "skin": (0.35, 0.95),
    "age": (0.0, 1.0),
    "cheek": (-0.005, 0.035),
    "socket": (0.06, 0.22),
    "eye_x": (0.26, 0.34),
    "eye_y": (-0.17, -0.09),
    "eye_width": (0.145, 0.19),
    "eye_open": (0.055, 0.095),
    "eye_low": (0.03, 0.055),
    "eye_tilt": (-0.15, 0.08),
    "iris": (0.08, 0.38),
    "sclera": (0.8, 1.0),
    "lash": (0.08, 0.35),
    "brow_in": (0.08, 0.14),
    "brow_width": (0.30, 0.42),
    "brow_y": (-0.38, -0.29),
    "brow_tilt": (-0.04, 0.06),
    "brow_arch": (0.0, 0.06),
    "brow_thickness": (0.018, 0.046),
    "brow_density": (0.7, 1.0),
    "nose_y": (0.14, 0.26),
    "nose_width": (0.085, 0.14),
    "mouth_width": (0.21, 0.30),
    "mouth_y": (0.46, 0.55),
    "mouth_rest": (-0.045, 0.02),
    "lip_upper": (0.03, 0.065),
    "lip_lower": (0.045, 0.085),
    "lip_tone": (0.5, 0.85),
    "teeth": (0.8, 1.0),
    "hair_tone": (0.0, 0.6),
    "hair_texture": (0.08, 0.25),
    "hair_volume": (0.02, 0.14),
    "hair_side": (0.0, 0.12),
    "hairline": (-0.84, -0.60),
    "hair_curve": (0.0, 1.2),
    "hair_parting": (-0.45, 0.45),
    "rim_tone": (0.03, 0.35),
    "expressiveness": (0.6, 1.3),
}
"""Lowest and highest value of what stays with a person."""

SCENE = {
    "intensity": (0.4, 1.25),
    "roll": (-0.11, 0.11),
    "yaw": (-0.19, 0.19),
    "pitch": (-0.11, 0.11),
    "scale": (1.05, 1.27),
    "shift_x": (-0.08, 0.08),
    "shift_y": (-0.14, 0.02),
    "gaze_x": (-0.06, 0.06),
    "gaze_y": (-0.02, 0.03),
    "brow_skew": (-0.06, 0.06),
    "mouth_skew": (-0.02, 0.02),
    "mouth_tilt": (-0.09, 0.09),
    "light_x": (-0.6, 0.6),
    "light_y": (-0.45, 0.05),
    "light_z": (0.35, 0.55),
    "ambient": (0.18, 0.48),
    "depth": (0.7, 1.3),
    "wall": (0.0, 1.0),
    "wall_slope_x": (-0.3, 0.3),
    "wall_slope_y": (-0.2, 0.2),
    "shirt": (0.05, 0.95),
    "mask_tone": (0.1, 1.0),
    "hand_turn": (-1.0, 1.0),
    "hand_place": (-0.4, 0.9),
    "exposure": (0.85, 1.3),
    "contrast": (0.85, 1.45),
    "blur": (-0.4, 1.0),
    "noise": (-0.04, 0.07),
}
"""Lowest and highest value of what changes from picture to picture."""

TWITCH = 0.24
"""How far a muscle that says nothing of the emotion may move."""

UTMOST = 1.4
"""How far any muscle may move."""


class Dice:
    """Numbers by chance, the same on every machine, from names such as a seed.

    Examples
    --------
    >>> Dice("doctest", 0).uniform(2).round(4)
    array([0.4072, 0.4633])
    """

    def __init__(self, *names):
        self._bits = np.random.PCG64(seed_for(*names))

    def uniform(self, *shape):
        """Return float64 in [0, 1)."""
        raw = self._bits.random_raw(math.prod(shape)) >> np.uint64(11)
        return raw.reshape(shape) * 2.0**-53

    def bell(self, low, high, n):
        """Return ``n`` numbers between ``low`` and ``high``, mostly near the middle."""
        first, second, third = self.uniform(3, n)
        return low + (high - low) * ((first + second + third) / 3)

    def below(self, n, chance):
        """Return ``n`` times 1.0 with this chance, else 0.0."""
        return (self.uniform(n) < chance) * 1.0

    def choose(self, n, options):
        """Return ``n`` whole numbers in ``[0, options)``."""
        return (self.uniform(n) * options).astype(np.int64)

    def order(self, n):
        """Return a permutation of ``n`` rows."""
        return np.argsort(self._bits.random_raw(n), kind="stable")

    def grain(self, n, pixels):
        """Return noise of shape ``(n, pixels)``, float32 in [-1, 1]."""
        raw = self._bits.random_raw(n * -(-pixels // 4)).astype("<u8")
        octets = raw.view(np.uint8).reshape(n, -1)
        noise = octets[:, :pixels].astype(np.float32)
        noise += octets[:, pixels : 2 * pixels]
        noise -= 255
        noise *= 1 / 255
        return noise


def make_people(n, dice):
    """Return the traits of ``n`` persons, as Columns of shape ``(n,)``.

    Examples
    --------
    >>> make_people(3, Dice("doctest")).glasses
    array([1., 0., 1.])
    """
    who = Columns(**{name: dice.bell(*ends, n) for name, ends in TRAITS.items()})
    woman, scarf = dice.below(n, 0.5), dice.below(n, 0.06)
    who.age = dice.uniform(n) * dice.uniform(n)
    hair = who.skin * (0.12 + who.hair_tone)
    hair = np.where(who.age > 0.5, 0.75, hair)
    who.brow_tone = np.minimum(hair * 0.6, who.skin * 0.4)
    who.beard_tone = hair * 0.9
    who.hair_tone = np.where(scarf, 0.1 + 0.8 * dice.uniform(n), hair)
    who.hair_texture *= 1 - 0.9 * scarf
    who.hair_curve *= 1 - 0.5 * scarf
    who.hair_parting *= 1 - scarf
    who.hair = np.maximum(dice.below(n, 0.94), scarf)
    length = np.where(woman, 0.3 + 0.6 * dice.uniform(n), 0.12 * dice.uniform(n))
    who.hair_length = np.maximum(length, scarf)
    bare = np.maximum(woman, scarf)
    who.beard = (1 - bare) * dice.below(n, 0.3) * (0.25 + 0.65 * dice.uniform(n))
    who.moustache = np.maximum(who.beard, (1 - bare) * dice.below(n, 0.12) * 0.9)
    who.bearded = np.maximum(who.beard, who.moustache)
    who.lip_tone += 0.08 - 0.16 * woman
    who.brow_thickness -= 0.006 * woman
    who.glasses = dice.below(n, 0.16)
    return who


def make_scenes(n, dice):
    """Return pose, light, cover and camera of ``n`` pictures, as `make_people` does.

    Examples
    --------
    >>> scenes = make_scenes(1000, Dice("doctest"))
    >>> bool(scenes.yaw.max() < SCENE["yaw"][1]), int(scenes.hand.sum())
    (True, 47)
    """
    scene = Columns(**{name: dice.bell(*ends, n) for name, ends in SCENE.items()})
    scene.wall = 0.1 + 0.9 * dice.uniform(n)
    scene.blink = 0.08 * dice.below(n, 0.05)
    scene.hand, scene.mask = dice.below(n, 0.05), dice.below(n, 0.02)
    scene.hand_side = 1 - 2 * dice.below(n, 0.5)
    scene.sunglasses = dice.below(n, 0.02)
    scene.blur = np.maximum(scene.blur, 0)
    scene.noise = np.maximum(scene.noise, 0)
    return scene


def make_expressions(shares, strength, dice):
    """Return the action units of faces that show ``shares`` of the emotions.

    Parameters
    ----------
    shares : ndarray of shape (n, 7)
        How much of each emotion, in the order of ``EMOTIONS``.
    strength : ndarray of shape (n,)
        1 moves the muscles as far as the recipes say.

    Returns
    -------
    Columns of ndarray of shape (n,)
        ``au1`` … ``au26``.

    Examples
    --------
    >>> happy = (np.array(EMOTIONS) == "happy")[np.newaxis] * 1.0
    >>> units = make_expressions(happy, np.ones(1), Dice("doctest"))
    >>> bool(units.au12 > 0.5), bool(units.au15 > 0.5)
    (True, False)
    """
    n, n_units = len(shares), len(ACTION_UNITS)
    let_out = dice.uniform(n)[:, None]
    moved = np.zeros((n, n_units))
    for k, emotion in enumerate(EMOTIONS):
        calm, loud = (
            np.array([recipe.get(unit, 0.0) for unit in ACTION_UNITS])
            for recipe in RECIPES[emotion]
        )
        moved += shares[:, k, None] * (calm + (loud - calm) * let_out)
    moved *= strength[:, None] * (0.75 + 0.5 * dice.uniform(n, n_units))
    moved += TWITCH * np.maximum(2.5 * dice.uniform(n, n_units) - 1.5, 0)
    moved = np.minimum(moved, UTMOST)
    return Columns(**{f"au{unit}": moved[:, k] for k, unit in enumerate(ACTION_UNITS)})
