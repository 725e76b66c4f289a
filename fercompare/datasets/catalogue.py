"""The data sets by name."""

from fercompare.datasets.cards import Card, counts
from fercompare.datasets.ckplus import load_ckplus
from fercompare.datasets.compiled import load_compiled
from fercompare.datasets.fer2013 import load_fer2013
from fercompare.datasets.ferplus import PUBLISHED_ORDER, load_ferplus
from fercompare.datasets.folders import load_folders
from fercompare.datasets.jaffe import load_jaffe
from fercompare.datasets.manifest import load_csv
from fercompare.datasets.rafdb import load_rafdb
from fercompare.datasets.sfew import load_sfew
from fercompare.datasets.synthetic import load_synthetic
from fercompare.labels import EMOTIONS

DATASETS = {
    "synthetic": Card(
        load_synthetic,
        "drawn faces with subjects, votes and the class shares of FER2013",
        obtain="nothing to get: they are drawn when asked for",
        licence="BSD-3-Clause, as fercompare itself",
    ),
    "fer2013": Card(
        load_fer2013,
        "FER2013: 35,887 grey faces from the web, 7 emotions",
        obtain="Kaggle, competition "
        "challenges-in-representation-learning-facial-expression-recognition-challenge "
        "(fer2013.csv or icml_face_data.csv), or data set msambare/fer2013 (folders)",
        put="fer2013.csv, or icml_face_data.csv, or train.csv and test.csv, or the "
        "folders train/ and test/",
        licence="the competition's terms; rights in the pictures are not settled: do "
        "not pass them on",
        cite="Goodfellow et al., Challenges in representation learning, 2013",
        signature=("fer2013.csv", "icml_face_data.csv"),
        published=counts(
            EMOTIONS,
            train=(3995, 436, 4097, 7215, 4830, 3171, 4965),
            val=(467, 56, 496, 895, 653, 415, 607),
            test=(491, 55, 528, 879, 594, 416, 626),
        ),
        checksums={
            "fer2013.csv": "f8428a1edbd21e88f42c73edd2a14f95",
            "icml_face_data.csv": "b114b9e04e6949e5fe8b6a98b3892b1d",
            "train.csv": "3f0dfb3d3fd99c811a1299cb947e3131",
            "test.csv": "b02c2298636a634e8c2faabbf3ea9a23",
        },
    ),
    "ferplus": Card(
        load_ferplus,
        "FER+: FER2013's faces, each judged by ten viewers, 8 emotions",
        obtain="fer2013new.csv from the repository microsoft/FERPlus, and FER2013",
        put="fer2013new.csv and fer2013.csv, or the folders FER2013Train, "
        "FER2013Valid and FER2013Test with label.csv",
        licence="labels MIT; the pictures are FER2013's",
        cite="Barsoum et al., Training deep networks for facial expression "
        "recognition with crowd-sourced label distribution, 2016",
        signature=("fer2013new.csv", "FER2013Train"),
        published=counts(
            PUBLISHED_ORDER,
            test=(1090, 893, 396, 384, 273, 18, 83, 16),
        ),
    ),
    "ckplus": Card(
        load_ckplus,
        "CK+: posed expressions of 123 subjects, filmed in a laboratory",
        obtain="the official set on request from its authors; the 48-pixel crops on "
        "Kaggle as shawon10/ckplus, the csv as davilsena/ckdataset",
        put="CK+48/, or cohn-kanade-images/ and Emotion/, or ckextended.csv",
        licence="non-commercial agreement with the authors",
        cite="Lucey et al., The extended Cohn-Kanade dataset (CK+), 2010",
        signature=("CK+48", "cohn-kanade-images", "ckextended.csv"),
    ),
    "jaffe": Card(
        load_jaffe,
        "JAFFE: 213 posed pictures of 10 Japanese women, with viewers' ratings",
        obtain="on request: Zenodo record 14974867",
        put="the 213 TIFF files, with README_FIRST.txt for the ratings",
        licence="non-commercial research; citing the source is a condition of use",
        cite="Lyons et al., Coding facial expressions with Gabor wavelets, 1998",
        signature=("jaffe", "jaffedbase"),
    ),
    "sfew": Card(
        load_sfew,
        "SFEW 2.0: stills from films, 7 emotions",
        obtain="on request from its authors (EmotiW)",
        put="Train_Aligned_Faces/ and Val_Aligned_Faces/, or Train/ and Val/, or "
        "SFEW.pckl",
        licence="academic research, on agreement with the authors",
        cite="Dhall et al., Static facial expression analysis in tough conditions: "
        "data, evaluation protocol and benchmark, 2011",
        signature=("SFEW.pckl", "Train_Aligned_Faces"),
        published=counts(
            EMOTIONS,
            train=(178, 52, 78, 184, 161, 94, 144),
            val=(77, 23, 46, 72, 73, 56, 84),
        ),
    ),
    "rafdb": Card(
        load_rafdb,
        "RAF-DB: 15,339 faces from the web, 7 basic emotions",
        obtain="on request from its authors",
        put="basic/EmoLabel and basic/Image/aligned, or train/1 … 7 and test/1 … 7",
        licence="non-commercial research",
        cite="Li et al., Reliable crowdsourcing and deep locality-preserving learning "
        "for expression recognition in the wild, 2017",
        signature=("basic",),
        published=counts(
            ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"),
            train=(1290, 281, 717, 4772, 1982, 705, 2524),
            test=(329, 74, 160, 1185, 478, 162, 680),
        ),
    ),
    "folders": Card(
        load_folders,
        "your own images, a folder a class",
        obtain="your own",
        put="CLASS/… or train/CLASS/…, val/CLASS/…, test/CLASS/…",
        licence="yours to know",
    ),
    "csv": Card(
        load_csv,
        "your own images, listed in a csv",
        obtain="your own",
        put="one csv with the columns path (or pixels), label, and if known split and "
        "subject",
        licence="yours to know",
    ),
    "compiled": Card(
        load_compiled,
        "several sets joined into one: CK+, JAFFE and SFEW unless you say otherwise",
        obtain="each of them by its own card",
        put="a folder for each set, of its name: ckplus/, jaffe/, sfew/",
        licence="that of each set in it",
    ),
}
"""Data set name to card; a new one is a loader function and an entry here."""
