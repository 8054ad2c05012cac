"""Enabling: networking-sfc, once installed, is switched on in Neutron's configuration, which stays as its owner wrote it."""
