"""Logging: one JSON object per line, control characters escaped by JSON itself, secrets taken out."""

import logging
import logging.config
import sys
from typing import Any

import orjson

from commsportal import redaction, tracing


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message, the ids at work and, if there is one, the traceback."""
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": redaction.redact(record.getMessage()),
            **{name: redaction.redact(value) for name, value in tracing.ids().items()},
        }
        if record.exc_info:
            line["traceback"] = redaction.redact(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str).decode()


def configure(config: dict[str, Any]) -> None:
    """Send everything to standard error as JSON.

    :param config: `level`, the lowest level kept, and `secrets`, values that no record may show.
    """
    redaction.hide(*config.get("secrets", ()))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=config["level"], handlers=[handler], force=True)
    for own in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # it has put handlers of its own there
        logging.getLogger(own).handlers.clear()
        logging.getLogger(own).propagate = True
    for noisy in ("urllib3", "msal", "asyncio", "httpx", "websockets", "uvicorn.access", "daphne"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
