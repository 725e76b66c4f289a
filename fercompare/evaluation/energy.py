"""The energy that a trial took, as codecarbon estimates it."""

import importlib.util
import logging

from fercompare.errors import DataError

ANY_COUNTRY = "FRA"
"""Its mix of power plants makes emissions of energy, which are not asked for."""
SECONDS_BETWEEN_LOOKS = 1


class EnergyMeter:
    """Measures what a block took, if that is wanted.

    The processor's counters are read where the system lets them be, else its load is
    taken for its power; codecarbon knows which.

    Parameters
    ----------
    wanted : bool

    Attributes
    ----------
    kilowatt_hours : float or None

    Examples
    --------
    >>> with EnergyMeter(wanted=False) as meter:
    ...     total = sum(range(10))
    >>> meter.kilowatt_hours is None
    True
    """

    def __init__(self, wanted):
        self.wanted, self.kilowatt_hours = wanted, None

    def __enter__(self):
        if self.wanted:
            logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
            from codecarbon import OfflineEmissionsTracker

            self._tracker = OfflineEmissionsTracker(
                country_iso_code=ANY_COUNTRY,
                measure_power_secs=SECONDS_BETWEEN_LOOKS,
                tracking_mode="process",
                save_to_file=False,
                allow_multiple_runs=True,
                log_level="critical",
            )
            self._tracker.start()
        return self

    def __exit__(self, *error):
        if self.wanted:
            self._tracker.stop()
            measured = self._tracker.final_emissions_data
            self.kilowatt_hours = measured.energy_consumed


def check_energy():
    """Raise where energy is to be measured and what measures it is not installed."""
    if importlib.util.find_spec("codecarbon") is None:
        raise DataError(
            "what measures energy, codecarbon, is not installed",
            remedy="pip install 'fercompare[energy]', or leave energy out",
        )
