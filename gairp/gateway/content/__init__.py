"""Prompts and answers, kept where that is wanted: encrypted, for a while, forgotten on request."""
