"""Metrics: pure functions on arrays. They know no policy, no trace and no clock.

Axes are named the same everywhere: n prompts, k arms, S seeds, B bootstrap draws. A NaN is an
outcome that was not recorded: it is left out of a mean, never replaced.
"""
