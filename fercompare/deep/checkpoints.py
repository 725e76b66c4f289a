"""Trainings in files: written after each epoch, gone on with after a kill.

A file holds all that the next epoch depends on, and what it was asked to train; what
is drawn for an epoch follows from the seed and its number.
"""

import hashlib
from pathlib import Path

import torch

from fercompare.containers.archive import open_archive, pack, write_whole
from fercompare.containers.refusal import Refused, naming
from fercompare.containers.seal import seal, unseal
from fercompare.deep.asked import check_asked
from fercompare.deep.optimizers import LEAST_CHANNELS, make_optimizers
from fercompare.deep.runs import Run
from fercompare.deep.states import (
    as_arrays,
    as_tensors,
    check_fits,
    fill,
    history_arrays,
    history_rows,
)
from fercompare.tensors import pack_arrays, read_arrays, unpack_arrays

VERSION = 1
REMEDY = "delete it to train from the start, or give another path"
FACTS = {"asked", "arrays", "best_epoch", "history", "n_steps"}


class Checkpoint:
    """A file of a training under way.

    Parameters
    ----------
    path : path
    asked : dict of {str: str}
        What is to be trained; a file of anything else is an error.

    Examples
    --------
    >>> import tempfile
    >>> from fercompare.deep.recipe import Recipe
    >>> network, recipe = torch.nn.Linear(2, 1), Recipe()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(Path(folder, "run.ckpt"), {"epochs": "20"})
    ...     run = checkpoint.start_or_go_on(network, recipe)
    ...     run.history.append({"epoch": 1, "loss": 0.5})
    ...     checkpoint.save(run)
    ...     checkpoint.start_or_go_on(network, recipe).epoch
    1
    """

    def __init__(self, path, asked):
        self.path = Path(path)
        self.asked = asked

    def start_or_go_on(self, network, recipe):
        """Return the `Run` of the file; where there is none, a new one, in a new file.

        Parameters
        ----------
        network : Module
            As it is before the first epoch; its weights are replaced.
        recipe : Recipe
        """
        run = Run.start(network, recipe)
        if not (self.path.exists() or self.path.is_symlink()):
            self.save(run)
            return run
        with naming(self.path, REMEDY, subject="checkpoint"):
            self._load(run, recipe)
        return run

    def save(self, run):
        """Write a run, whole or not at all."""
        table = history_arrays(run.history)
        arrays = {f"history.{name}": table[name] for name in ("values", "known")}
        for name, state in _states(run).items():
            arrays |= {f"{name}.{k}": array for k, array in as_arrays(state).items()}
        with naming(self.path, REMEDY, subject="checkpoint"):
            packed = pack_arrays(arrays)
            facts = {
                "asked": self.asked,
                "arrays": hashlib.sha256(packed).hexdigest(),
                "best_epoch": run.best_epoch,
                "history": table["names"],
                "n_steps": run.n_steps,
            }
            manifest = seal("checkpoint", VERSION, facts)
            write_whole(self.path, pack(manifest, packed), f".{self.path.name}.writing")

    def _load(self, run, recipe):
        with open_archive(self.path) as archive:
            facts = unseal("checkpoint", VERSION, archive.manifest)
            if set(facts) != FACTS:
                raise Refused("its manifest is not that of a checkpoint")
            check_asked(facts["asked"], self.asked, REMEDY)
            content, described = read_arrays(archive)
        if hashlib.sha256(content).hexdigest() != facts["arrays"]:
            raise Refused("its arrays are not those that were written")
        groups = _grouped(unpack_arrays(content, described))
        _restore_history(run, facts, groups.pop("history", {}))
        for name, network in (("network", run.network), ("average", run.average)):
            if network is not None:
                found = groups.pop(name, {})
                check_fits(network.state_dict(), found, f"the {name}")
                fill(network, found)
        if run.best_epoch is not None:
            best, found = run.best_guess.state_dict(), groups.pop("best", {})
            check_fits(best, found, "the best epoch")
            run.best_state = as_tensors(best, found)
        for place, optimizer in enumerate(run.optimizers):
            found = groups.pop(f"optimizer{place}", {})
            _restore_optimizer(optimizer, found, _keys(optimizer, recipe))
        if groups:
            raise Refused(f"has arrays of {ascii(min(groups))[:80]}")


def in_turn(*functions):
    """Return a function that calls each with what it is called with; None is none.

    Examples
    --------
    >>> in_turn(None, print)("epoch 1")
    epoch 1
    """
    wanted = [function for function in functions if function is not None]

    def call_each(run):
        for function in wanted:
            function(run)

    return call_each


def _states(run):
    """Return all tensors of a run, by their part in it and by name."""
    states = {"network": run.network.state_dict()}
    if run.average is not None:
        states["average"] = run.average.state_dict()
    if run.best_epoch is not None:
        states["best"] = run.best_state
    for place, optimizer in enumerate(run.optimizers):
        states[f"optimizer{place}"] = {
            f"{number}.{key}": value
            for number, state in optimizer.state_dict()["state"].items()
            for key, value in state.items()
            if value is not None
        }
    return states


def _grouped(arrays):
    groups = {}
    for name, array in arrays.items():
        part, _, rest = name.partition(".")
        groups.setdefault(part, {})[rest] = array
    return groups


def _restore_history(run, facts, table):
    if set(table) != {"values", "known"} or table["values"].ndim != 2:
        raise Refused("has a history that is no table")
    run.history = history_rows(facts["history"], **table)
    run.n_steps, run.best_epoch = facts["n_steps"], facts["best_epoch"]
    if type(run.n_steps) is not int or run.n_steps < 0:
        raise Refused("has a number of steps that is none")
    best = run.best_epoch
    if best is not None and not (type(best) is int and 1 <= best <= run.epoch):
        raise Refused(f"has the best epoch {ascii(best)[:40]} of {run.epoch}")


def _restore_optimizer(optimizer, found, keys):
    """Give an optimizer its memory of each parameter, laid out as it was."""
    numbers = {name.partition(".")[0] for name in found}
    state = {}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for number, parameter in enumerate(parameters):
        if str(number) not in numbers:  # of a parameter that never had a gradient
            continue
        own = {
            key: parameter if is_whole else torch.empty((), dtype=torch.float32)
            for key, is_whole in keys.items()
        }
        mine = {key: found.pop(f"{number}.{key}", None) for key in keys}
        check_fits(own, mine, "an optimizer")
        state[number] = as_tensors(own, mine)
    if found:
        raise Refused(f"has arrays of an optimizer such as {ascii(min(found))[:80]}")
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _keys(optimizer, recipe):
    """Return what such an optimizer remembers, and whether it is of all numbers.

    Each is asked by letting it take a step with nothing to learn.
    """
    tiny = torch.nn.Sequential(
        torch.nn.Conv2d(LEAST_CHANNELS + 1, 2, 1), torch.nn.BatchNorm2d(2)
    )
    for probe in make_optimizers(tiny, recipe):
        if type(probe) is type(optimizer):
            parameter = probe.param_groups[0]["params"][0]
            parameter.grad = torch.zeros_like(parameter)
            probe.step()
            return {
                key: value.shape == parameter.shape
                for key, value in probe.state[parameter].items()
                if value is not None
            }
    return {}
