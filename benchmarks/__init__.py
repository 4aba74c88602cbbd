"""Speed and memory, side by side with peers and floors: `python -m benchmarks`."""
