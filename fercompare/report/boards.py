"""Boards: what a leaderboard shows of outcomes, each a title, a table and a sheet."""

from typing import NamedTuple

import pandas as pd

from fercompare.report.leaderboard import GROUPS, rank
from fercompare.report.published import beside
from fercompare.report.sheets import Sheet, grid_sheet, plain_sheet, ranking_sheet
from fercompare.report.tables import GROUND, REFERENCE, costs, grid, of_classes


class Board(NamedTuple):
    """A table with a title, and the sheet that it is read as."""

    title: str
    table: pd.DataFrame
    sheet: Sheet


def ranking_boards(outcomes, by="f1_macro", group="dataset"):
    """Return a `Board` of each ranking.

    Parameters
    ----------
    outcomes : list of Outcome
    by : str, default="f1_macro"
    group : {"dataset", "strategy", "model"}

    Returns
    -------
    list of Board
    """
    return _told_apart(
        Board(_title(ranking, group), ranking, ranking_sheet(ranking, by))
        for ranking in rankings(outcomes, by, group)
    )


def grid_boards(outcomes, by="f1_macro", rows="model", deltas=False):
    """Return a `Board` of strategy by model for each data set.

    Parameters
    ----------
    outcomes : list of Outcome
    by : str, default="f1_macro"
    rows : {"model", "strategy"}
    deltas : bool, default=False
        Less what the model has without balancing.

    Returns
    -------
    list of Board
    """
    columns = "strategy" if rows == "model" else "model"
    found = []
    for ranking in rankings(outcomes, by):
        table = grid(ranking, by, rows, columns, deltas)
        notes = grid(ranking, "note", rows, columns).fillna("")
        if deltas:
            notes = _with_those_of_none(notes, rows)
        sheet = grid_sheet(table, by, deltas, notes)
        named = table.reset_index()
        named["note"] = [_told(line) for _, line in notes.iterrows()]
        for place, name in enumerate(GROUND):
            named.insert(place, name, ranking.iloc[0][name])
        less = " less that without balancing" if deltas else ""
        found.append(Board(f"{_title(ranking)}: {by}{less}", named, sheet))
    return _told_apart(found)


def class_boards(outcomes, score="f1"):
    """Return a `Board` of a score of each class for each set of images scored on."""
    table, found = of_classes(outcomes, score), []
    for _, lines in table.groupby([*GROUND], sort=False):
        lines = lines.dropna(axis="columns", how="all")
        shown = lines.drop(columns=[*GROUND, "n_test"])
        directions = dict.fromkeys(shown.columns[2:-1], True)
        title = f"{_title(lines)}: {score} of each class"
        found.append(Board(title, lines, _sheet(shown, directions)))
    return _told_apart(found)


def cost_boards(outcomes, by="f1_macro"):
    """Return a `Board` of what each model and strategy costs for each data set."""
    found = []
    for ranking in rankings(outcomes, by):
        table = costs(ranking)
        shown = table.drop(columns=[*GROUND])
        directions = {n: n == "images_per_second" for n in shown.columns[2:-1]}
        sheet = _sheet(shown, directions, digits=2)
        found.append(Board(f"{_title(ranking)}: costs", table, sheet))
    return _told_apart(found)


def published_boards(outcomes, by="accuracy"):
    """Return a `Board` of each ranking with the figures of the literature among it."""
    found = []
    for ranking in rankings(outcomes, by):
        table = beside(ranking, by)
        sheet = plain_sheet(table.drop(columns="dataset"))
        found.append(Board(f"{_title(ranking)}; and as published", table, sheet))
    return found


def rankings(outcomes, by="f1_macro", group="dataset"):
    """Return each ranking by itself, as a list of DataFrames."""
    ranked = rank(outcomes, by, group)
    if ranked.empty:
        return []
    names = [*GROUND, *GROUPS[group]]
    return [table for _, table in ranked.groupby(names, sort=False)]


def _told_apart(boards):
    """Return boards, with digests of what is scored on where titles are the same."""
    boards = list(boards)
    titles = [board.title for board in boards]
    return [
        board
        if titles.count(board.title) == 1
        else board._replace(title=f"{board.title}, {_digests(board.table)}")
        for board in boards
    ]


def _digests(table):
    first = table.iloc[0]
    return f"data {first['data']}, images {first['images']}"


def _sheet(shown, directions, digits=3):
    """Return a `Sheet` whose notes are a column where there are any."""
    if not shown["note"].any():
        shown = shown.drop(columns="note")
    return plain_sheet(shown, directions, digits)


def _with_those_of_none(notes, rows):
    """Return the notes of deltas, which are of two cells each."""
    turned = notes if rows == "model" else notes.T
    found = turned.apply(lambda column: column.where(column != "", turned[REFERENCE]))
    return found if rows == "model" else found.T


def _told(line):
    return "; ".join(f"{name} {note}" for name, note in line.items() if note)


def _title(ranking, group="dataset"):
    first = ranking.iloc[0]
    of = "" if group == "dataset" else f", {group} {first[group]}"
    n, part = first["n_test"], first["part"]
    images = f"{n:,} test images" if part == "test" else f"{n:,} images of {part}"
    return f"{first['dataset']}{of}: {images}, mean over seeds"
