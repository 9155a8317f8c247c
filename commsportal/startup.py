"""What every process of the portal does when it starts."""

import logging
import sys
import threading

from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)

KEYS_SECONDS = 3.0  # pages must work without Microsoft, too
SWITCH_SECONDS = 0.0002


def take_short_turns() -> None:
    """Have threads that wait for Python get their turn within SWITCH_SECONDS instead of Python's 5 ms.

    The intake's writer would wait that long at each commit for the event loop, and whatever a worker does for
    whatever else it does, after each answer of the database.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def warm_up() -> threading.Thread:
    """Have tokens and signing keys fetched in the background, so that nothing is cold when a call rings.

    The thread ends when reading the keys has been tried, or after KEYS_SECONDS: a notification before that could
    only be sent away, and may not come again.
    """
    thread = threading.Thread(target=_warm_up, name="warm-up", daemon=True)
    thread.start()
    return thread


def _warm_up() -> None:
    try:
        import_string("graph.conf.warm_up")(KEYS_SECONDS)  # by name: the foundations import no app
    except Exception:
        logger.exception("tokens and keys are still cold")
