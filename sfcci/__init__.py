"""sfcci: packages, gate tests, metrics and dashboards for Service Function Chaining."""

__version__ = "0.1.0"
