"""Logging: one JSON object per line, control characters escaped by JSON itself."""

import logging
import logging.config
import sys
from typing import Any

import orjson


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message and, if there is one, the traceback."""
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(config: dict[str, Any]) -> None:
    """Send everything to standard error as JSON; `config["level"]` is the lowest level kept."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=config["level"], handlers=[handler], force=True)
    for noisy in ("urllib3", "msal", "asyncio", "httpx", "websockets", "uvicorn.access", "daphne"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
