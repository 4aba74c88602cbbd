"""Policies in service: what they have learned, where that is kept, and how they are replaced."""
