"""Which of Neutron's own API suites are run, and what of them cannot pass here."""

import re

NOT_SERVED = "floating IPs are not served", "subnet pools are not served"
UNSERVED = {
    r"test_create_port_with_precreated_floatingip_as_fixed_ip": NOT_SERVED[0],
    r"api\.admin\.test_floating_ips_admin_actions\.": NOT_SERVED[0],
    r"test_create_floatingip_when_quotas_is_full": NOT_SERVED[0],
    r"api\.admin\.test_tag\.Tag(Filter)?FloatingIpTestJSON": NOT_SERVED[0],
    r"api\.test_floating_ips(_negative)?\.": NOT_SERVED[0],
    r"test_update_floatingip_bumps_revision": NOT_SERVED[0],
    r"api\.test_routers\.RoutersDeleteTest\.test_delete_router": f"{NOT_SERVED[0]}: it begins with one",
    r"test_timestamp\..*floatingip": NOT_SERVED[0],
    r"api\.network\.test_tags\.TagsExtTest": f"{NOT_SERVED[1]}: it begins with one",
    r"test_update_subnetpool_bumps_revision": NOT_SERVED[1],
    r"api\.test_subnetpools(_negative)?\.": NOT_SERVED[1],
    r"test_timestamp\..*subnetpool": NOT_SERVED[1],
    r"test_sg_creation_with_insufficient_sg_rules_quota": "a new group's own rules are not counted against the quota",
}
"""A part of a test's name → why it fails."""

SFC = (
    "neutron_tempest_plugin.sfc.tests.api.test_flowclassifier_extensions",
    "neutron_tempest_plugin.sfc.tests.api.test_sfc_extensions",
)
NETWORKS = (
    "tempest.api.network.test_networks",
    "tempest.api.network.test_ports",
    "tempest.api.network.test_routers",
    "neutron_tempest_plugin.api.test_ports",
    "neutron_tempest_plugin.api.test_subnets",
    "neutron_tempest_plugin.api.admin.test_shared_network_extension",
)


def every(site_packages):
    """Give every module of the suites that speak of what Neutron's core and SFC serve, sorted."""
    folders = ("tempest/api/network", "neutron_tempest_plugin/api", "neutron_tempest_plugin/sfc/tests/api")
    paths = [path for folder in folders for path in (site_packages / folder).rglob("test_*.py")]
    return sorted(".".join(path.relative_to(site_packages).with_suffix("").parts) for path in paths)


def reason(test):
    """Give why a test cannot pass, "" when it must."""
    return next((why for part, why in UNSERVED.items() if re.search(part, test)), "")


def surprises(outcomes):
    """Give the failed tests that should have passed, each with what it says."""
    return [
        f"{each['test']}\n{each['reason']}"
        for each in outcomes
        if each["outcome"] == "failed" and not reason(each["test"])
    ]


def passed(outcomes):
    """Give how many passed."""
    return sum(each["outcome"] == "passed" for each in outcomes)


def needless(outcomes):
    """Give the reasons for failures that no test has: it passes now, or is gone."""
    failed = [each["test"] for each in outcomes if each["outcome"] == "failed"]
    return [part for part in UNSERVED if not any(re.search(part, test) for test in failed)]
