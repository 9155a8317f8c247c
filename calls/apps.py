"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """See the docstring of `calls`."""

    name = "calls"

    def ready(self) -> None:
        """Hand in the handler of deliveries and the duties of the worker."""
        from calls import automation, notifications, operations
        from commsportal.worker import Duty, register
        from webhooks import handlers

        handlers.register("call", notifications.handle)
        register(Duty("operations", 8, operations.claim, operations.run, operations.next_due))
        # Clocks must not wait behind checks, which wait for Graph.
        register(Duty("clocks", 2, automation.claim_clocks, automation.run, automation.next_clock))
        register(Duty("checks", 4, automation.claim_checks, automation.run, automation.next_check))
