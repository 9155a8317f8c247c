"""What every process of the portal does when it starts."""

import logging
import threading

from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Have tokens and signing keys fetched in the background, so that nothing is cold when a call rings."""
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


def _warm_up() -> None:
    try:
        import_string("graph.conf.warm_up")()  # by name: the foundations import no app
    except Exception:
        logger.exception("tokens and keys are still cold")
