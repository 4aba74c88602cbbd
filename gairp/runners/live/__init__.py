"""Experiments against real models: the same policies, records and reports as a replay."""
