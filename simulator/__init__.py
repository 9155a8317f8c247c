"""Play Microsoft's side of a Teams call, for machines without a tenant; a stranger to the portal."""
