"""Requests inside a call that Graph answers with an operation (REFERENCE 8).

An answered operation that is `running` ends later: a notification names it, and repeats our `clientContext`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graph.errors import Refused
from graph.paths import CALL
from graph.transport import Answer
from graph.types import Operation
from graph.values import guid

if TYPE_CHECKING:
    from graph.client import GraphClient

LONGEST_CONTEXT = 256


class Operations:
    """The operations of calls."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def get(self, call_id: str, operation_id: str) -> Operation:
        """Read an operation while it lives; no page documents this, metadata does.

        :raises NotFound: it has ended, or the call has.
        """
        ids = {"call": call_id, "operation": operation_id}
        answer = self._graph.send("GET", f"{CALL}/operations/{{operation}}", ids, repeatable=True)
        return Operation.from_graph({"id": operation_id, **answer.entity(repeatable=True)})

    def ask(
        self,
        template: str,
        ids: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        *,
        client_context: str = "",
        scenario_id: str = "",
        repeatable: bool = False,
        permission: str = "",
    ) -> Operation:
        """Ask for something that becomes an operation.

        :param client_context: up to 256 characters, which Graph repeats when the operation ends.
        :raises Refused: the context is longer.
        """
        if len(client_context) > LONGEST_CONTEXT:
            raise Refused(f"a client context has up to {LONGEST_CONTEXT} characters", code="InvalidContext")
        context = {"clientContext": client_context} if client_context else {}
        answer = self._graph.send(
            "POST",
            f"{CALL}/{template}",
            ids,
            body={**(body or {}), **context},
            scenario_id=scenario_id,
            repeatable=repeatable,
            permission=permission,
        )
        return _operation(answer, repeatable)


def _operation(answer: Answer, repeatable: bool) -> Operation:
    """Read the operation that was answered; its address names it where the body does not."""
    operation = Operation.from_graph(answer.entity(repeatable=repeatable) if answer.body else {})
    location = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
    return replace(operation, id=guid(operation.id) or guid(location), request_id=answer.request_id)
