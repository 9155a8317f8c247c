"""How much time has passed, whoever sets the machine's clock meanwhile."""

import time

# Counts on while the machine sleeps, where the system has such a clock.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def seconds() -> float:
    """Return the seconds since some instant; only differences mean anything."""
    return time.clock_gettime(CLOCK)
