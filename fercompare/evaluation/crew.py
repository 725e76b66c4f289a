"""The workers of a Dask cluster: each is asked before its first trial."""

import time
import warnings
from collections import defaultdict

from fercompare import __version__
from fercompare.errors import DataError
from fercompare.evaluation.errands import look
from fercompare.evaluation.memory import that_fit

SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_ALONE = 5.0
"""Without a worker, after which that is told."""


class Crew:
    """Those workers of a cluster that can run the trials of a store.

    Parameters
    ----------
    client : distributed.Client
    folder : Path
        A shared folder in the store, which a worker has to see and write beside.
    megabytes : float
        What the largest trial holds; nan where that is not known.
    """

    def __init__(self, client, folder, megabytes):
        self.client, self.folder, self.megabytes = client, folder, megabytes
        self._asked, self._looks, self._fitting = {}, {}, {}
        self._refused, self._blind, self._is_checked = {}, {}, False
        self._alone_since = None

    def check(self):
        """Raise where a worker that is there by now cannot use the store, or none can.

        Returns
        -------
        int
            How many workers there are to use.
        """
        addresses = self._look_around()
        while self._asked:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            addresses = self._look_around()
        if self._blind:
            raise DataError(
                f"there are workers that cannot use it, {_listed(self._blind)}",
                file=self.folder.parent,
                remedy="choose one that all machines share, by a path that is the same "
                "on all of them",
            )
        if self._refused and not addresses:
            raise DataError(
                f"no worker can be used, {_listed(self._refused)}",
                remedy="install the same there, and start them again",
            )
        self._is_checked = True
        return len(addresses)

    def usable(self):
        """Return the addresses of the workers that can be given a trial now.

        After a while without any, that is told once.
        """
        addresses, now = self._look_around(), time.monotonic()
        if addresses or self._asked:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > SECONDS_ALONE:
            self._alone_since = float("inf")
            warnings.warn(
                "waiting for a worker; this starts one: "
                f"dask worker {self.client.scheduler.address}",
                stacklevel=2,
            )
        return addresses

    def is_gone(self, address):
        """Return whether a worker has left, as it was at the last look."""
        return address not in self._looks

    def _look_around(self):
        """Ask who is new, forget who has left; return the workers that can be used."""
        present = self._present()
        for known in (self._asked, self._looks, self._refused, self._blind):
            for address in known.keys() - present:
                del known[address]
        strangers = present - self._asked.keys() - self._looks.keys()
        for address in strangers - self._refused.keys():
            self._asked[address] = send(self.client, address, look, self.folder)
        for address, future in list(self._asked.items()):
            if future.done():
                del self._asked[address]
                self._judge(address, future)
        return self._that_fit()

    def _present(self):
        try:
            if self.client.status == "running":
                return set(self.client.nthreads())
        except OSError:
            pass
        raise DataError(
            "the scheduler is gone; what is finished is in the store",
            remedy="start it again, and the same again goes on from there",
        )

    def _judge(self, address, future):
        """Note what a worker says of itself, or that it is not to be used."""
        if future.status not in ("finished", "error"):
            return
        error = future.exception()
        found = None if error else future.result()
        if error is not None:
            why = f"it has no fercompare {__version__} ({error})"
        elif found.version != __version__:
            why = f"it has fercompare {found.version}, and here is {__version__}"
        elif found.trouble is not None:
            self._blind[address] = found.trouble
            why = f"it cannot use {self.folder.parent}: {found.trouble}"
        else:
            self._looks[address] = found
            return
        self._refused[address] = why
        if self._is_checked or address not in self._blind:
            warnings.warn(f"the worker {address} is not used: {why}", stacklevel=2)

    def _that_fit(self):
        """Return the workers in use: as many of a host as its memory holds trials."""
        hosts = defaultdict(list)
        for address, found in self._looks.items():
            hosts[found.host].append(address)
        fitting = set()
        for host, addresses in hosts.items():
            n, found = len(addresses), [self._looks[a] for a in addresses]
            if (host, n) not in self._fitting:
                sizes = [look.free for look in found if look.free is not None]
                if all(look.limit is not None for look in found):
                    sizes.append(sum(look.limit for look in found))
                free = min(sizes, default=None)
                self._fitting[host, n] = that_fit(n, self.megabytes, free, f"{host}: ")
            fitting.update(addresses[: self._fitting[host, n]])
        return fitting


def _listed(reasons):
    return "; ".join(f"{address}: {why}" for address, why in reasons.items())


def send(client, address, function, *arguments):
    """Have one worker call a function, and no other; return the future."""
    return client.submit(
        function,
        *arguments,
        key=f"fercompare-{function.__name__}-{time.monotonic_ns()}",
        workers=[address],
        pure=False,
    )
