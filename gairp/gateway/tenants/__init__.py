"""Who may ask: tenants, projects, keys and tokens."""
