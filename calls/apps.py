"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """See the docstring of `calls`."""

    name = "calls"

    def ready(self) -> None:
        """Hand in the handler of deliveries, the duties of the worker and what must hold of calls."""
        from calls import automation, budget, invariants, notifications, operations
        from commsportal import metrics
        from commsportal.invariants import register as must_hold
        from commsportal.worker import Duty, register
        from webhooks import handlers

        handlers.register("call", notifications.handle)
        # Many threads: each of those that wait for a slow Graph holds one, and decisions cannot wait behind them.
        asked = Duty(
            "operations",
            32,
            operations.claim_for,
            operations.run,
            operations.next_due,
            keep=operations.keep,
            about=lambda row: {"operation_id": row.pk, "call_id": row.call_id},
        )
        register(asked)
        # Clocks must not wait behind checks, which wait for Graph.
        clocks = Duty(
            "clocks", 2, automation.claim_clocks, automation.run, automation.next_clock, about=automation.about
        )
        register(clocks)
        checks = Duty(
            "checks",
            12,
            automation.claim_checks,
            automation.run,
            automation.next_check,
            keep=automation.keep,
            about=automation.about,
        )
        register(checks)
        rosters = Duty(
            "rosters",
            4,
            automation.claim_rosters,
            automation.run,
            automation.next_roster,
            keep=automation.keep,
            about=automation.about,
        )
        register(rosters)
        metrics.register(budget.BudgetFigures())
        for invariant in invariants.ALL:
            must_hold(invariant)
