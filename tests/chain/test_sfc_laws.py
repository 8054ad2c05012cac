"""Laws of service function chaining that hold whatever is asked, in whatever order."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sfcci.chain.conflict import basically_conflicting
from sfcci.chain.correlation import members
from sfcci.chain.refused import Refused

LOST = "11111111-2222-3333-4444-555555555555"
USERS = {
    "port_pairs": (("port_pair_groups", "port_pairs"),),
    "port_pair_groups": (("port_chains", "port_pair_groups"),),
    "flow_classifiers": (("port_chains", "flow_classifiers"),),
    "port_chains": (("service_graphs", "port_chains"),),
    "service_graphs": (),
}
"""Collection → where others name its resources."""
ORDER = ["service_graphs", "port_chains", "port_pair_groups", "flow_classifiers", "port_pairs"]
CORRELATIONS = st.sampled_from([None, None, "mpls", "mpls", "nsh"])


def named(resource, attribute):
    value = resource[attribute]
    return members(value) if isinstance(value, dict) else set(value)


class Chaining(RuleBasedStateMachine):
    """Requests over a small world; what is refused changes nothing, what is done keeps every rule."""

    world_class = None

    def __init__(self):
        """Begin with what chains can be made of, so that few steps lead far."""
        super().__init__()
        world = self.world = self.world_class()
        self.ends = [(world.port(f"vm{n}.in"), world.port(f"vm{n}.out")) for n in range(9)]
        self.sources = [world.port(f"src{n}.p") for n in range(2)]
        for n, correlation in enumerate((None, None, "mpls", "mpls", "mpls", "nsh")):
            world.pair(f"vm{n}", service_function_parameters={"correlation": correlation})
        pairs = list(world.state.of("port_pairs"))
        for held, tap in ((pairs[:1], False), ([], True), (pairs[2:3], False), (pairs[3:4], True)):
            world.group(*held, tap_enabled=tap)
        for n in range(4):
            back = self.sources[0] if n % 2 else None
            world.classifier(source_ip_prefix=f"10.0.{n}.0/24", logical_destination_port=back)
        groups, classifiers = (
            list(world.state.of(name)) for name in ("port_pair_groups", "flow_classifiers")
        )
        world.chain(groups[2], groups[0], flow_classifiers=classifiers[:1])
        world.chain(groups[2], groups[3])

    def ids(self, collection):
        """Seldom one that is not there."""
        known = list(self.world.state.of(collection))
        there = st.sampled_from(known or [LOST])
        return st.integers(0, 19).flatmap(lambda n: there if n else st.just(LOST))

    def ask(self, what, *words, **body):
        before = self.world.state
        try:
            return what(*words, **body)
        except Refused:
            assert self.world.state is before
            return None

    def listed(self, data, collection, most, least=0):
        return data.draw(st.lists(self.ids(collection), min_size=least, max_size=most, unique=True))

    @rule(data=st.data(), correlation=CORRELATIONS)
    def make_pair(self, data, correlation):
        ends = st.sampled_from([*self.ends, (LOST, LOST), (self.ends[0][0], self.ends[1][0])])
        ingress, egress = data.draw(ends)
        parameters = {"correlation": correlation}
        body = {"ingress": ingress, "egress": egress, "service_function_parameters": parameters}
        self.ask(self.world.create, "port_pairs", **body)

    @rule(data=st.data(), tap=st.booleans())
    def make_group(self, data, tap):
        taken = {group["group_id"] for group in self.world.state.of("port_pair_groups").values()}
        pairs = self.listed(data, "port_pairs", 3)
        group = self.ask(self.world.create, "port_pair_groups", port_pairs=pairs, tap_enabled=tap)
        if group:
            assert group["group_id"] == min(set(range(1, len(taken) + 2)) - taken)

    @rule(data=st.data())
    def change_group(self, data):
        id_, pairs = data.draw(self.ids("port_pair_groups")), self.listed(data, "port_pairs", 3)
        self.ask(self.world.update, "port_pair_groups", id_, port_pairs=pairs)

    @rule(data=st.data(), protocol=st.sampled_from([None, "tcp", "udp"]), way_back=st.booleans())
    def make_classifier(self, data, protocol, way_back):
        source = data.draw(st.sampled_from([*self.sources, None]))
        prefixes = [*(f"10.0.{n}.0/25" for n in range(9)), "10.0.0.128/25", "10.0.8.0/24", None]
        prefix = data.draw(st.sampled_from(prefixes))
        body = {"source_ip_prefix": prefix, "protocol": protocol, "logical_source_port": source}
        back = {"logical_destination_port": self.sources[0]} if way_back else {}
        self.ask(self.world.create, "flow_classifiers", **body, **back)

    @rule(data=st.data(), correlation=st.sampled_from(["mpls", "mpls", "nsh"]), symmetric=st.booleans())
    def make_chain(self, data, correlation, symmetric):
        taken = {chain["chain_id"] for chain in self.world.state.of("port_chains").values()}
        wanted = data.draw(st.sampled_from([0, 0, 0, 2, 4096]))
        chain = self.ask(
            self.world.create,
            "port_chains",
            port_pair_groups=self.listed(data, "port_pair_groups", 3, 1),
            flow_classifiers=self.listed(data, "flow_classifiers", 2),
            chain_parameters={"correlation": correlation, "symmetric": symmetric},
            chain_id=wanted,
        )
        if chain:
            assert chain["chain_id"] == (wanted or min(set(range(1, len(taken) + 2)) - taken))

    @rule(data=st.data(), which=st.sampled_from(["port_pair_groups", "flow_classifiers"]))
    def change_chain(self, data, which):
        id_ = data.draw(self.ids("port_chains"))
        self.ask(self.world.update, "port_chains", id_, **{which: self.listed(data, which, 3)})

    @rule(data=st.data())
    def make_graph(self, data):
        chains = self.listed(data, "port_chains", 3)
        branches = {source: self.listed(data, "port_chains", 2) for source in chains[:2]}
        self.ask(self.world.create, "service_graphs", port_chains=branches)

    @rule(data=st.data(), collection=st.sampled_from(ORDER), rarely=st.integers(0, 2))
    def delete(self, data, collection, rarely):
        if rarely:
            return
        id_ = data.draw(self.ids(collection))
        state = self.world.state
        used = any(
            id_ in named(user, attribute)
            for users, attribute in USERS[collection]
            for user in state.of(users).values()
        )
        there = id_ in state.of(collection)
        self.ask(self.world.delete, collection, id_)
        assert (id_ in self.world.state.of(collection)) == (there and used)

    @invariant()
    def references_resolve(self):
        for collection, users in USERS.items():
            known = set(self.world.state.of(collection))
            for name, attribute in users:
                for user in self.world.state.of(name).values():
                    assert named(user, attribute) <= known

    @invariant()
    def each_has_one_user(self):
        for collection, users, attribute in (
            ("port_pairs", "port_pair_groups", "port_pairs"),
            ("flow_classifiers", "port_chains", "flow_classifiers"),
            ("port_chains", "service_graphs", "port_chains"),
        ):
            uses = [id_ for user in self.world.state.of(users).values() for id_ in named(user, attribute)]
            assert len(uses) == len(set(uses)), collection

    @invariant()
    def numbers_and_routes_are_unique(self):
        chains = self.world.state.of("port_chains").values()
        for values in (
            [group["group_id"] for group in self.world.state.of("port_pair_groups").values()],
            [chain["chain_id"] for chain in chains],
            [tuple(chain["port_pair_groups"]) for chain in chains],
        ):
            assert len(values) == len(set(values))

    @invariant()
    def no_packet_is_wanted_by_two_chains(self):
        state = self.world.state
        wanted = [
            (c["id"], state.of("flow_classifiers")[f])
            for c in state.of("port_chains").values()
            for f in c["flow_classifiers"]
        ]
        for (chain, a), (other, b) in combinations(wanted, 2):
            assert chain == other or not basically_conflicting(a, b)

    def understood(self, group):
        pairs = self.world.state.of("port_pairs")
        ids = self.world.state.of("port_pair_groups")[group]["port_pairs"]
        return {pairs[id_]["service_function_parameters"]["correlation"] for id_ in ids}

    @invariant()
    def functions_fit_their_chains_and_graphs(self):
        state = self.world.state
        for chain in state.of("port_chains").values():
            spoken, taps = chain["chain_parameters"]["correlation"], []
            for group in chain["port_pair_groups"]:
                assert self.understood(group) in ({None}, {spoken}, set())
                taps.append(state.of("port_pair_groups")[group]["tap_enabled"])
            assert (True, True) not in pairwise(taps)
            if chain["chain_parameters"]["symmetric"]:
                known = state.of("flow_classifiers")
                assert all(known[id_]["logical_destination_port"] for id_ in chain["flow_classifiers"])
        for graph in state.of("service_graphs").values():
            for source, destinations in graph["port_chains"].items():
                self.branches(source, destinations)

    def branches(self, source, destinations):
        chains = self.world.state.of("port_chains")
        spoken = chains[source]["chain_parameters"]["correlation"]
        ends = [chains[source]["port_pair_groups"][-1]]
        ends += [chains[id_]["port_pair_groups"][0] for id_ in destinations]
        assert all(self.understood(group) <= {spoken} for group in ends)

    def teardown(self):
        """Whatever was made can be taken away, users first."""
        for collection in ORDER:
            for id_ in list(self.world.state.of(collection)):
                self.world.delete(collection, id_)
        assert not any(self.world.state.of(collection) for collection in ORDER)


def test_whatever_is_asked_a_refusal_changes_nothing_and_every_rule_holds(new_world):
    machine = type("Machine", (Chaining,), {"world_class": new_world})
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=40))


@given(st.permutations(range(6)))
def test_the_order_in_which_independent_resources_are_made_means_nothing(new_world, order):
    def made(order):
        world = new_world()
        for n in range(6):
            world.port(f"vm{n}.in"), world.port(f"vm{n}.out")
        world.port("src.p")
        for n in order:
            world.made = 100 * (n + 1)
            world.pair(f"vm{n}")
            world.classifier(source_ip_prefix=f"10.0.{n}.0/24")
        return world.state

    assert made(order) == made(range(6))


def test_made_with_values_or_changed_to_them_is_the_same(new_world):
    def made(changed):
        world = new_world()
        pair, other = world.pair("vm1"), world.pair("vm2")
        classifier = world.classifier()
        wanted = {"name": "n", "description": "d"}
        group_wanted = {**wanted, "port_pairs": [other, pair]}
        group = world.group(**({} if changed else group_wanted))
        chain_wanted = {**wanted, "flow_classifiers": [classifier], "fail_mode": "open"}
        chain = world.chain(group, **({} if changed else chain_wanted))
        if changed:
            world.update("port_pair_groups", group, **group_wanted)
            world.update("port_chains", chain, **chain_wanted)
        return [
            {k: v for k, v in world.state.get(name, id_).items() if k != "revision_number"}
            for name, id_ in (("port_pair_groups", group), ("port_chains", chain))
        ]

    assert made(changed=False) == made(changed=True)
