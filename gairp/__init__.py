"""GAIRP, the Generative AI Routing Platform: decide, prove and serve which model answers."""

__version__ = "0.1.0"
