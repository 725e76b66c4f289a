"""Every table and picture of ``results`` anew, from the outcomes that stand there.

    make results

Nothing is trained and no data set is read: pages, tables and pictures of the studies
are made of their outcomes, those of the older studies of their csv. Pictures that show
drawn faces are no outcomes and are left as they are.
"""

import re
from pathlib import Path

import studies
import study_balancing
import study_classical
import study_cnn
import study_compiled
import study_ferplus
import study_networks
import study_three_classes
import study_transfer
import study_wrong_way
from reference import RESULTS, write_page

from fercompare import load_results
from fercompare.report.figures import save_figure
from fercompare.report.grounds import grounds
from fercompare.report.pictures import PICTURES
from fercompare.report.training_plots import draw_history

STUDIES = (
    study_balancing.STUDY,
    study_ferplus.STUDY,
    study_transfer.STUDY,
    study_three_classes.STUDY,
    study_compiled.LOOK_ALIKES,
    study_compiled.REAL,
    study_networks.STUDY,
)
README = RESULTS.parent / "README.md"
FRONT = re.compile(r"(<!-- made by make results -->\n).*?(<!-- end -->)", re.DOTALL)


def derive(folder=RESULTS, readme=README):
    """Write all of it into a folder, the front page too, and return the files."""
    folder = Path(folder)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    paths = []
    for study in STUDIES:
        for full in (False, True):
            if study.store(full).is_dir():
                paths += write_page(study, full, folder)
    return [*paths, *_older_pages(folder), *_pictures(folder), _front(readme)]


def _front(readme):
    lines = study_balancing.front(load_results(study_balancing.STUDY.store()))
    told = "\n".join(["", *lines])
    text = FRONT.sub(lambda found: found[1] + told + found[2], README.read_text())
    return _write(readme, text)


def _older_pages(folder):
    pages = {
        "classical-fer2013": (study_classical.LINES, studies.SCORES),
        "cnn-fer2013": (study_cnn.LINES, study_cnn.COLUMNS),
    }
    for name, (lines, columns) in pages.items():
        rows = list(studies.read(RESULTS / f"{name}.csv").values())
        yield _write(folder / f"{name}.md", studies.page(rows, lines, columns))
    rows = study_wrong_way.read(study_wrong_way.TABLE)
    yield _write(folder / "wrong-way.md", study_wrong_way.page(rows))


def _pictures(folder):
    pictures = folder / "pictures"
    (ground,) = grounds(load_results(RESULTS / "synthetic"))
    heat_map = PICTURES["heat-map"].draw(ground)
    yield from save_figure(heat_map, pictures / "synthetic-heat-map", ["png"])
    log, curves = RESULTS / "cnn-shipped-fer2013.csv", pictures / "cnn-curves.png"
    draw_history(log, curves)
    yield curves


def _write(path, text):
    path.write_text(text)
    return path


if __name__ == "__main__":
    for written in derive():
        print(written)
