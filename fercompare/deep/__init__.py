"""Networks behind scikit-learn's interface. Whoever imports this imports torch."""
