"""Decision rules, one a file; `base` owns what all of them promise."""
