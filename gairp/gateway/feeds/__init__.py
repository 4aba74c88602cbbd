"""What follows the journal: ledger and audit log, beside the requests."""
