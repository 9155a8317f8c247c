"""Addresses that probes ask."""

from django.urls import path

from commsportal.health import healthz, readyz
from commsportal.metrics import metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
