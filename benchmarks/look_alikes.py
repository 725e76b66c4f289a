"""Drawn faces in the folders and under the file names of CK+48, JAFFE and SFEW 2.0.

Those sets are given to those who ask for them, and to nobody else, so a study of them
is tried on these: as many persons, sequences, repeats and films as the real sets have,
or a share of them. The three last frames of a CK+ sequence are one picture but for the
strength of the expression and the camera's noise; JAFFE's are one light and one seat;
SFEW's stills of a film are of a few actors, mixed in what they show and seen anyhow.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from fercompare.datasets.face_model import draw_faces
from fercompare.datasets.face_people import (
    Dice,
    make_expressions,
    make_people,
    make_scenes,
)
from fercompare.datasets.synthetic import BATCH_PIXELS
from fercompare.labels import EMOTIONS

CK_SUBJECTS = 118
CK_SEQUENCES = {
    "anger": 45,
    "contempt": 18,
    "disgust": 59,
    "fear": 25,
    "happy": 69,
    "sadness": 28,
    "surprise": 83,
}
CK_STRENGTHS = (0.85, 0.95, 1.0)
"""Of the last three frames of a sequence, compared with its apex."""
CK_SHOWN = ("angry", "happy", "disgust", "fear", "happy", "sad", "surprise")
"""What is drawn for each of `CK_SEQUENCES`; the study leaves contempt out."""
JAFFE_SUBJECTS = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
JAFFE_EXPRESSIONS = ("AN", "DI", "FE", "HA", "SA", "SU", "NE")
JAFFE_REPEATS = 3
SFEW_FOLDERS = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
SFEW_STILLS = {
    "Train_Aligned_Faces": (178, 52, 78, 184, 161, 94, 144),
    "Val_Aligned_Faces": (77, 23, 46, 72, 73, 56, 84),
}
STILLS_OF_FILM, ACTORS_OF_FILM = 36, 4
SIZES = {"ckplus": 48, "jaffe": 256, "sfew": 96}
"""Sides of the pictures, as published but for SFEW's, which are larger."""
WORN = ("hand", "mask", "sunglasses", "blink")
POSE = ("roll", "yaw", "pitch", "shift_x", "shift_y")


def write_look_alikes(root, share=1.0, seed=0):
    """Write a folder that ``load_dataset("compiled", root)`` reads.

    Parameters
    ----------
    root : path
        Gets the folders ckplus, jaffe and sfew.
    share : float, default=1.0
        Of the persons, sequences, repeats and stills that the real sets have; at least
        one of each kind.
    seed : int, default=0
        Another one draws other people.

    Returns
    -------
    Path
        The same folder.

    Examples
    --------
    >>> import tempfile
    >>> from fercompare import load_dataset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_dataset("jaffe", write_look_alikes(folder, 0.05) / "jaffe")
    <Dataset jaffe: 70 images of 48 x 48, 7 classes>
    """
    root = Path(root)
    for name, write in WRITERS.items():
        write(root / name, share, Dice("look-alikes", name, seed), SIZES[name])
    return root


def _write_ckplus(root, share, dice, size):
    """Write CK+48: each class at most once a subject, three frames each time."""
    n_subjects = _some(CK_SUBJECTS, share)
    subjects, shown, paths = [], [], []
    for folder, emotion in zip(CK_SEQUENCES, CK_SHOWN):
        n = min(_some(CK_SEQUENCES[folder], share), n_subjects)
        for subject in np.sort(dice.order(n_subjects)[:n]):
            session = list(CK_SEQUENCES).index(folder) + 1
            stem = Path("CK+48", folder, f"S{subject + 5:03d}_{session:03d}")
            paths += [f"{stem}_{frame:08d}.png" for frame in (14, 15, 16)]
            subjects.append(subject)
            shown.append(EMOTIONS.index(emotion))
    n = len(shown)
    sequences = _faces(make_people(n_subjects, dice), subjects, shown, dice, seated=n)
    frames = sequences.take(np.repeat(np.arange(n), len(CK_STRENGTHS)))
    strengths = np.tile(CK_STRENGTHS, n)
    for name, column in vars(frames).items():
        if name.startswith("au"):
            setattr(frames, name, column * strengths)
    _write(frames, [root / path for path in paths], dice, size)


def _write_jaffe(root, share, dice, size):
    """Write JAFFE: every woman in every expression, a few times."""
    repeats = _some(JAFFE_REPEATS, share)
    subjects, shown, paths = [], [], []
    for subject, initials in enumerate(JAFFE_SUBJECTS):
        for emotion, word in enumerate(JAFFE_EXPRESSIONS):
            for repeat in range(1, repeats + 1):
                number = len(paths) + 1
                paths.append(root / f"{initials}.{word}{repeat}.{number}.tiff")
                subjects.append(subject)
                shown.append(emotion)
    people = make_people(len(JAFFE_SUBJECTS), dice)
    faces = _faces(people, subjects, shown, dice, seated=len(shown))
    _write(faces, paths, dice, size)


def _write_sfew(root, share, dice, size):
    """Write SFEW's aligned faces, each film in one part, each actor in one film."""
    subjects, shown, paths, n_films = [], [], [], 0
    for part, counts in SFEW_STILLS.items():
        labels = np.repeat(np.arange(len(counts)), [_some(n, share) for n in counts])
        labels = labels[dice.order(len(labels))]
        for k, label in enumerate(labels):
            film = n_films + k // STILLS_OF_FILM
            time = f"{k % STILLS_OF_FILM:06d}000"
            name = f"Drawn_Film_{film + 1:02d}_{time}_{k + 1:08d}.png"
            paths.append(root / part / SFEW_FOLDERS[label] / name)
            subjects.append(film * ACTORS_OF_FILM + k % ACTORS_OF_FILM)
            shown.append(label)
        n_films += -(-len(labels) // STILLS_OF_FILM)
    people = make_people(n_films * ACTORS_OF_FILM, dice)
    _write(_faces(people, subjects, shown, dice), paths, dice, size)


WRITERS = {"ckplus": _write_ckplus, "jaffe": _write_jaffe, "sfew": _write_sfew}


def _some(n, share):
    return max(1, round(n * share))


def _faces(people, subjects, shown, dice, seated=0):
    """Return who shows what: seated in a laboratory, or on film and mixed."""
    n = len(shown)
    scenes, shares = make_scenes(n, dice), np.eye(len(EMOTIONS))[shown]
    if seated:
        scenes.intensity = 0.7 + 0.3 * scenes.intensity
        for name in POSE:
            setattr(scenes, name, 0.4 * getattr(scenes, name))
        for name in WORN:
            setattr(scenes, name, np.zeros(n))
    else:
        other = np.eye(len(EMOTIONS))[dice.choose(n, len(EMOTIONS))]
        mixed = 0.5 * dice.uniform(n)[:, None]
        shares = (1 - mixed) * shares + mixed * other
    faces = people.take(np.array(subjects)).join(scenes)
    faces.glasses = np.maximum(faces.glasses, faces.sunglasses)
    strength = faces.intensity * faces.expressiveness
    return faces.join(make_expressions(shares, strength, dice))


def _write(faces, paths, dice, size):
    """Draw a face for each path and save it as the path's ending says."""
    faces, batch = faces.upright(), max(1, BATCH_PIXELS // (size * size))
    for start in range(0, len(paths), batch):
        here = paths[start : start + batch]
        rows = slice(start, start + len(here))
        grain = dice.grain(len(here), size * size)
        pictures = draw_faces(faces.take(rows), grain, size)
        for path, picture in zip(here, pictures):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture.reshape(size, size)).save(path)
