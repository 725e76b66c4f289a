"""Frames, detection and recognition at the same time, so that none waits for another.

`watch_all` looks at every frame of a film in order, as fast as it goes; what it finds
is the same each time. `watch_live` shows a camera, or a film at its own speed: faces
are sought in the newest frame whenever the last search is over, frames that came
meanwhile are shown with the faces moved on as they moved before.
"""

import queue
import threading
import time
from contextlib import closing

import numpy as np

from fercompare.drawing import annotate
from fercompare.faces.threads import SECONDS_TO_FINISH, Slot, ahead, ending

SECONDS_TO_WAIT = 0.02


def watch_all(frames, watcher, watched):
    """Yield every frame with what was seen in it, in order.

    Reading, finding faces, asking the model and what the caller does run in a thread
    each.

    Parameters
    ----------
    frames : iterable of Frame
    watcher : Watcher
    watched : Watched
        Is counted on.

    Yields
    ------
    frame : Frame
    sightings : list of Sighting

    Examples
    --------
    >>> from fercompare.faces.counts import Watched
    >>> from fercompare.faces.detectors import make_detector
    >>> from fercompare.faces.films import Frame
    >>> from fercompare.faces.recognition import Recognizer
    >>> from fercompare.faces.watching import Watcher
    >>> watcher = Watcher(Recognizer(), make_detector("cascade"))
    >>> film = [Frame(k, k / 25, np.zeros((40, 40, 3), np.uint8)) for k in range(3)]
    >>> watched = Watched()
    >>> for frame, sightings in watch_all(film, watcher, watched):
    ...     print(frame.number, sightings)
    0 []
    1 []
    2 []
    >>> watched.n_searched
    3
    """

    def found():
        with closing(ahead(frames)) as read:
            for frame in read:
                yield frame, watcher.find(frame)

    def seen():
        with closing(ahead(found())) as pairs:
            for frame, faces in pairs:
                sightings = watcher.know(frame, faces)
                watched.note_searched(sightings, watcher.n_identities)
                yield frame, sightings

    with closing(ahead(seen())) as pairs:
        yield from pairs


def watch_live(frames, watcher, watched, on_searched):
    """Yield the newest frame again and again, with what was last seen, moved on.

    Parameters
    ----------
    frames : iterable of Frame
        That come in their time; see `in_time`.
    watcher : Watcher
    watched : Watched
        Is counted on.
    on_searched : callable
        Is given each (frame, sightings) that was searched, in the caller's thread.

    Yields
    ------
    frame : Frame or None
        None where no new one came for a while, so that the caller can look up.
    sightings : list of Sighting

    Examples
    --------
    >>> from fercompare.faces.counts import Watched
    >>> from fercompare.faces.detectors import make_detector
    >>> from fercompare.faces.films import Frame
    >>> from fercompare.faces.recognition import Recognizer
    >>> from fercompare.faces.watching import Watcher
    >>> watcher = Watcher(Recognizer(), make_detector("cascade"))
    >>> film = [Frame(k, k / 25, np.zeros((40, 40, 3), np.uint8)) for k in range(3)]
    >>> watched, searched = Watched(), []
    >>> for frame, sightings in watch_live(
    ...     in_time(film), watcher, watched, lambda *pair: searched.append(pair)
    ... ):
    ...     pass
    >>> watched.n_searched == len(searched) >= 1
    True
    """
    shown, searched, found = Slot(), Slot(), queue.SimpleQueue()

    def read():
        with ending(shown, searched):
            for frame in frames:
                if searched.is_over:
                    return
                shown.put(frame)
                searched.put(frame)

    def search():
        with ending(shown, searched):
            while (frame := searched.take()) is not None:
                found.put((frame, watcher.see(frame)))

    def newest(sightings):
        while not found.empty():
            frame, sightings = found.get()
            watched.note_searched(sightings, watcher.n_identities)
            on_searched(frame, sightings)
        return sightings

    threads = [threading.Thread(target=work, daemon=True) for work in (read, search)]
    for thread in threads:
        thread.start()
    sightings, is_over = [], False
    try:
        while not is_over:
            is_over = shown.is_over
            frame = shown.take(SECONDS_TO_WAIT)
            sightings = newest(sightings)
            at = None if frame is None else frame.seconds
            yield frame, sightings if at is None else [s.at(at) for s in sightings]
    finally:
        searched.end()
        for thread in threads:
            thread.join(SECONDS_TO_FINISH)
        newest(sightings)
    for slot in (searched, shown):
        if slot.error is not None:
            raise slot.error


def in_time(frames):
    """Yield the frames of a film when they should be shown.

    Examples
    --------
    >>> from fercompare.faces.films import Frame
    >>> [frame.number for frame in in_time([Frame(0, 0.0, None), Frame(1, 0.01, None)])]
    [0, 1]
    """
    started = None
    for frame in frames:
        started = started or time.monotonic() - frame.seconds
        time.sleep(max(0.0, started + frame.seconds - time.monotonic()))
        yield frame


def until(frames, seconds):
    """Yield the frames before a second.

    Examples
    --------
    >>> from fercompare.faces.films import Frame
    >>> film = [Frame(0, 0.0, None), Frame(1, 0.5, None), Frame(2, 1.0, None)]
    >>> [frame.number for frame in until(film, 1)]
    [0, 1]
    """
    for frame in frames:
        if frame.seconds >= seconds:
            return
        yield frame


def mirrored(frames):
    """Yield the frames as a mirror would show them.

    Examples
    --------
    >>> from fercompare.faces.films import Frame
    >>> (frame,) = mirrored([Frame(0, 0.0, np.uint8([[[1, 2, 3], [4, 5, 6]]]))])
    >>> frame.picture.tolist()
    [[[4, 5, 6], [1, 2, 3]]]
    """
    for frame in frames:
        yield frame._replace(picture=np.ascontiguousarray(frame.picture[:, ::-1]))


def draw(frame, sightings, classes):
    """Return a frame's picture with the faces, their numbers and emotions marked.

    Parameters
    ----------
    frame : Frame
    sightings : list of Sighting
    classes : sequence of str

    Returns
    -------
    picture : uint8 array of shape (h, w, 3)

    Examples
    --------
    >>> from fercompare.faces.films import Frame
    >>> draw(Frame(0, 0.0, np.zeros((40, 40, 3), np.uint8)), [], ["happy"]).shape
    (40, 40, 3)
    """
    return annotate(
        frame.picture,
        [seen.face for seen in sightings],
        [_label(seen) for seen in sightings],
        bars=[seen.probabilities for seen in sightings],
        names=classes,
    )


def _label(seen):
    return f"{seen.identity} {seen.emotion} {seen.probabilities.max():.0%}"
