from sfcci.trace import carried


def test_flows_and_paths_tell_what_carried_a_packet_as_objects_and_are_read_back():
    encap = (("vlan", 8), ("mpls", 511, 64), ("nsh", 1, 255, 63), ("vxlan", 10), ("geneve", 11), ("gre", 0))
    told = carried.as_json(encap)
    assert told == [
        {"Type": "vlan", "ID": 8},
        {"Type": "mpls", "Label": 511, "TTL": 64},
        {"Type": "nsh", "SPI": 1, "SI": 255, "TTL": 63},
        {"Type": "vxlan", "VNI": 10},
        {"Type": "geneve", "VNI": 11},
        {"Type": "gre", "Key": 0},
    ]
    assert carried.parse(told) == encap


def test_another_kind_is_kept_by_its_name():
    assert carried.as_json(carried.parse([{"Type": "l2tp", "ID": 3}])) == [{"Type": "l2tp"}]
