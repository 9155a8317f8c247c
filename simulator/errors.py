"""Refusals: Graph's, in both shapes that have been seen (REFERENCE 16.1), and the token service's (24.2)."""

import json
from datetime import datetime

from simulator.engine import GraphFault
from simulator.engine.model import Json


def error_body(
    fault: GraphFault, request_id: str, client_request_id: str, now: datetime, *, nested: bool = False
) -> Json:
    """Return the body; nested puts a number into a JSON text under UnknownError."""
    code, message = fault.code, fault.message
    if nested and code.isdigit():
        text = {"errorCode": code, "message": message, "instanceAnnotations": []}
        code, message = "UnknownError", json.dumps(text)
    inner = {
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    if fault.status == 429:
        inner |= {"code": "429", "status": "429", "message": "Please retry after"}
    return {"error": {"code": code, "message": message, "innerError": inner}}


class TokenError(Exception):
    """A refusal of the token service, with its AADSTS number."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text
