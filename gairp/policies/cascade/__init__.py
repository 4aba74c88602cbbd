"""Cascades: ask an arm, look at what came with its answer, and ask another one or stop."""
