"""An unexpected error is told by an id; what went wrong is in the log under it."""

import pytest
from django.db import ProgrammingError

from commsportal.errors import exception_handler


@pytest.mark.control("H8")
@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("/srv/portal/secret-key"),
        ProgrammingError("SELECT digest FROM directory_apitoken"),
        KeyError("K"),
    ],
)
def test_nobody_learns_more_than_the_id(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    answer = exception_handler(error, {})
    assert answer.status_code == 500 and answer.data["code"] == "internal"
    assert str(error) not in str(answer.data) and type(error).__name__ not in str(answer.data)
    (record,) = caplog.records
    assert answer.data["error_id"] in record.getMessage()
    assert record.exc_info and record.exc_info[1] is error
