"""Image features as scikit-learn transformers of image rows."""

from fercompare.features.fisher import FisherVectors
from fercompare.features.hog import HOG
from fercompare.features.lbp import LBP
from fercompare.features.pixels import Pixels

__all__ = ["HOG", "LBP", "FisherVectors", "Pixels"]
