"""Off-policy evaluation where the truth is known: full tables masked into bandit logs."""
