"""How much a principal may use: requests, tokens, concurrency, dollars."""
