"""The fault table: every fault of the fake server, met by every backend on the live path."""
