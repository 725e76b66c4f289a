"""Classifiers of feature rows, each with calibrated probabilities."""

from fercompare.classifiers.forest import RandomForest
from fercompare.classifiers.least_squares import LeastSquares
from fercompare.classifiers.linear_svm import LinearSVM
from fercompare.classifiers.svm import SVM

__all__ = ["SVM", "LeastSquares", "LinearSVM", "RandomForest"]
