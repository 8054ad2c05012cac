"""The data plane: a lab of namespaces and a private Open vSwitch, the scenarios it raises, the frames it captures."""
