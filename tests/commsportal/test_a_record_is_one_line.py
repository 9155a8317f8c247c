"""Whatever a stranger has written into the log, a record is one line of JSON."""

import logging

import orjson
import pytest

from commsportal.logs import JsonFormatter

FORGED = 'ringing\r\n{"level": "ERROR"}\x1b[31m\x00\u2028end'


@pytest.mark.control("P3")
def test_control_characters_end_no_line() -> None:
    record = logging.LogRecord("calls", logging.INFO, "x", 1, "from %s", (FORGED,), None)
    line = JsonFormatter().format(record)
    assert not any(character < " " for character in line)
    assert orjson.loads(line)["message"] == f"from {FORGED}"
