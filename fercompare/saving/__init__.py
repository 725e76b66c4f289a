"""Models in files that run nothing when they are loaded."""

from fercompare.saving.cards import Card
from fercompare.saving.models import load_model, read_card, save_model
from fercompare.saving.refusal import ModelFileError, ModelFileWarning
from fercompare.saving.registry import REGISTRY, Entry

__all__ = [
    "REGISTRY",
    "Card",
    "Entry",
    "ModelFileError",
    "ModelFileWarning",
    "load_model",
    "read_card",
    "save_model",
]
