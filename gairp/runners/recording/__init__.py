"""Full-information traces from live models: every question to every arm, and again later."""
