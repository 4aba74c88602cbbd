"""What is beside the hot path: the admin API, and the document of all routes."""
