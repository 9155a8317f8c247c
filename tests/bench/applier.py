"""A worker that applies deliveries and does nothing else: there is no Graph here whose answers it could use."""

import os
import signal
import threading

import django


def main() -> None:
    """Apply until told to stop."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commsportal.settings")
    django.setup()
    from commsportal.worker import Worker, duties

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = Worker([duty for duty in duties() if duty.name == "deliveries"])
    worker.start()
    stop.wait()
    worker.stop()


if __name__ == "__main__":
    main()
