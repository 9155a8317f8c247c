"""`manage.py worker`: do what is due, until told to stop."""

import logging
import os
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from commsportal.startup import warm_up
from commsportal.worker import Worker, run_pending

LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Run one worker process."""

    help = "Apply deliveries, send operations, fire timers. Any number of workers may run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add `--once`."""
        parser.add_argument("--once", action="store_true", help="do what is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGTERM or SIGINT; end with status 0."""
        if options["once"]:
            self.stdout.write(f"{run_pending()} done")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        warm_up()
        worker = Worker()
        worker.start()
        logger.info("worker started")
        while not stop.wait(LOOK_SECONDS):
            if hanging := worker.stuck():
                logger.critical("%s hangs; the worker ends and is to be started again", ", ".join(hanging))
                logging.shutdown()
                os._exit(os.EX_SOFTWARE)
        clean = worker.stop()
        logger.info("worker stopped%s", "" if clean else "; what still ran will be due again")
        if not clean:
            logging.shutdown()
            os._exit(0)  # a thread that hangs must not hold the process
