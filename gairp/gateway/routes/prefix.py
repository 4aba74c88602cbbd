"""Where the admin API is."""

PREFIX = "/admin"
