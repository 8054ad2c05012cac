"""Metrics: job results under Zuul's names, sums per archive step, and the Graphite that keeps them."""
