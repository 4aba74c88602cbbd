"""The OpenAI-compatible server: the policy that was evaluated, in front of real clients."""
