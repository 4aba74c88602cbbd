"""Any set of runs beside each other: effects, pairs, ranks, over one data set or several."""
