"""Names and figures of what functions keep packets for."""

from sfcci.metric.kept_latency import points
from sfcci.trace.latency import Latency, Served


def test_series_are_timers_by_lab_group_and_pair_in_milliseconds():
    found = [
        Latency(Served("PG.1", "PP 1", "vm1"), 4, 1, 500_000, (1_000_000, 2_000_000, 3_000_000), 4_000_000),
        Latency(Served("", "", "switch"), 4, 0, 0, (0, 0, 0), 0),
    ]
    told = {point.name: point.value for point in points(found, "demo", 60)}
    stem = "stats.timers.sfcci.lab.demo.group.PG_1.pair.PP_1"
    assert {name.removeprefix(f"{stem}."): value for name, value in told.items() if stem in name} == {
        "count": 4,
        "lower": 0.5,
        "median": 1.0,
        "upper_95": 2.0,
        "upper_99": 3.0,
        "upper": 4.0,
    }
    assert told["stats.timers.sfcci.lab.demo.switch.count"] == 4
    assert {point.time_s for point in points(found, "demo", 60)} == {60}
