"""The whole length of the river: package, gate, results, metric, dashboard, one after the other."""
