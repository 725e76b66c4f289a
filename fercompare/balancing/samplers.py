"""The parts of a balanced model that a file of it may name."""

from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import EditedNearestNeighbours, RandomUnderSampler

SAMPLERS = {
    "random-over": RandomOverSampler,
    "random-under": RandomUnderSampler,
    "smote": SMOTE,
    "smote-enn": SMOTEENN,
    "edited-neighbours": EditedNearestNeighbours,
}
"""Name to the class of a sampler, which is not needed to predict."""

BalancedPipeline = Pipeline
"""The pipeline that leaves its samplers out of ``predict``."""
