"""Several processes that serve one port, and the one that learns for them."""
