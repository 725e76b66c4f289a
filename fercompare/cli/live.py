"""`fercompare live`: a camera or a film, and what a model sees in its faces."""

import time
from contextlib import ExitStack, closing, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import click

from fercompare.cli.options import Number
from fercompare.cli.showing import check_writable
from fercompare.cli.stopping import stoppable

STILL_KEY = "s"


@click.command()
@click.argument("model", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--source",
    default="0",
    show_default=True,
    help="Number of a camera, a film, or an rtsp:// or http:// address.",
)
@click.option(
    "--detector",
    help="Which finds the faces, such as retinaface or haar(long_side=320).",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False),
    help="Film of what is shown: .mp4, .mkv or .avi.",
)
@click.option(
    "--csv",
    "table",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="One row a face and frame; - is standard output.",
)
@click.option(
    "--smooth",
    type=Number(min=0),
    default=0.3,
    show_default=True,
    help="Seconds that the probabilities of a face are smoothed over; 0 is none.",
)
@click.option(
    "--abstain",
    type=Number(0, 1),
    default=0.4,
    show_default=True,
    help="Below this probability an emotion is called unsure.",
)
@click.option("--mirror", is_flag=True, help="Show it as a mirror does.")
@click.option(
    "--time-limit",
    type=Number(min=0, min_open=True),
    help="Seconds of the film or camera to watch.",
)
@click.option("--no-window", is_flag=True, help="Show nothing, write files only.")
def live(model, source, detector, record, table, smooth, abstain, **how):
    """Show what a model sees in the faces of a camera or a film.

    Without a MODEL it is the network that comes with the package. In the window, s
    writes a picture of what is shown to the current folder, and q or Esc ends. A face
    keeps its number while it is in the picture.

    Without a window every frame of a film is searched, in order, as fast as it goes,
    and the same film gives the same table. In a window, or of a camera, it is the
    newest frame that is searched, and the table holds those frames. Where no window
    can be opened, or with --no-window, and neither --record nor --csv is given, a film
    is written to the current folder. The paths of what was written are printed.

    Unless a detector is named, faces are sought as is quickest: in pictures shrunk to
    640 pixels, and without a second look at where the eyes are.
    """
    from fercompare.evaluation.workers import limited_threads
    from fercompare.faces.detectors import make_detector
    from fercompare.faces.films import Film
    from fercompare.faces.notice import NOTICE
    from fercompare.faces.recognition import Recognizer
    from fercompare.faces.recording import FilmWriter, SightingTable
    from fercompare.faces.watching import Watcher, make_quick_detector

    click.echo(NOTICE, err=True)
    for path, option in ((record, "--record"), (table, "--csv")):
        if path and path != "-":
            check_writable(Path(path), option)
            _check_other(Path(path), option, source, model)
    if record and table and Path(record).resolve() == Path(table).resolve():
        raise click.UsageError(f"--record and --csv are one file, {record}")
    recognizer = Recognizer(model)
    detector = make_detector(detector) if detector else make_quick_detector()
    watcher = Watcher(recognizer, detector, smooth=smooth, abstain=abstain)
    click.echo(f"model: {recognizer.name}; detector: {detector.name}", err=True)
    with ExitStack() as opened:
        film = opened.enter_context(Film(source))
        window = None if how["no_window"] else _window(opened, recognizer.name)
        if window is None and not (record or table):
            record = time.strftime("live-%Y%m%d-%H%M%S.mp4")
        tell = _telling_beside(table)
        opened.callback(_tell_where, tell, record, table)
        writer = record and opened.enter_context(FilmWriter(record, film.fps))
        rows = table and SightingTable(table, recognizer.classes)
        rows = rows and opened.enter_context(rows)
        opened.enter_context(limited_threads(1))  # one face is too little for more
        watcher.warm_up(film.size)
        _watch(film, watcher, _Sinks(window, writer, rows, tell), **how)


class _Sinks(NamedTuple):
    """Where what was seen goes, each or None; and what says which file was written."""

    window: object
    writer: object
    rows: object
    tell: object


def _check_other(path, option, *read):
    """Refuse to write over what is read."""
    for source in filter(None, read):
        if path.exists() and Path(source).exists() and path.samefile(source):
            raise click.UsageError(f"{option} {path} would replace what is read")


def _window(opened, name):
    """Return an open window, or None where there can be none."""
    from fercompare.faces.window import NoWindow, Window

    try:
        return opened.enter_context(Window(f"fercompare live: {name}"))
    except NoWindow as error:
        click.echo(f"fercompare: {error}; writing files instead", err=True)
        return None


def _telling_beside(table):
    """Return a function that prints the path of a file, where it disturbs no table."""
    if table == "-":
        return lambda path: click.echo(f"written: {path}", err=True)
    return click.echo


def _tell_where(tell, *paths):
    for path in paths:
        if path and path != "-" and Path(path).exists():
            tell(path)


def _watch(film, watcher, sinks, *, mirror, time_limit, no_window):
    """Watch until the film or the user ends it, and say how much that was."""
    from fercompare.faces.counts import Watched
    from fercompare.faces.live import in_time, mirrored, until

    frames = film if time_limit is None else until(film, time_limit)
    frames = mirrored(frames) if mirror else frames
    watched = Watched()
    try:
        with stoppable():  # so that a film is finished
            if film.is_live or sinks.window:
                if not film.is_live:
                    frames = in_time(frames)
                _watch_live(frames, watcher, sinks, watched)
            else:
                _watch_all(frames, watcher, sinks, watched)
    finally:
        click.echo(watched.told(), err=True)


def _watch_all(frames, watcher, sinks, watched):
    from fercompare.faces.live import draw, watch_all
    from fercompare.terminal import live_line

    with (
        live_line(watched.told),
        closing(watch_all(frames, watcher, watched)) as seen,
    ):
        for frame, sightings in seen:
            if sinks.rows:
                sinks.rows.write(frame, sightings)
            if sinks.writer:
                picture = draw(frame, sightings, watcher.classes)
                sinks.writer.write(picture, frame.seconds)
                watched.note_shown()


def _watch_live(frames, watcher, sinks, watched):
    from fercompare.faces.live import watch_live
    from fercompare.terminal import live_line

    note = sinks.rows.write if sinks.rows else lambda frame, sightings: None
    if not sinks.window:
        click.echo("fercompare: Ctrl-C ends it", err=True)
    with (
        suppress(KeyboardInterrupt),
        nullcontext() if sinks.window else live_line(watched.told),
        closing(watch_live(frames, watcher, watched, note)) as shown,
    ):
        for frame, sightings in shown:
            if frame is not None:
                picture = _show(frame, sightings, watcher.classes, sinks, watched)
            if sinks.window and _asked_to_end(sinks, picture):
                break


def _show(frame, sightings, classes, sinks, watched):
    """Draw a frame, hand it to the window and the film, and return the picture."""
    from fercompare.faces.live import draw

    picture = draw(frame, sightings, classes)
    if sinks.writer:
        sinks.writer.write(picture, frame.seconds)
    watched.note_shown()
    if sinks.window:
        shown, searched = watched.rates()
        line = (
            f"{shown:.0f} frames a second, {searched:.0f} searched, "
            f"{len(sightings)} faces    s: still, q: end"
        )
        sinks.window.show(picture, line)
    return picture


def _asked_to_end(sinks, picture):
    """Do what the pressed keys ask for; tell whether to end."""
    from fercompare.drawing import save_picture

    for key in sinks.window.pressed():
        if key == STILL_KEY:
            name = f"still-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9}"
            save_picture(picture, Path(f"{name}.png"))
            sinks.tell(f"{name}.png")
    return sinks.window.is_closed
