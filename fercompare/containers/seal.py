"""Manifests in JSON, which begin with what they are and with their own checksum."""

import hashlib
import json
import re

from fercompare.containers.bounded_json import parse
from fercompare.containers.refusal import Refused

_FIRST = '{"format": "fercompare %s", "version": %s, "sha256": "%s",'


def seal(kind, version, body):
    """Return a manifest as bytes.

    Parameters
    ----------
    kind : str
        What the file is.
    version : int
        Of its format.
    body : dict

    Examples
    --------
    >>> manifest = seal("model", 1, {"scale": 0.5})
    >>> unseal("model", 1, manifest)
    {'scale': 0.5}
    """
    rest = json.dumps(body, indent=1, allow_nan=False)[1:].encode()
    first = _FIRST % (kind, version, hashlib.sha256(rest).hexdigest())
    return first.encode() + rest


def unseal(kind, version, manifest):
    """Return the body of a manifest, or refuse one that is not of this kind."""
    pattern = (_FIRST % (kind, r"(\d{1,6})", r"([0-9a-f]{64})")).encode()
    first = re.match(pattern, manifest)
    if not first:
        raise Refused(f"its manifest does not begin as that of a {kind}")
    written = int(first[1])
    if written > version:
        raise Refused(
            f"has version {written} of the format; this fercompare reads {version}",
            "install a newer fercompare",
        )
    rest = manifest[first.end() :]
    if written < 1 or hashlib.sha256(rest).hexdigest().encode() != first[2]:
        raise Refused("its manifest is not the one that was written")
    return parse(b"{" + rest, "its manifest")
