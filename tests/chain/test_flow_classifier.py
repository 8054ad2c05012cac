"""Flow classifiers: attributes, defaults, rules, and the conflict of two."""

import pytest

LOST = "11111111-2222-3333-4444-555555555555"
WEB = {
    "protocol": "tcp",
    "source_ip_prefix": "10.0.0.0/24",
    "destination_port_range_min": 80,
    "destination_port_range_max": 90,
}


def test_a_classifier_is_answered_with_every_attribute_in_the_references_order(world):
    source = world.port("src.p")
    classifier = world.create("flow_classifiers", logical_source_port=source, ethertype="ipv4", name=None)
    assert list(classifier.items()) == [
        ("id", classifier["id"]),
        ("name", ""),
        ("description", ""),
        ("project_id", "p1"),
        ("ethertype", "IPv4"),
        ("protocol", None),
        ("source_port_range_min", None),
        ("source_port_range_max", None),
        ("destination_port_range_min", None),
        ("destination_port_range_max", None),
        ("source_ip_prefix", None),
        ("destination_ip_prefix", None),
        ("logical_source_port", source),
        ("logical_destination_port", None),
        ("l7_parameters", {}),
        ("tenant_id", "p1"),
        ("revision_number", 0),
    ]


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("ethertype", None, "IPv4"),
        ("ethertype", "IPV6", "IPv6"),
        ("protocol", "TCP", "tcp"),
        ("protocol", "Icmp", "icmp"),
        ("source_ip_prefix", "10.0.0.5/24", "10.0.0.5/24"),
        ("l7_parameters", None, {}),
        ("l7_parameters", {}, {}),
        ("description", None, ""),
    ],
)
def test_what_is_stored(world, name, given, stored):
    id_ = world.classifier(**{name: given})
    assert world.state.get("flow_classifiers", id_)[name] == stored


def test_ports_may_be_numerals_and_one_bound_alone(world):
    id_ = world.classifier(protocol="udp", source_port_range_max="53")
    classifier = world.state.get("flow_classifiers", id_)
    assert (classifier["source_port_range_min"], classifier["source_port_range_max"]) == (None, 53)


@pytest.mark.parametrize(
    ("given", "type_", "message"),
    [
        ({"ethertype": ""}, "FlowClassifierInvalidEthertype",
         "Flow Classifier does not support ethertype . Supported ethertype values are ['IPv4', 'IPv6']."),
        ({"ethertype": 4}, "FlowClassifierInvalidEthertype",
         "Flow Classifier does not support ethertype 4. Supported ethertype values are ['IPv4', 'IPv6']."),
        ({"protocol": 6}, "FlowClassifierInvalidProtocol",
         "Flow Classifier does not support protocol 6. Supported protocol values are ['tcp', 'udp', 'icmp']."),
        ({"protocol": "icmpv6"}, "FlowClassifierInvalidProtocol",
         "Flow Classifier does not support protocol icmpv6. Supported protocol values are ['tcp', 'udp', 'icmp']."),
        ({"source_port_range_min": 65536}, "FlowClassifierInvalidPortValue",
         "Flow Classifier has invalid port value 65536."),
        ({"source_port_range_min": []}, "FlowClassifierInvalidPortValue",
         "Flow Classifier has invalid port value []."),
        ({"source_port_range_min": 1}, "FlowClassifierProtocolRequiredWithPorts",
         "IP protocol must be TCP or UDP, if port range is given."),
        ({"protocol": "icmp", "destination_port_range_max": 1}, "FlowClassifierProtocolRequiredWithPorts",
         "IP protocol must be TCP or UDP, if port range is given."),
        ({"source_port_range_min": 3, "source_port_range_max": 2}, "FlowClassifierInvalidPortRange",
         "Invalid IP protocol port range. min_port_range=3 must be lesser or equal to max_port_range=2."),
        ({"source_ip_prefix": "2001:db8::/64"}, "FlowClassifierIpPrefixFormatConflictWithEthertype",
         "IP prefix 2001:db8::/64 format conflicts with ethertype IPv4."),
        ({"ethertype": "IPv6", "destination_ip_prefix": "10.0.0.0/8"},
         "FlowClassifierIpPrefixFormatConflictWithEthertype",
         "IP prefix 10.0.0.0/8 format conflicts with ethertype IPv6."),
        ({"source_ip_prefix": "10.0.0.1"}, "HTTPBadRequest",
         ("Invalid input for source_ip_prefix. Reason: '10.0.0.1' isn't a recognized IP subnet cidr, "
         "'10.0.0.1/32' is recommended.")),
        ({"l7_parameters": {"url": "x"}}, "FlowClassifierInvalidL7Parameter",
         "Invalid Flow Classifier parameters: Unknown key url.. Supported flow classifier parameters are {}."),
        ({"l7_parameters": 7}, "HTTPBadRequest", "Invalid input for l7_parameters. Reason: '7' is not a dictionary."),
        ({"l7_parameters": ""}, "HTTPBadRequest", "Invalid input for l7_parameters. Reason: '' is not a dictionary."),
    ],
)  # fmt: skip
def test_values_that_are_wrong_are_refused(world, given, type_, message):
    world.port("src.p")
    assert world.refused(world.classifier, **given) == (400, type_, message)


@pytest.mark.parametrize("port", [True, 80.5, "8_0", float("inf"), "\u0663"])
def test_a_port_that_is_no_whole_number_is_refused(world, port):
    world.port("src.p")
    refusal = world.refused(world.classifier, protocol="tcp", source_port_range_min=port)
    assert refusal[1] == "FlowClassifierInvalidPortValue"


def test_logical_ports_exist_and_the_source_must_be_named(world):
    world.port("src.p")
    lost = (404, "FlowClassifierPortNotFound", f"Flow Classifier Neutron Port {LOST} not found.")
    assert world.refused(world.classifier, logical_source_port=LOST) == lost
    assert world.refused(world.classifier, logical_destination_port=LOST) == lost
    by = world.asked()
    assert world.refused(world.create, "flow_classifiers", by=by, protocol="tcp") == (
        400,
        "FlowClassifierBadRequest",
        f"FlowClassifier {by.id} does not set logical source port in ovs driver",
    )
    port = world.port("src.p")
    assert world.classifier(logical_source_port=port, logical_destination_port=port)


@pytest.mark.parametrize(
    ("other", "conflicting"),
    [
        ({}, True),
        ({"logical_source_port": "b"}, False),
        ({"logical_destination_port": "b"}, True),
        ({"protocol": "udp"}, False),
        ({"protocol": None, "destination_port_range_min": None, "destination_port_range_max": None}, True),
        ({"ethertype": "IPv6", "source_ip_prefix": None}, False),
        ({"source_ip_prefix": "10.0.0.0/25"}, True),
        ({"source_ip_prefix": "10.0.0.9/16"}, True),
        ({"source_ip_prefix": "10.0.1.0/24"}, False),
        ({"source_ip_prefix": None}, True),
        ({"destination_port_range_min": 90, "destination_port_range_max": 100}, True),
        ({"destination_port_range_min": 91, "destination_port_range_max": None}, False),
        ({"destination_port_range_min": None, "destination_port_range_max": 79}, False),
        ({"destination_port_range_min": None, "destination_port_range_max": 80}, True),
        ({"destination_ip_prefix": "10.9.0.0/16"}, True),
        ({"source_port_range_min": 1000}, True),
    ],
)
def test_two_that_want_the_same_packet_conflict(world, other, conflicting):
    world.port("src.p")
    ports = {name: world.port(f"{value}.p") for name, value in other.items() if name.startswith("logical")}
    first = world.classifier(**WEB)
    if not conflicting:
        assert world.classifier(**{**WEB, **other, **ports})
        return
    message = f"Flow Classifier conflicts with another Flow Classifier {first}."
    refusal = world.refused(world.classifier, **{**WEB, **other, **ports})
    assert refusal == (400, "FlowClassifierInConflict", message)


def test_what_others_own_does_not_conflict_but_for_an_administrator(world):
    world.classifier(**WEB)
    theirs = world.port("vm2.p", project="p2")
    shared = {**WEB, "logical_source_port": None}
    assert (
        world.refused(world.create, "flow_classifiers", by=world.asked("p2"), **shared)[1]
        == "FlowClassifierBadRequest"
    )
    assert world.refused(world.create, "flow_classifiers", by=world.asked("p2", admin=True), **shared)[1] == (
        "FlowClassifierInConflict"
    )
    world.create("flow_classifiers", by=world.asked("p2"), **{**WEB, "logical_source_port": theirs})


def test_only_name_and_description_change(world):
    id_ = world.classifier(**WEB)
    assert world.update("flow_classifiers", id_, description="web")["description"] == "web"
    for name in ("protocol", "logical_source_port", "l7_parameters"):
        refusal = world.refused(world.update, "flow_classifiers", id_, **{name: None})
        assert refusal == (400, "HTTPBadRequest", f"Cannot update read-only attribute {name}")


def test_a_classifier_of_a_chain_is_in_use(world):
    id_ = world.classifier(**WEB)
    chain = world.chain(world.group(), flow_classifiers=[id_])
    in_use = (409, "FlowClassifierInUse", f"Flow Classifier {id_} in use.")
    assert world.refused(world.delete, "flow_classifiers", id_) == in_use
    world.update("port_chains", chain, flow_classifiers=[])
    world.delete("flow_classifiers", id_)
    assert not world.state.of("flow_classifiers")
