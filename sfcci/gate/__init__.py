"""The gate: jobs that send real packets through a chain, decided by what was captured and answered."""
