"""Cascades against routers at equal cost, on recorded answers and signals."""
