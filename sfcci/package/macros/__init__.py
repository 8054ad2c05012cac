"""RPM macros of our own for hosts without Python's, and the program behind them: it runs in the build environment."""
