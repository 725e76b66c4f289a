"""One trial at a time on each graphics card, whoever runs it on this machine.

Not run on a card so far: the tests stand in for them.
"""

import os
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fercompare.errors import DataError
from fercompare.evaluation.claims import claim, held

ANY_CARD = ("auto", "cuda")
"""What the parameter ``device`` says where any card will do."""


@contextmanager
def own_card(model):
    """Hold a card for a model that wants one, while the block runs.

    Who wants a card has a parameter ``device`` somewhere, of ``"auto"`` where there are
    cards, of ``"cuda"``, or of one card's name. All processes of this user on this
    machine share them; those in containers with other temporary folders do not.

    Parameters
    ----------
    model : object
        An unfitted estimator; anything else wants no card.

    Yields
    ------
    model : object or None
        The same, its ``device`` the card that is now its own. None where it has to
        wait, so that what needs no card can go on meanwhile.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> with own_card(DummyClassifier()) as model:
    ...     model
    DummyClassifier()
    """
    asked = _devices(model)
    cards = _cards() if asked else {}
    named = sorted(set(asked.values()) & cards.keys())
    any_will_do = not set(asked.values()).isdisjoint(ANY_CARD)
    choices = [named] if named else [[card] for card in cards if any_will_do]
    if not choices:
        yield model
        return
    folder = _folder()
    for choice in choices:
        with ExitStack() as stack:
            turns = [claim(folder, cards[card]) for card in choice]
            if all(stack.enter_context(turn) for turn in turns):
                changes = {n: choice[0] for n, d in asked.items() if d in ANY_CARD}
                yield model.set_params(**changes)
                return
    yield None


def cards_taken():
    """Return whether somebody on this machine has a card to itself."""
    return bool(held(_folder()))


def _devices(model):
    """Return the parameters that say where something runs, other than on no card."""
    known = model.get_params() if hasattr(model, "get_params") else {}
    devices = {n: str(v) for n, v in known.items() if n.rpartition("__")[2] == "device"}
    return {n: d for n, d in devices.items() if d == "auto" or d.startswith("cuda")}


def _cards():
    from fercompare.deep.devices import cards

    return cards()


def _folder():
    """Return where the claims to the cards of this machine lie."""
    user = os.getuid() if hasattr(os, "getuid") else os.getlogin()
    folder = Path(tempfile.gettempdir(), f"fercompare-cards-{user}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and folder.stat().st_uid != user:
        raise DataError(
            "belongs to somebody else",
            file=folder,
            remedy="have it removed, or set TMPDIR to a folder of yours",
        )
    return folder
