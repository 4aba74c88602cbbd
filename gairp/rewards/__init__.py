"""From quality, cost and latency to one number."""

from gairp.rewards.utility import Utility

__all__ = ["Utility"]
