"""Budget pacing on ParetoBandit's data and protocol, beside its published pacer."""
