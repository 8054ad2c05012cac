"""A program as text is one that ovs-ofctl reads, and gives the switch what the program's own octets give it."""

from hypothesis import HealthCheck, Phase, given, settings
from openflow_switch import switch

from sfcci.chain.compiler import compiled
from sfcci.chain.program import Program, changes
from sfcci.chain.refusal import refusals
from sfcci.datapath.openflow_client import connect

from ..chain.test_ways import worlds  # noqa: TID252 - tests are no package that has a name

__all__ = ["switch"]
few = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=[Phase.generate]
)


def held(switch):
    """What the switch holds; a header of type 1 is shown in two ways, by who has asked for it."""
    return [line.replace("encap(nsh(md_type=1))", "encap(nsh)") for line in switch.dump()]


@given(worlds())
@few
def test_what_is_compiled_is_the_same_as_text_and_as_octets(switch, world):
    state, ports, _ = world
    if refusals(state, ports):
        return
    steps = changes(Program(), compiled(state, ports).program)
    text = switch.folder / "program"
    text.write_text("".join(f"{step}\n" for step in steps))
    switch.clear()
    switch.run("ovs-ofctl", "-O", "OpenFlow15", "bundle", switch.address, text)
    read = held(switch)
    switch.clear()
    with connect(switch.address) as octets:
        octets.apply(steps)
    assert held(switch) == read
    assert len(read) == len(steps)
