"""Budget controllers: they wrap any policy, and make its choices keep to money or to time."""
