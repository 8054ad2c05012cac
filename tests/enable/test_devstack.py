"""The lines of local.conf: whole by themselves, in their section, once, and out again."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.enable import devstack

OWN = "[[local|localrc]]\nADMIN_PASSWORD=x\n\n[[post-config|$NOVA_CONF]]\n[DEFAULT]\ndebug = 1\n"


def test_the_lines_bring_the_plugin_its_driver_and_the_agent_that_carries_chains():
    lines = devstack.fragment(branch="stable/2025.2").splitlines()
    assert (
        lines[1] == "enable_plugin networking-sfc https://opendev.org/openstack/networking-sfc stable/2025.2"
    )
    assert {"NEUTRON_SFC_DRIVERS=ovs", "NEUTRON_FLOWCLASSIFIER_DRIVERS=ovs", "Q_AGENT=openvswitch"} <= set(
        lines
    )
    assert not [line for line in lines if "skydive" in line.lower()]


def test_skydive_comes_when_it_is_asked_for():
    lines = devstack.fragment(skydive=True).splitlines()
    assert "enable_plugin skydive https://github.com/skydive-project/skydive.git" in lines
    assert "enable_service skydive-agent skydive-analyzer" in lines


def test_a_shell_takes_the_lines_as_they_are():
    """devstack sources them: enable_plugin and the like are its functions."""
    functions = "enable_plugin() { :; }; enable_service() { :; }; disable_service() { :; }\n"  # no address is known yet
    script = functions + devstack.fragment(skydive=True) + 'echo "$Q_AGENT"\n'
    done = subprocess.run(["bash", "-eu"], input=script, capture_output=True, text=True, check=True)
    assert done.stdout == "openvswitch\n"


def test_they_come_to_the_end_of_their_section():
    text = devstack.within(OWN, "A=1\n")
    assert text == OWN.replace("ADMIN_PASSWORD=x\n", "ADMIN_PASSWORD=x\nA=1\n")


@pytest.mark.parametrize("text", ["", "[[post-config|x]]\na = 1", OWN, "[[local|localrc]]"])
def test_a_second_time_they_are_replaced_and_they_go_again(text):
    once = devstack.within(text, devstack.fragment())
    assert devstack.within(once, devstack.fragment()) == once
    other = devstack.within(once, devstack.fragment(skydive=True))
    assert devstack.fragment(skydive=True) in other
    assert other.count("enable_plugin networking-sfc") == 1
    left = devstack.without(other)
    assert [line for line in left.splitlines() if line] == [
        line
        for line in (text if "[[local|localrc]]" in text else f"{text}\n[[local|localrc]]").splitlines()
        if line
    ]


@given(
    st.lists(st.sampled_from(["[[local|localrc]]", "A=1", "", "[[post-config|x]]", "# a", "  "]), max_size=8)
)
def test_all_else_stays(lines):
    text = "".join(f"{line}\n" for line in lines)
    kept = [line for line in devstack.within(text, devstack.fragment()).splitlines() if line in lines]
    assert [line for line in kept if line.strip()][: len(lines)] == [
        *(line for line in lines if line.strip()),
        *(["[[local|localrc]]"] if "[[local|localrc]]" not in lines and "[[local|localrc]]" in kept else []),
    ]
