"""Drift on ParetoBandit's data and protocol, beside its published results."""
