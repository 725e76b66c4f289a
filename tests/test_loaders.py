"""Folders, csv lists, CK+, RAF-DB and joined sets, from small look-alikes."""

import os

import numpy as np
import pytest

from fercompare.datasets.ckplus import load_ckplus
from fercompare.datasets.compiled import join, load_compiled
from fercompare.datasets.folders import load_folders
from fercompare.datasets.manifest import load_csv
from fercompare.datasets.rafdb import load_rafdb
from fercompare.decoding import ImageReader
from fercompare.errors import DataError, DataNotFound


def labels(dataset):
    return [dataset.classes[k] for k in dataset.y]


class TestFolders:
    def test_parts_and_synonyms(self, tmp_path, reader, write_images):
        write_images(
            [
                tmp_path / "Training" / "anger" / "a.png",
                tmp_path / "Training" / "Happiness" / "b.JPG",
                tmp_path / "PublicTest" / "angry" / "c.png",
                tmp_path / "PrivateTest" / "HAPPY" / "deep" / "d.bmp",
            ]
        )
        (tmp_path / "notes.txt").write_text("not an image")
        (tmp_path / ".hidden.png").write_text("not an image")
        dataset = load_folders(tmp_path, reader)
        assert dataset.classes == ("angry", "happy")
        assert sorted(zip(dataset.split, labels(dataset))) == [
            ("test", "happy"),
            ("train", "angry"),
            ("train", "happy"),
            ("val", "angry"),
        ]

    def test_own_classes_and_subjects(self, tmp_path, reader, write_images):
        write_images(
            [tmp_path / c / f"S{s}_1.png" for c in ("bored", "keen") for s in (1, 2)]
        )
        dataset = load_folders(tmp_path, reader, subject=r"(S\d+)_")
        assert dataset.classes == ("bored", "keen")
        assert dataset.groups.tolist() == ["S1", "S2", "S1", "S2"]
        assert dataset.split is None

    def test_numbers_need_a_map(self, tmp_path, reader, write_images):
        write_images([tmp_path / c / "1.png" for c in "01"])
        with pytest.raises(DataError, match=r"folder called 0.*label_names"):
            load_folders(tmp_path, reader)
        named = load_folders(tmp_path, reader, label_names={0: "angry", "1": "happy"})
        assert named.classes == ("angry", "happy")

    def test_augmented_names_are_counted(self, tmp_path, reader, write_images):
        names = ("a.png", "a.jpg.png", "aug_a.png")
        write_images([tmp_path / c / n for c in ("happy", "sad") for n in names])
        dataset = load_folders(tmp_path, reader)
        assert dataset.notes["augmented"].startswith("4 file names")

    @pytest.mark.parametrize(
        ("paths", "message"),
        [
            ([], "holds no images"),
            (["1.png"], "lies in no class folder"),
            (["train/1.png"], "lies in no class folder"),
            (["happy/1.png"], "images of 1 class"),
            (["happy/1.png", "sad/1.png", "misc/1.png"], "but also misc"),
            (["train/happy/1.png", "train/sad/1.png", "sad/1.png"], "no folder for a"),
        ],
    )
    def test_what_is_no_set_is_refused(
        self, tmp_path, reader, write_images, paths, message
    ):
        write_images([tmp_path / path for path in paths])
        with pytest.raises(DataError, match=message):
            load_folders(tmp_path, reader)

    def test_an_empty_class_is_refused(self, tmp_path, reader, lenient, write_images):
        write_images([tmp_path / c / "1.png" for c in ("happy", "sad")])
        (tmp_path / "fear").mkdir()
        with pytest.raises(DataError, match="fear: holds no images"):
            load_folders(tmp_path, reader)
        assert load_folders(tmp_path, lenient).classes == ("happy", "sad")

    def test_a_class_of_broken_images_is_refused(self, tmp_path, lenient, write_images):
        write_images([tmp_path / c / "1.png" for c in ("happy", "sad")])
        (tmp_path / "sad" / "1.png").write_text("broken")
        with pytest.raises(DataError, match="no image of class sad can be read"):
            load_folders(tmp_path, lenient)

    def test_links_may_not_leave_the_folder(
        self, tmp_path, reader, lenient, write_images
    ):
        root, elsewhere = tmp_path / "set", tmp_path / "elsewhere"
        write_images([root / c / "1.png" for c in ("happy", "sad")])
        write_images([elsewhere / "2.png"])
        os.symlink(root / "sad" / "1.png", root / "sad" / "inside.png")
        os.symlink(root, root / "sad" / "loop")
        assert len(load_folders(root, reader)) == 3
        os.symlink(elsewhere / "2.png", root / "sad" / "out.png")
        os.symlink(elsewhere, root / "happy" / "out")
        with pytest.raises(DataError, match="link that leads out"):
            load_folders(root, reader)
        assert len(load_folders(root, lenient)) == 3
        assert len(lenient.skipped) == 2

    def test_a_linked_folder_does_not_rename_a_class(
        self, tmp_path, reader, write_images
    ):
        write_images([tmp_path / c / "1.png" for c in ("happy", "sad")])
        (tmp_path / "angry").symlink_to(tmp_path / "happy")
        assert load_folders(tmp_path, reader).classes == ("happy", "sad")

    def test_folders_that_name_two_classes_are_refused(
        self, tmp_path, reader, write_images
    ):
        write_images([tmp_path / c / "su" / "1.png" for c in ("happy", "sad")])
        assert load_folders(tmp_path, reader).classes == ("happy", "sad")
        write_images([tmp_path / "happy" / "joy" / "2.png"])
        assert len(load_folders(tmp_path, reader)) == 3
        write_images([tmp_path / "happy" / "anger" / "2.png"])
        with pytest.raises(DataError, match="several classes: angry, happy"):
            load_folders(tmp_path, reader)

    def test_rows_count_the_files_that_were_skipped(
        self, tmp_path, lenient, write_images
    ):
        write_images(
            [tmp_path / c / f"{k}.png" for c in ("happy", "sad") for k in "12"]
        )
        (tmp_path / "happy" / "1.png").write_text("broken")
        assert load_folders(tmp_path, lenient).rows.tolist() == [1, 2, 3]

    def test_a_pattern_must_find_a_subject(self, tmp_path, reader, write_images):
        write_images([tmp_path / c / "1.png" for c in ("happy", "sad")])
        with pytest.raises(DataError, match="does not match the pattern"):
            load_folders(tmp_path, reader, subject=r"S\d+")
        with pytest.raises(DataError, match="does not match the pattern"):
            load_folders(tmp_path, reader, subject=r"(Q)?1")
        for pattern in ("(", 5):
            with pytest.raises(DataError, match="no regular expression"):
                load_folders(tmp_path, reader, subject=pattern)


class TestCsv:
    def test_paths(self, tmp_path, reader, write_images):
        write_images([tmp_path / "images" / f"{k}.png" for k in range(3)])
        (tmp_path / "list.csv").write_text(
            "path,label,split,subject\nimages/0.png,joy,train,ann\n"
            "images/1.png,anger,test, bob\nimages/2.png,bored,valid,cid\n"
        )
        dataset = load_csv(tmp_path, reader)
        assert labels(dataset) == ["happy", "angry", "bored"]
        assert dataset.split.tolist() == ["train", "test", "val"]
        assert dataset.groups.tolist() == ["ann", "bob", "cid"]

    def test_pixels(self, tmp_path, reader):
        (tmp_path / "list.csv").write_text(
            "label,pixels\n0,1 2 3 4\n1,5 6 7 8\n0,9 9 9 9\n"
        )
        names = {"0": "sad", "1": "happy"}
        dataset = load_csv(tmp_path, ImageReader((2, 2)), label_names=names)
        assert dataset.X.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 9, 9, 9]]
        assert labels(dataset) == ["sad", "happy", "sad"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("file,label\n", "row 1: the header"),
            ("path,label\n../0.png,sad\n", "row 2: names '../0.png', outside"),
            ("path,label\n/etc/passwd,sad\n", "row 2: names '/etc/passwd', outside"),
            ("path,label\nnowhere.png,sad\n", "cannot be read"),
            ("path,label\n0.png,3\n", "row 2: the label is '3'"),
            ("path,label\n0.png,\n", "row 2: the label is ''"),
            ("path,label,split\n0.png,sad,later\n", "row 2: the split is 'later'"),
            ("path,label\n0.png\n", "row 2: has 1 fields"),
            ("path,label,label\n0.png,sad,happy\n", "row 1: the header"),
            ("path,label,subject\n0.png,sad, \n", "row 2: has no subject"),
            ("path,label\n0\0.png,sad\n", "cannot be read"),
            ("label,pixels\nsad,1 2 3\n", "row 2: 3 pixels are no square"),
            ("label,pixels\nsad,1 2 3 4\nsad,1 2\n", "row 3: 2 pixels, expected 4"),
            ("path,label\n", "holds no image"),
            ("path,label\n" + "x" * 200_000 + ",sad\n", "field larger"),
        ],
    )
    def test_bad_lists_are_refused(self, tmp_path, reader, write_images, text, message):
        write_images([tmp_path / "0.png"])
        (tmp_path / "list.csv").write_text(text)
        with pytest.raises(DataError, match=message):
            load_csv(tmp_path / "list.csv", reader)

    def test_one_csv_must_be_meant(self, tmp_path, reader):
        with pytest.raises(DataNotFound, match="holds 0 csv files"):
            load_csv(tmp_path, reader)


class TestCKPlus:
    @pytest.fixture
    def crops(self, tmp_path, write_images):
        emotions = {"anger": "S005", "contempt": "S138", "happy": "S005"}
        write_images(
            [
                tmp_path / "CK+48" / emotion / f"{subject}_00{k}_0000000{frame}.png"
                for k, (emotion, subject) in enumerate(emotions.items(), start=1)
                for frame in (1, 2, 3)
            ]
        )
        return tmp_path

    def test_crops(self, crops, reader):
        dataset = load_ckplus(crops, reader)
        assert dataset.classes == ("angry", "happy", "contempt")
        assert sorted(set(dataset.groups)) == ["S005", "S138"]
        assert dataset.columns["sequence"][0] == "S005_001"
        assert dataset.columns["frame"].tolist() == [1, 2, 3] * 3

    def test_contempt_dropped(self, crops, reader):
        dataset = load_ckplus(crops, reader, contempt=False)
        assert dataset.classes == ("angry", "happy")
        assert len(dataset) == len(dataset.columns["frame"]) == 6

    def test_a_stranger_is_refused(self, crops, reader, write_images):
        write_images([crops / "CK+48" / "happy" / "me.png"])
        with pytest.raises(DataError, match=r"me\.png: is not <emotion>/Sxxx"):
            load_ckplus(crops, reader)

    def test_official_tree(self, tmp_path, reader, write_images):
        films = {"S005/001": "3.0000000e+00", "S010/002": "   7.0"}
        for film, emotion in films.items():
            name = film.replace("/", "_")
            shots = [f"{name}_{frame:08d}" for frame in range(1, 6)]
            write_images(
                [tmp_path / "cohn-kanade-images" / film / f"{s}.png" for s in shots]
            )
            home = tmp_path / "Emotion" / film
            home.mkdir(parents=True)
            (home / f"{shots[-1]}_emotion.txt").write_text(emotion + "\n")
        dataset = load_ckplus(tmp_path, reader, frames=2)
        assert labels(dataset) == [
            *("neutral", "disgust", "disgust"),
            *("neutral", "surprise", "surprise"),
        ]
        assert dataset.columns["frame"].tolist() == [1, 4, 5] * 2
        assert set(dataset.groups) == {"S005", "S010"}
        for wrong in ("8", "-1.0", "3.9", "nan", "x"):
            (home / f"{shots[-1]}_emotion.txt").write_text(wrong)
            with pytest.raises(DataError, match=f"holds '{wrong}', expected a number"):
                load_ckplus(tmp_path, reader)
        skipping = ImageReader(on_error="skip")
        assert set(load_ckplus(tmp_path, skipping).groups) == {"S005"}

    def test_csv_says_that_it_has_no_subjects(self, tmp_path, reader, write_fer2013):
        usages = ["Training"] * 6 + ["PublicTest", "PrivateTest"]
        write_fer2013(tmp_path / "ckextended.csv", range(8), usages)
        dataset = load_ckplus(tmp_path, reader)
        assert dataset.groups is None
        assert "not in this file" in dataset.notes["subjects"]
        assert dataset.classes[7] == "contempt"
        assert len(load_ckplus(tmp_path, reader, contempt=False)) == 7

    def test_nothing_there(self, tmp_path, reader):
        with pytest.raises(DataNotFound, match=r"holds no CK\+48"):
            load_ckplus(tmp_path, reader)


class TestRAFDB:
    def test_list_of_labels(self, tmp_path, reader, write_images):
        names = ["train_00001", "train_00002", "test_0001"]
        write_images(
            [
                tmp_path / "basic" / "Image" / "aligned" / f"{n}_aligned.jpg"
                for n in names
            ],
            shape=(100, 100, 3),
        )
        home = tmp_path / "basic" / "EmoLabel"
        home.mkdir()
        lines = [f"{name}.jpg {k}" for name, k in zip(names, (5, 4, 7))]
        (home / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
        dataset = load_rafdb(tmp_path, reader)
        assert labels(dataset) == ["sad", "happy", "neutral"]
        assert dataset.split.tolist() == ["train", "train", "test"]
        (home / "list_patition_label.txt").write_text("train_00001.jpg 9\n")
        with pytest.raises(DataError, match="row 1: 'train_00001"):
            load_rafdb(tmp_path, reader)

    def test_folders_of_numbers(self, tmp_path, reader, write_images):
        write_images(
            [
                tmp_path / "DATASET" / p / k / "1.jpg"
                for p in ("train", "test")
                for k in "14"
            ]
        )
        dataset = load_rafdb(tmp_path, reader)
        assert dataset.classes == ("happy", "surprise")


class TestJoined:
    def test_names_do_not_collide(self, tmp_path, reader, write_images):
        for name, classes in {"one": ("happy", "sad"), "two": ("sad", "fear")}.items():
            write_images([tmp_path / name / c / "S1.png" for c in classes])
        parts = [
            load_folders(tmp_path / name, reader, name=name, subject=r"S\d")
            for name in ("one", "two")
        ]
        joined = join(parts)
        assert joined.classes == ("fear", "happy", "sad")
        assert labels(joined) == ["happy", "sad", "fear", "sad"]
        assert set(joined.groups) == {"one:S1", "two:S1"}
        assert joined.columns["source"].tolist() == ["one", "one", "two", "two"]
        assert len(set(joined.paths)) == 4

    def test_contempt_is_left_out(self, tmp_path, reader, write_images):
        shot = "S00{}_001_00000001.png"
        write_images(
            [
                tmp_path / "ckplus" / "CK+48" / emotion / shot.format(k)
                for k, emotion in enumerate(("happy", "contempt", "anger"))
            ]
        )
        write_images([tmp_path / "rafdb" / "train" / k / "1.jpg" for k in "45"])
        joined = load_compiled(tmp_path, reader, sources=("ckplus", "rafdb"))
        assert joined.classes == ("angry", "happy", "sad")
        assert joined.split is None
        assert joined.groups.tolist()[:2] == ["ckplus:S002", "ckplus:S000"]
        with pytest.raises(DataNotFound, match="holds no folder jaffe"):
            load_compiled(tmp_path, reader)

    def test_sets_of_two_shapes_are_refused(self, tmp_path, write_images):
        write_images([tmp_path / c / "1.png" for c in ("happy", "sad")])
        small, large = (
            load_folders(tmp_path, ImageReader((s, s)), name=str(s)) for s in (8, 9)
        )
        with pytest.raises(DataError, match="2 shapes"):
            join([small, large])
        assert np.array_equal(join([small]).X, small.X)
