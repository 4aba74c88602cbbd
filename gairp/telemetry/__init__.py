"""What the platform says of itself while it runs: logs, traces, metrics."""
