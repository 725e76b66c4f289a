"""How far hand-made features go on FER2013, and what each step brought.

    python benchmarks/study_classical.py --root FOLDER_WITH_FER2013

About an hour on two cores; the SVMs are fitted without probabilities, which change no
prediction. See `studies` for the protocol and the options.
"""

from pathlib import Path

from studies import run_study

from fercompare import HOG, LBP, make_model

TABLE = Path(__file__).parents[1] / "results" / "classical-fer2013.csv"
LINES = [
    "# Hand-made features on FER2013",
    "",
    "`python benchmarks/study_classical.py`, Training learns, PublicTest chose the",
    "settings, PrivateTest reports; no test-time augmentation, no other data. The",
    "last column leaves out those PrivateTest images of which an exact copy stands",
    "in another part. Where several seeds were run, mean ± standard deviation.",
]
SEEDS = {"and mirrored: classical-best": 3, "hog+rf": 3, "lbp+rf": 3}


def steps():
    """Return name of a step to a function from a seed to a model."""

    def model(*words, **options):
        def make(seed):
            made = make_model(words, random_state=seed).set_params(**options)
            known = "svm__probability" in made.get_params()
            return made.set_params(svm__probability=False) if known else made

        return make

    def fisher(**options):
        return model(
            "fisher", "pca-svm", **{f"fisher__{k}": v for k, v in options.items()}
        )

    return {
        "dummy": lambda seed: make_model("dummy"),
        "pixels+svm": model("pixels", "svm"),
        "scikit-image's HOG, 6 x 6": model(HOG(), "svm"),
        "and bilinear votes": model(HOG(bilinear=True), "svm"),
        "and 12 signed directions": model(
            HOG(bilinear=True, signed=True, orientations=12), "svm"
        ),
        "and cells of 8 x 8: hog+svm": model("hog", "svm"),
        "scikit-image's uniform LBP, 8 x 8 grid": model(LBP(), "svm"),
        "nri_uniform at radius 2, 6 x 6, roots: lbp+svm": model("lbp", "svm"),
        "hog+lbp+svm": model("hog", "lbp", "svm"),
        "hog+nystroem": model("hog", "nystroem"),
        "hog+linear-svm": model("hog", "linear-svm"),
        "hog+rf": model("hog", "rf"),
        "lbp+rf": model("lbp", "rf"),
        "Fisher vectors, 32 words, not mirrored": fisher(n_words=32, mirrored=False),
        "and 128 words": fisher(mirrored=False),
        "and mirrored: classical-best": fisher(),
    }


if __name__ == "__main__":
    run_study(__doc__, steps(), SEEDS, TABLE, LINES)
