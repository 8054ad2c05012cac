"""The API: Neutron's REST for service function chains, served to the unmodified OpenStack client."""
