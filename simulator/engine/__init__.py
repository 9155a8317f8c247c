"""The pure core: commands and time in, notifications out. No sockets, no sleeping, no Django."""

from simulator.engine.actions import Application
from simulator.engine.core import Engine
from simulator.engine.model import Call, GraphFault, Notification, Party

__all__ = ["Application", "Call", "Engine", "GraphFault", "Notification", "Party"]
