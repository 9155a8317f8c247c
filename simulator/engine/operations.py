"""Operations: begun by a request, ended by a notification (REFERENCE 8)."""

from simulator.engine.conference import OPERATIONS_KEPT, Operation
from simulator.engine.core import Engine
from simulator.engine.model import Call, GraphFault, Json, Result


def start(
    engine: Engine, call: Call, kind: str, context: str | None, status: str = "running", **members: object
) -> Operation:
    """Begin an operation; one that is over at once is told of in the answer alone."""
    operation = Operation(engine.new_id(), kind, context, status, members=members)
    call.operations[operation.id] = operation
    if len(call.operations) > OPERATIONS_KEPT:
        oldest = next((found for found in call.operations.values() if found.is_over), operation)
        del call.operations[oldest.id]
    return operation


def finish(
    engine: Engine, call: Call, operation: Operation, failure: Result | None = None, **members: object
) -> None:
    """End an operation, unless it or its call has ended: nothing follows the end of a call."""
    if operation.is_over or call.is_over:
        return
    operation.status = "failed" if failure else "completed"
    operation.result = failure
    operation.members = {**operation.members, **members}
    engine.notify(call, "deleted", operation.to_graph(), f"/operations/{operation.id}")


def read(call: Call, operation_id: str) -> Json:
    """Return a running operation; one that is over is gone (REFERENCE 20, question 6)."""
    operation = call.operations.get(operation_id.lower())
    if operation is None or operation.is_over:
        raise GraphFault(404, "8522", "Operation not found.")
    return operation.to_graph()
