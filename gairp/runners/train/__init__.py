"""Fits a policy on the train split of a trace and registers it."""
