"""What would another policy have earned on the requests that this one served?

Everything here takes arrays and knows no policy, no trace and no log. `Logged` holds one logged
bandit problem; an `Estimator` turns it into a value; `evaluate` is the way to a number that one
may act on, since it looks at the diagnostics first and refuses where they are bad.
"""
