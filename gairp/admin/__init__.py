"""The gateway's accounts, money and audit from the command line."""

from gairp.admin.command import main

__all__ = ["main"]
