#!/usr/bin/env python3
"""Run Django's and the portal's commands: `manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Run one command; what it writes is for the owner alone."""
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commsportal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
