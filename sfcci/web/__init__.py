"""The web: one server and one set of assets for all pages, on loopback."""
