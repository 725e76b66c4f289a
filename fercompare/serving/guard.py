"""Which requests a server on this machine answers: those of its own page, and no other.

A page of another site can make a browser send requests here. It is known by its
origin, or, where it has made its own name point here (DNS rebinding), by the name.
"""

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from fercompare.errors import whole_number

LOCAL = ("localhost", "127.0.0.1", "::1")
OWN_PAGE = ("same-origin", "none")
MOST_DIGITS = 18


class Refusal(NamedTuple):
    """The HTTP status and the sentence that a request is refused with."""

    status: int
    message: str


def is_local(host):
    """Whether only programs on this machine can reach a server at an address.

    Examples
    --------
    >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0")
    (True, True, False)
    """
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def check_sender(headers, own_host):
    """Return why a request is refused, or None where it may be of the own page.

    Programs that are no browsers send neither an origin nor where they come from.

    Parameters
    ----------
    headers : mapping
        With ``get``; names in any case.
    own_host : str
        What the server was told to listen at.

    Examples
    --------
    >>> own = {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"}
    >>> check_sender(own, "127.0.0.1")
    >>> check_sender(own | {"Origin": "https://example.org"}, "127.0.0.1").status
    403
    >>> check_sender({"Host": "example.org:8000"}, "127.0.0.1").status
    403
    """
    host = headers.get("Host")
    if host is None or not _is_own_name(host, own_host):
        return Refusal(403, "this server does not answer to the name it was called by")
    origin = headers.get("Origin")
    elsewhere = origin is not None and origin.lower() != f"http://{host.lower()}"
    if elsewhere or headers.get("Sec-Fetch-Site", "none").lower() not in OWN_PAGE:
        return Refusal(403, "pages of other sites may not ask this server")
    return None


def check_length(headers, most_bytes):
    """Return the length of a request's body, or why it is refused unread.

    Parameters
    ----------
    headers : mapping
        With ``get`` and ``get_all``.
    most_bytes : int

    Returns
    -------
    length : int or None
    refusal : Refusal or None
    """
    if headers.get("Transfer-Encoding") is not None:
        return None, Refusal(411, "send the picture whole, with its Content-Length")
    lengths = headers.get_all("Content-Length") or []
    if not lengths:
        return None, Refusal(411, "the Content-Length of the picture is missing")
    length = whole_number(lengths[0].strip(), 10**MOST_DIGITS)
    if len(lengths) > 1 or length is None:
        return None, Refusal(400, "the Content-Length of the picture is no number")
    if length > most_bytes:
        return None, Refusal(
            413, f"the picture has {length:,} bytes, more than {most_bytes:,}"
        )
    if not length:
        return None, Refusal(400, "the picture is empty: send the bytes of its file")
    return length, None


def _is_own_name(host, own_host):
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name in (*LOCAL, own_host.lower()):
        return True
    # An address is no name that somebody could have pointed here.
    return not is_local(own_host) and _address(name) is not None


def _address(host):
    try:
        return ipaddress.ip_address(host or "")
    except ValueError:
        return None
