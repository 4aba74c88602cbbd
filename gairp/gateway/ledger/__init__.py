"""What every attempt cost, for whom: rows in a database, fed from the journal."""
