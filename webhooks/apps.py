"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """What Microsoft tells us: taken in, kept, applied."""

    name = "webhooks"

    def ready(self) -> None:
        """Have workers apply deliveries, and the web tell whether a call could be taken."""
        from commsportal import figures, health, metrics, worker
        from commsportal.invariants import register as must_hold
        from graph import conf
        from webhooks import changes, deliveries, graph_figures, handlers, invariants, readiness, renewal

        worker.register(deliveries.DUTY)
        worker.register(renewal.DUTY)
        handlers.register(changes.KIND, changes.handle)
        health.register("graph", readiness.missing)
        metrics.register(readiness.DeliveryFigures())
        figures.SHARED.register(graph_figures.TokenFigures())
        conf.observe(graph_figures.observe)
        for invariant in invariants.ALL:
            must_hold(invariant)
