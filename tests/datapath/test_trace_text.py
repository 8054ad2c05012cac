"""What ofproto/trace tells, read: the frames that leave, and the choices that led to them."""

import pytest

from sfcci.datapath.trace_text import flow_text, port_numbers, read

PACKET = {
    "in_port": 1, "eth_type": 0x800, "eth_src": 0x020000000001, "eth_dst": 0x020000000002, "nw_proto": 6, "ip_frag": 0,
    "ip_src": 0x0A000001, "ip_dst": 0x0A000002, "tcp_src": 1234, "tcp_dst": 80,
}  # fmt: skip
NUMBERS = {"21": 1, "22": 2, "23": 3, "29": 9}
"""The datapath has numbers of its own."""
CHOSEN = """Flow: tcp,in_port=1

bridge("br-int")
----------------
 0. in_port=1, priority 100, cookie 0x5fc0000000000000
    goto_table:20
20. reg0=0x1ff, priority 100, cookie 0x5fc0000000000001
    set_field:0x1ff->reg0
    clone(set_field:0x1fd->reg0,set_field:0x9->reg3,resubmit(,30))
    set_field:0x1fd->reg0
    set_field:0x9->reg3
    resubmit(,30)
    30. reg3=0x9, priority 100, cookie 0x5fc0000000000000
            set_field:02:00:00:00:01:09->eth_dst
            output:9
    group:1
     -> bucket 7: score 12995
     -> using bucket 7
    bucket 7
            set_field:0x20003->reg3
            resubmit(,30)
        30. reg3=0x20003, priority 100, cookie 0x5fc0000000000000
            push_mpls:0x8847
            move:NXM_NX_REG0[0..19]->OXM_OF_MPLS_LABEL[]
             -> OXM_OF_MPLS_LABEL[] is now 511
            set_field:02:00:00:00:01:03->eth_dst
            output:3

Final flow: tcp,reg0=0x1ff,in_port=1
Megaflow: recirc_id=0,eth,tcp,in_port=1
Datapath actions: set(eth(dst=02:00:00:00:01:09)),29,set(eth(dst=02:00:00:00:01:03)),"""
CHOSEN += "push_mpls(label=511,tc=0,ttl=255,bos=1,eth_type=0x8847),23\n"


def ends(tree, actions, final="unchanged"):
    return f'Flow: x\n\nbridge("br-int")\n{tree}\nFinal flow: {final}\nMegaflow: x\nDatapath actions: {actions}\n'


def test_each_frame_is_told_with_its_place_and_who_chose_it():
    tap, function = read(CHOSEN, PACKET, NUMBERS).departures
    assert (tap.port, tap.path, tap.group, tap.bucket) == (9, (1, 253), None, None)
    assert (function.port, function.path, function.group, function.bucket) == (3, (1, 255), 1, 7)
    assert tap.packet["eth_dst"] == 0x020000000109
    assert tap.packet["eth_type"] == 0x800
    changed = {n: v for n, v in function.packet.items() if PACKET.get(n) != v}
    assert changed == {
        "eth_dst": 0x020000000103, "eth_type": 0x8847, "mpls_label": 511, "mpls_tc": 0, "mpls_ttl": 255,
    }  # fmt: skip


def test_a_header_around_the_frame_keeps_the_frame():
    actions = "push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x1,si=254,c1=0x0),push_eth(src=00:00:00:00:01:03,dst=02:00:00:00:01:03),29"
    (sent,) = read(ends(" 0. x\n    output:9", actions), PACKET, NUMBERS).departures
    assert (sent.packet["eth_type"], sent.packet["nsh_spi"], sent.packet["nsh_si"]) == (0x894F, 1, 254)
    assert (sent.packet["below_eth_dst"], sent.packet["below_eth_type"]) == (PACKET["eth_dst"], 0x800)


def test_a_copy_changes_nothing_of_the_packet():
    actions = "clone(set(eth(dst=02:00:00:00:00:09)),29),22"
    copy, packet = read(ends(" 0. x", actions), PACKET, NUMBERS).departures
    assert (copy.packet["eth_dst"], packet.packet["eth_dst"]) == (9 | 2 << 40, PACKET["eth_dst"])


def test_what_is_flooded_is_switched_and_ports_that_are_not_ours_are_left_out():
    found = read(ends(" 0. x\n    NORMAL\n     -> flooding", "100,22,29"), PACKET, NUMBERS).departures
    assert [(one.port, one.switched) for one in found] == [(2, True), (9, True)]


def test_a_packet_that_comes_in_once_more_does_so_as_it_is_then():
    labelled = PACKET | {"eth_type": 0x8847, "mpls_label": 510, "mpls_tc": 0, "mpls_ttl": 254}
    told = read(
        ends(" 5. x\n    pop_mpls:0x0800", "pop_mpls(eth_type=0x800),recirc(0x1)", "ip,reg0=0x1fe,reg1=0x1"),
        labelled,
        NUMBERS,
    )
    assert told.departures == ()
    assert told.again == PACKET | {"reg0": 0x1FE, "reg1": 1}


def test_a_frame_is_not_sent_back_where_it_came_from():
    tree = (
        " 0. x\n    set_field:0x1ff->reg0\n    output:1\n     >> skipping output to input port\n    output:2"
    )
    (sent,) = read(ends(tree, "22"), PACKET, NUMBERS).departures
    assert (sent.port, sent.place) == (2, 0x1FF)


def test_a_packet_that_waits_is_told_from_one_that_is_dropped():
    assert read(ends(" 0. x\n    controller(pause)", "drop"), PACKET, NUMBERS).waits
    assert not read(ends(" 0. x\n    drop", "drop"), PACKET, NUMBERS).waits


def test_what_is_no_trace_is_told():
    with pytest.raises(ValueError, match="Datapath actions"):
        read("ovs-vswitchd says no", PACKET, NUMBERS)


def test_a_packet_is_written_as_the_switch_reads_it():
    assert flow_text(PACKET) == (
        "in_port=1,eth_type=0x800,eth_src=02:00:00:00:00:01,eth_dst=02:00:00:00:00:02,nw_proto=6,ip_frag=no,"
        "ip_src=10.0.0.1,ip_dst=10.0.0.2,tcp_src=0x4d2,tcp_dst=0x50,nw_ttl=64"
    )
    labelled = PACKET | {"eth_type": 0x8847, "mpls_label": 510, "mpls_tc": 0, "mpls_ttl": 254}
    assert flow_text(labelled).endswith(
        "eth_type=0x8847,eth_src=02:00:00:00:00:01,eth_dst=02:00:00:00:00:02,mpls_label=510,mpls_tc=0,mpls_ttl=254,mpls_bos=1"
    )


@pytest.mark.parametrize("eth_type", [0x800, 0x8847, 0x894F])
def test_what_came_by_a_tunnel_is_asked_with_the_tunnel(eth_type):
    text = flow_text(PACKET | {"in_port": 65001, "eth_type": eth_type, "tun_id": 3, "tun_src": 0xC0000201})
    assert "tun_id=0x3" in text
    assert "192.0.2.1" in text


def test_a_header_without_a_frame_around_it_is_asked_so():
    bare = PACKET | {"eth_type": 0x894F, "packet_type": 0x1894F, "nsh_spi": 1, "nsh_si": 255, "tun_id": 3}
    assert "packet_type=(1,0x894f)" in flow_text(bare)
    assert "eth_" not in flow_text(bare)


def test_frames_for_several_nodes_each_keep_their_place_on_the_path():
    push = "tnl_push(tnl_port(9),header(size=50,type=4,ipv4(src=192.0.2.1,dst=192.0.2.{0},proto=17),udp(dst=4789),vxlan(vni={0})),out_port(2))"
    tree = "20. priority 1\n    set_field:0x1fc->reg0\n    output:9\n    set_field:0x1fd->reg0\n    output:9"
    told = read(ends(tree, f"{push.format(2)},{push.format(3)}"), PACKET, NUMBERS, tunnel=9)
    assert [(one.address, one.number, one.known[0]) for one in told.tunneled] == [
        ("192.0.2.2", 2, 0x1FC),
        ("192.0.2.3", 3, 0x1FD),
    ]


def test_the_numbers_of_both_sides_are_read():
    text = (
        "netdev@ovs-netdev: hit:1 missed:2\n  br-int:\n    br-int 65534/1: (tap)\n    tap0 7/3: (system)\n"
        "    tap1 8/4: (dummy: options)\n  br-other:\n    tap2 1/5: (system)\n"
    )
    assert port_numbers(text, "br-int") == {"1": 65534, "3": 7, "4": 8}
    assert port_numbers(text, "br-none") == {}
