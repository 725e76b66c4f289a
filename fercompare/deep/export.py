"""Networks for other programs: ONNX, with all that turns rows into probabilities.

torch's exporter by tracing is used: it is quick, needs no package besides onnx, and is
there from the oldest torch that fercompare supports to the newest. What it wrote is
asked about random rows before the file appears.
"""

import copy
import io
import json
import warnings

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from fercompare.containers.archive import write_whole
from fercompare.containers.refusal import naming
from fercompare.deep.base import DeepClassifier
from fercompare.errors import DataError

OPSET = 17
TOLERANCE = 1e-4
PROVIDER = "CPUExecutionProvider"
INPUT, OUTPUT = "rows", "probabilities"
REMEDY = "give another place"
NOTHING = (None, "passthrough")


class Whole(torch.nn.Module):
    """A fitted classifier as one module, from rows of pixels to probabilities.

    Parameters
    ----------
    classifier : DeepClassifier
    """

    def __init__(self, classifier):
        super().__init__()
        self.network = classifier.network_
        self.normalize = classifier.normalization_
        self.image_shape = classifier.image_shape_
        self.flips = classifier.flips

    def forward(self, rows):
        """Return probabilities ``(n, k)`` of float rows ``(n, h*w)``."""
        images = rows.reshape(-1, *self.image_shape)
        grey = len(self.image_shape) == 2
        images = images[:, None] if grey else images.permute(0, 3, 1, 2)
        images = self.normalize(images)
        found = self.network(images).softmax(dim=1)
        if self.flips:
            found = (found + self.network(images.flip(3)).softmax(dim=1)) / 2
        return found


def export_onnx(model, path):
    """Write a fitted network as ONNX, whole or not at all.

    The input ``rows`` is float32 of shape (n, h*w) or (n, h*w*3), for any n: pixels
    from 0 to 255 as `predict_proba` takes them, cast from uint8. Normalization and
    flips are inside. All of it computes in float32, and is equal to the model that
    does; one that chose bfloat16 on this machine differs by some thousandths. The
    output ``probabilities`` is (n, k); the metadata ``classes`` names the columns, in
    JSON.

    Parameters
    ----------
    model : DeepClassifier, or a pipeline of samplers and one
    path : path
        A file there is replaced.

    Raises
    ------
    DataError
        If the model is no network, onnx is missing, or onnxruntime, where it is
        installed, finds other probabilities by more than 1e-4.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fercompare.deep.classifier import CNNClassifier
    >>> X = np.arange(4 * 64, dtype=np.uint8).reshape(4, 64)
    >>> model = CNNClassifier(blocks=1, width=2, dense=(), epochs=1, random_state=0)
    >>> model = model.fit(X, ["happy", "sad"] * 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_onnx(model, Path(folder, "small.onnx"))
    ...     Path(folder, "small.onnx").stat().st_size < 10_000
    True
    """
    classifier, onnx = _network_of(model), _import_onnx()
    device = next(classifier.network_.parameters()).device
    whole = Whole(classifier).to("cpu").eval()
    try:
        rows = _some_rows(classifier.n_features_in_)
        proto = onnx.load_model_from_string(_traced(whole, torch.from_numpy(rows)))
        _add_metadata(proto, classifier)
        onnx.checker.check_model(proto)
        content = proto.SerializeToString()
        _check_agrees(content, classifier, rows, path)
    finally:
        classifier.network_.to(device)
    with naming(path, REMEDY):
        write_whole(path, [content])


def _import_onnx():
    try:
        import onnx
    except ImportError as error:
        raise DataError(
            "onnx is not installed", remedy="pip install 'fercompare[onnx]'"
        ) from error
    return onnx


def _network_of(model):
    """Return the network of a pipeline whose other steps predict nothing."""
    steps = [step for _, step in getattr(model, "steps", [("", model)])]
    idle = all(s in NOTHING or hasattr(s, "fit_resample") for s in steps[:-1])
    if not (idle and isinstance(steps[-1], DeepClassifier)):
        raise DataError(
            f"{' + '.join(_name(step) for step in steps)} is no network",
            remedy="export a CNN, alone or after samplers; other models are saved "
            "with save_model",
        )
    check_is_fitted(steps[-1])
    return steps[-1]


def _name(step):
    return step if isinstance(step, str) else type(step).__name__


def _some_rows(n_features):
    return np.random.default_rng(0).integers(0, 256, (3, n_features)).astype(np.float32)


def _predicted(classifier, rows):
    """Return the probabilities of the classifier itself, in float32 on the CPU."""
    twin = copy.copy(classifier)
    twin.device, twin.precision = "cpu", "float32"
    vars(twin).pop("feature_names_in_", None)
    return twin.predict_proba(rows)


def _traced(whole, rows):
    content = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the newer exporter, and of traces
            torch.onnx.export(
                whole,
                (rows,),
                content,
                dynamo=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise DataError(
            f"the network cannot be written as ONNX: {str(error).splitlines()[0]}",
            remedy="make it of layers that torch.onnx knows",
        ) from error
    return content.getvalue()


def _add_metadata(proto, classifier):
    facts = {
        "classes": classifier.classes_.tolist(),
        "image_shape": list(classifier.image_shape_),
    }
    for key, value in facts.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, json.dumps(value)


def _check_agrees(content, classifier, rows, path):
    """Refuse content that another runtime does not read as this model."""
    try:
        import onnxruntime
    except ImportError:
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # more would wait by spinning
    session = onnxruntime.InferenceSession(content, options, [PROVIDER])
    for some in (rows, rows[:1]):
        found = session.run([OUTPUT], {INPUT: some})[0]
        apart = np.abs(found - _predicted(classifier, some)).max()
        if not apart <= TOLERANCE:
            raise DataError(
                f"onnxruntime finds probabilities {apart:.2g} apart",
                file=path,
                remedy="nothing was written; use layers that compute row by row",
            )
