"""What frames are in on their way from node to node. Imports nothing: commands offer these words."""

from typing import Final

VXLAN, VXLAN_GPE, GENEVE = "vxlan", "vxlan-gpe", "geneve"
ENCAPSULATIONS: Final = (VXLAN, VXLAN_GPE, GENEVE)
