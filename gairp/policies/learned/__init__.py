"""Routers that fit on recorded outcomes: they predict each arm's quality, and take the best."""
