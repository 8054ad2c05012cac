"""Laws of networks: whatever is asked in whatever order, addresses are one port's, and refusals change nothing."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sfcci.chain.refused import Refused

from .networks import World

number = st.integers(0, 30)
text = st.integers(0, 15).map(lambda n: f"10.0.0.{n}")


class Networks(RuleBasedStateMachine):
    """Two networks with small subnets, ports that come, change and go, a router."""

    @initialize()
    def begin(self):
        self.world = World()
        self.networks = [self.world.network("10.0.0.0/29")[0], self.world.network("10.0.0.8/29")[0]]
        body = {
            "cidr": "2001:db8::/64",
            "ip_version": 6,
            "ipv6_ra_mode": "slaac",
            "ipv6_address_mode": "slaac",
        }
        self.world.make("subnets", network_id=self.networks[0]["id"], **body)
        self.router = self.world.make("routers")

    def ask(self, request, *words, **body):
        before = self.world.state
        try:
            request(*words, **body)
        except Refused as refused:
            assert (self.world.state is before, refused.status // 100) == (True, 4)  # noqa: PT017 - or it is done

    def any_of(self, kind, which):
        ids = list(self.world.state.of(kind))
        return self.world.get(kind, ids[which % len(ids)]) if ids else {"id": "none"}

    @rule(which=number, wanted=st.none() | text, mac=st.none() | st.integers(0, 3))
    def port(self, which, wanted, mac):
        body = {} if wanted is None else {"fixed_ips": [{"ip_address": wanted}]}
        if mac is not None:
            body["mac_address"] = f"fa:16:3e:00:00:0{mac}"
        self.ask(self.world.make, "ports", network_id=self.networks[which % 2]["id"], **body)

    @rule(which=number, wanted=st.lists(text, max_size=3))
    def readdress(self, which, wanted):
        fixed = [{"ip_address": each} for each in wanted]
        self.ask(self.world.change, "ports", self.any_of("ports", which), fixed_ips=fixed)

    @rule(which=number, host=st.sampled_from(["", "node1", "node2"]))
    def move(self, which, host):
        self.ask(self.world.change, "ports", self.any_of("ports", which), **{"binding:host_id": host})

    @rule(which=number, kind=st.sampled_from(["ports", "ports", "subnets", "networks"]))
    def end(self, which, kind):
        if kind == "ports" or which > 25:
            self.ask(self.world.end, kind, self.any_of(kind, which))

    @rule(which=number, action=st.sampled_from(["add_router_interface", "remove_router_interface"]))
    def interface(self, which, action):
        self.ask(self.world.act, action, self.router, subnet_id=self.any_of("subnets", which)["id"])

    @invariant()
    def addresses_and_macs_are_one_ports(self):
        ports = self.world.state.of("ports").values()
        addresses = [(f["subnet_id"], f["ip_address"]) for port in ports for f in port["fixed_ips"]]
        macs = [(port["network_id"], port["mac_address"]) for port in ports]
        assert len(set(addresses)) == len(addresses)
        assert len(set(macs)) == len(macs)

    @invariant()
    def nothing_refers_to_what_is_gone(self):
        state = self.world.state
        for port in state.of("ports").values():
            assert port["network_id"] in state.of("networks")
            assert all(fixed["subnet_id"] in state.of("subnets") for fixed in port["fixed_ips"])
            assert all(group in state.of("security_groups") for group in port["security_groups"])
        for network in state.of("networks").values():
            assert all(state.of("subnets")[id_]["network_id"] == network["id"] for id_ in network["subnets"])

    @invariant()
    def each_host_with_ports_has_one_agent(self):
        hosts = {port["binding:host_id"] for port in self.world.state.of("ports").values()} - {""}
        assert sorted(hosts) == sorted(agent["host"] for agent in self.world.state.of("agents").values())


TestNetworks = Networks.TestCase
TestNetworks.settings = settings(max_examples=40, stateful_step_count=30)
