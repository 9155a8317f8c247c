"""Speak to Microsoft Graph: a plain library, with Django in `conf` only."""
