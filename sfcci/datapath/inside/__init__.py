"""Programs that run inside a lab, each alone, with the standard library only: interpreter start-up is their price."""
