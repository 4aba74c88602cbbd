"""Recording local models one call at a time, paid for in processor seconds, with signals."""
