"""`python -m demo`: what `make demo` runs."""

import os
import sys

from commsportal.children import StopRequest
from demo.place import DemoError, check_ports, find_place, locked
from demo.supervisor import Supervisor


def main() -> int:
    """Run the demo until a signal says stop; return the exit status."""
    stop = StopRequest()
    os.umask(0o077)
    try:
        place = find_place(os.environ)
        with locked(place.folder):
            check_ports(place)
            Supervisor(place, stop).run()
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
