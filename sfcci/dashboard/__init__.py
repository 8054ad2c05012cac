"""Dashboards: grafyaml's files, Graphite's targets in them, what is wrong with them, and Grafana that shows them."""
