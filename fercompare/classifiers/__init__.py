"""Classifiers of feature rows, each with calibrated probabilities."""

from fercompare.classifiers.forest import RandomForest
from fercompare.classifiers.linear_svm import LinearSVM
from fercompare.classifiers.svm import SVM

__all__ = ["SVM", "LinearSVM", "RandomForest"]
