"""`load_dataset`: where it looks, what it says, and the copies it opens in place."""

import numpy as np
import pytest

from fercompare import list_datasets, load_dataset
from fercompare.datasets.catalogue import DATASETS
from fercompare.datasets.loading import DataWarning, prepare_dataset
from fercompare.datasets.votes import VOTES
from fercompare.errors import DataError, DataNotFound, FercompareError, UnknownName
from fercompare.labels import EMOTIONS

LABELS = [0, 1, 2, 3, 4, 5, 6] * 3
USAGES = ["Training"] * 7 + ["PublicTest"] * 7 + ["PrivateTest"] * 7


@pytest.fixture
def fer2013(tmp_path, write_fer2013):
    write_fer2013(tmp_path / "sets" / "fer2013" / "fer2013.csv", LABELS, USAGES)
    return tmp_path / "sets" / "fer2013"


def test_the_built_in_set_needs_nothing():
    dataset = load_dataset("synthetic", n=200)
    assert len(dataset) == 200
    assert dataset.classes == EMOTIONS


def test_places_in_their_order(fer2013, monkeypatch, tmp_path, write_fer2013):
    monkeypatch.chdir(tmp_path)
    write_fer2013(tmp_path / "data" / "fer2013.csv", [3], ["Training"])
    assert len(load_dataset("fer2013")) == 1
    monkeypatch.setenv("FERCOMPARE_DATA", str(fer2013.parent))
    assert len(load_dataset("fer2013")) == 21
    assert len(load_dataset("fer2013", tmp_path / "data")) == 1


def test_another_set_is_not_mistaken_for_the_one_asked_for(
    tmp_path, monkeypatch, write_images
):
    write_images([tmp_path / "train" / name / "1.png" for name in ("happy", "sad")])
    monkeypatch.setenv("FERCOMPARE_DATA", str(tmp_path))
    with pytest.raises(DataNotFound):
        load_dataset("fer2013")


@pytest.mark.parametrize(
    "name", [n for n, card in DATASETS.items() if card.needs_files]
)
def test_what_is_missing_comes_with_directions(name, tmp_path, monkeypatch):
    monkeypatch.setenv("FERCOMPARE_DATA", str(tmp_path))
    with pytest.raises(DataNotFound) as caught:
        load_dataset(name)
    message = str(caught.value)
    assert str(tmp_path / name) in message
    assert DATASETS[name].obtain in message
    assert DATASETS[name].put in message
    (tmp_path / name).mkdir()
    with pytest.raises(DataNotFound) as caught:
        load_dataset(name)
    assert str(tmp_path / name) in str(caught.value)


def test_wrong_words_are_answered_with_the_right_ones(fer2013):
    with pytest.raises(UnknownName, match="did you mean 'fer2013'"):
        load_dataset("fer2031")
    with pytest.raises(UnknownName, match="half-train"):
        load_dataset("synthetic", split="half")
    with pytest.raises(FercompareError, match="no option 'mode'; it takes: unlabelled"):
        load_dataset("fer2013", fer2013, mode="majority")
    with pytest.raises(FercompareError, match="no option 'reader'"):
        load_dataset("fer2013", fer2013, reader=None)
    with pytest.raises(DataError, match="made, not read"):
        load_dataset("synthetic", fer2013)


def test_what_was_skipped_is_said(fer2013):
    path = fer2013 / "fer2013.csv"
    path.write_text(path.read_text() + "3,1 2,Training\n")
    with pytest.raises(DataError, match=r"fer2013\.csv, row 23: 2 pixels"):
        load_dataset("fer2013", fer2013)
    with pytest.warns(DataWarning, match="1 files or rows of 'fer2013' were skipped"):
        dataset = load_dataset("fer2013", fer2013, on_error="skip")
    assert [error.row for error in dataset.skipped] == [23]


def test_shape_colour_and_labels_go_for_every_set(fer2013):
    for name, root in (("fer2013", fer2013), ("synthetic", None)):
        options = {} if root else {"n": 100}
        dataset = load_dataset(
            name, root, image_shape=(20, 30), color=True, labels="valence3", **options
        )
        assert dataset.images.shape[1:] == (20, 30, 3)
        assert dataset.classes == ("negative", "positive", "neutral")


def test_options_of_the_wrong_kind_are_refused(fer2013):
    with pytest.raises(FercompareError, match=r"unlabelled='yes'.* is no bool"):
        load_dataset("fer2013", fer2013, unlabelled="yes")
    with pytest.raises(FercompareError, match=r"sources='ckplus'.* is no list"):
        load_dataset("compiled", fer2013, sources="ckplus")
    with pytest.raises(DataError, match="label_names=3 is no map"):
        load_dataset("folders", fer2013, label_names=3)


def test_the_seed_and_the_shape_reach_the_drawn_faces():
    faces = {
        (seed, side): load_dataset(
            "synthetic", n=60, seed=seed, image_shape=(side, side)
        )
        for seed in (0, 1)
        for side in (48, 96)
    }
    assert len({dataset.fingerprint for dataset in faces.values()}) == 4
    assert faces[0, 96].notes["seed"] == "0"
    detail = np.abs(np.diff(faces[0, 96].images.astype(int), 2, axis=2)).mean()
    doubled = np.repeat(faces[0, 48].images.astype(int), 2, axis=2)
    assert detail < np.abs(np.diff(doubled, 2, axis=2)).mean()
    with pytest.raises(FercompareError, match="no option 'size'"):
        load_dataset("synthetic", size=96)


def test_other_counts_than_published_and_missing_classes_are_said(fer2013):
    with pytest.warns(DataWarning) as told:
        load_dataset("fer2013", fer2013)
    assert "'train' of 'fer2013' has 7 images" in str(told[0].message)
    path = fer2013 / "fer2013.csv"
    lines = [
        line for line in path.read_text().splitlines() if not line.startswith("1,")
    ]
    path.write_text("\n".join(lines))
    with pytest.warns(DataWarning, match="part 'val' of 'fer2013' has no disgust"):
        load_dataset("fer2013", fer2013)


def test_a_set_of_nothing_is_refused(tmp_path):
    (tmp_path / "list.csv").write_text("path,label\nnowhere.png,sad\n")
    with pytest.raises(DataError):
        load_dataset("csv", tmp_path / "list.csv", on_error="skip")
    for option in ("split_of", "refuse_copies"):
        with pytest.raises(FercompareError, match="takes no option"):
            load_dataset("folders", tmp_path, **{option: "x"})


def test_few_training_images_a_class_and_all_the_others(fer2013):
    dataset = load_dataset("synthetic", n=400, per_class=4)
    counts = dataset.class_counts()
    assert max(counts["train"].values()) == 4
    assert sum(counts["test"].values()) > 50
    with pytest.raises(DataError, match="leave none"):
        load_dataset("fer2013", fer2013, per_class=0)


def test_a_share_of_the_training_images_is_as_unequal_as_all():
    whole, third = (load_dataset("synthetic", n=3000, share=s) for s in (None, 1 / 3))
    for name, n in whole.class_counts()["train"].items():
        assert third.class_counts()["train"][name] == max(round(n / 3), 1)
    assert third.part_sizes()["test"] == whole.part_sizes()["test"]
    for share in (0, 1.5, -0.1, "half"):
        with pytest.raises(DataError, match="more than 0, at most 1"):
            load_dataset("synthetic", n=300, share=share)


def test_copies_leave_the_training_part_or_share_a_group(fer2013):
    path = fer2013 / "fer2013.csv"
    lines = path.read_text().splitlines()
    pixels = lines[15].split(",")[1]
    path.write_text("\n".join([*lines, f"2,{pixels},Training", ""]))
    assert load_dataset("fer2013", fer2013).part_sizes()["train"] == 8
    dropped = load_dataset("fer2013", fer2013, duplicates="drop_from_train")
    assert dropped.part_sizes() == {"train": 7, "val": 7, "test": 7}
    grouped = load_dataset(
        "fer2013", fer2013, duplicates="group", split="unchecked"
    ).groups
    assert len(set(grouped)) == 21
    assert grouped[21] == grouped[14]


def test_copies_leave_a_training_part_that_is_drawn(tmp_path, write_images):
    names = [f"{k}.png" for k in range(20)]
    write_images([tmp_path / c / n for c in ("happy", "sad") for n in names])
    for name in names:
        copy = (tmp_path / "sad" / name).read_bytes()
        (tmp_path / "sad" / f"again{name}").write_bytes(copy)
    options = {"root": tmp_path, "split": "stratified"}
    plain = load_dataset("folders", **options)
    dropped = load_dataset("folders", duplicates="drop_from_train", **options)
    assert dropped.part_sizes()["test"] == plain.part_sizes()["test"]
    scored = dropped.X[dropped.split != "train"]
    training = {row.tobytes() for row in dropped.part("train").X}
    assert not training & {row.tobytes() for row in scored}
    assert len(dropped) < len(plain)


class TestPrepared:
    def test_a_copy_is_the_set(self, fer2013):
        plain = load_dataset("fer2013", fer2013)
        prepare_dataset("fer2013", fer2013)
        opened = load_dataset("fer2013", fer2013)
        assert isinstance(opened.X, np.memmap)
        assert not opened.X.flags.writeable
        assert opened.fingerprint == plain.fingerprint
        for name, value in plain.row_arrays().items():
            assert np.array_equal(getattr(opened, name), value), name
        assert opened.notes == plain.notes

    def test_votes_columns_and_skipped_rows_are_kept(self, fer2013):
        path = fer2013 / "fer2013.csv"
        path.write_text(path.read_text() + "3,1 2,Training\n")
        lines = [",".join(["Usage", "Image name", *VOTES])]
        usages = [*USAGES, "Training"]
        lines += [f"{usage},x.png,9,1,0,0,0,0,0,0,0,0" for usage in usages]
        (fer2013 / "fer2013new.csv").write_text("\n".join(lines))
        prepare_dataset("fer2013", fer2013, on_error="skip")
        with pytest.warns(DataWarning, match="row 23: 2 pixels"):
            opened = load_dataset("fer2013", fer2013, on_error="skip")
        assert isinstance(opened.X, np.memmap)
        assert opened.columns["raw_votes"].shape == (21, 10)
        with pytest.raises(DataError):
            load_dataset("fer2013", fer2013)

    def test_a_changed_file_is_read_again(self, fer2013, write_fer2013):
        copy = prepare_dataset("fer2013", fer2013)
        assert prepare_dataset("fer2013", fer2013) == copy
        write_fer2013(fer2013 / "fer2013.csv", LABELS[:14], USAGES[:14])
        assert len(load_dataset("fer2013", fer2013)) == 14
        prepare_dataset("fer2013", fer2013)
        assert isinstance(load_dataset("fer2013", fer2013).X, np.memmap)

    def test_a_changed_table_or_image_elsewhere_is_noticed(
        self, tmp_path, write_fer2013, write_images
    ):
        plus = tmp_path / "sets" / "ferplus"
        write_fer2013(tmp_path / "sets" / "fer2013.csv", [0], ["Training"])
        plus.mkdir()
        votes = "Training,x.png,9,1,0,0,0,0,0,0,0,0"
        header = ",".join(["Usage", "Image name", *VOTES])
        (plus / "fer2013new.csv").write_text(f"{header}\n{votes}\n")
        prepare_dataset("ferplus", plus)
        before = load_dataset("ferplus", plus).X.copy()
        write_fer2013(tmp_path / "sets" / "fer2013.csv", [0], ["Training"], seed=1)
        assert not np.array_equal(load_dataset("ferplus", plus).X, before)

        images = tmp_path / "mine" / "images"
        write_images([images / "0.png", images / "1.png"])
        listed = tmp_path / "mine" / "list.csv"
        listed.write_text("path,label\nimages/0.png,sad\nimages/1.png,happy\n")
        prepare_dataset("csv", listed)
        assert isinstance(load_dataset("csv", listed).X, np.memmap)
        first, second = load_dataset("csv", listed).X.copy()
        (images / "0.png").write_bytes((images / "1.png").read_bytes())
        assert np.array_equal(load_dataset("csv", listed).X[0], second)
        assert not np.array_equal(first, second)

    def test_links_in_the_folder_do_not_stop_it(self, tmp_path, write_images):
        write_images([tmp_path / "set" / c / "1.png" for c in ("happy", "sad")])
        (tmp_path / "set" / "loop").symlink_to(".")
        (tmp_path / "set" / ".broken").symlink_to("nowhere")
        prepare_dataset("folders", tmp_path / "set")
        opened = load_dataset("folders", tmp_path / "set")
        assert isinstance(opened.X, np.memmap)

    def test_the_fingerprint_is_of_the_pixels_that_are_there(self, fer2013):
        plain = load_dataset("fer2013", fer2013).fingerprint
        copy = prepare_dataset("fer2013", fer2013)
        content = bytearray((copy / "pixels.npy").read_bytes())
        content[-1] ^= 1
        (copy / "pixels.npy").write_bytes(content)
        assert load_dataset("fer2013", fer2013).fingerprint != plain

    def test_other_options_have_other_copies(self, fer2013):
        prepare_dataset("fer2013", fer2013)
        small = load_dataset("fer2013", fer2013, image_shape=(24, 24))
        assert small.image_shape == (24, 24)
        assert not isinstance(small.X, np.memmap)

    @pytest.mark.parametrize("name", ["pixels.npy", "rows.npz", "facts.json"])
    @pytest.mark.parametrize("content", [b"", b"\0" * 50, b"[]"])
    def test_a_damaged_copy_is_not_used(self, fer2013, name, content):
        copy = prepare_dataset("fer2013", fer2013)
        (copy / name).write_bytes(content)
        assert len(load_dataset("fer2013", fer2013)) == 21
        prepare_dataset("fer2013", fer2013)
        assert isinstance(load_dataset("fer2013", fer2013).X, np.memmap)

    def test_nothing_is_left_behind_where_writing_fails(
        self, fer2013, tmp_path, monkeypatch
    ):
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space left"):
            prepare_dataset("fer2013", fer2013)
        assert list((tmp_path / "cache").iterdir()) == []

    def test_only_files_can_be_prepared(self):
        with pytest.raises(DataError, match="nothing to prepare"):
            prepare_dataset("synthetic")


def test_the_real_csv_is_opened_in_place(real_data):
    prepare_dataset("fer2013", real_data / "fer2013.csv")
    dataset = load_dataset("fer2013", real_data / "fer2013.csv")
    assert isinstance(dataset.X, np.memmap)
    assert dataset.part_sizes() == {"train": 28709, "val": 3589, "test": 3589}


def test_the_list_of_sets_is_the_catalogue():
    assert list_datasets() == list(DATASETS)
