"""Facial expression recognition, compared honestly."""

__version__ = "0.1.0"
