"""Packages: one description per component, rendered as an RPM spec and an ebuild, built and checked by the real tools."""
