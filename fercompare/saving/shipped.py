"""The network that comes with the package, for those who have trained none yet."""

from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "trained" / "cnn-fer2013.fer"
"""A file like any other, made by ``benchmarks/train_shipped.py``; see its card."""
