"""Declarative rules: which requests go where, in what shares, with what beside them."""
