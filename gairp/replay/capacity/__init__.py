"""Servers that answer only so many at once: places, queues, service times, rate limits."""
