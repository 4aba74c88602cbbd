"""Who asked what, when, and how it ended: a chain of hashes that shows every later change."""
