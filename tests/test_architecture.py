"""The house keeps its rules: every module is known as pure or as a door, and the pure ones reach for no effect."""

import ast
from pathlib import Path

import pytest

import sfcci

ROOT = Path(sfcci.__file__).parent
EFFECTS = {
    "asyncio",
    "fcntl",
    "multiprocessing",
    "os",
    "random",
    "requests",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "sqlalchemy",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
}
PURE = {
    "__init__",
    "conformity",
    "errors",
    "finding",
    "marked",
    "moment",
    "api.declaration",
    "api.declared",
    "api.fate",
    "api.plan",
    "api.rows",
    "api.caller",
    "api.extensions",
    "api.handlers",
    "api.listing",
    "api.quotas",
    "api.wire",
    "chain.address",
    "chain.allocation",
    "chain.attribute",
    "chain.catalogue",
    "chain.classifier_value",
    "chain.collection",
    "chain.compiler",
    "chain.conflict",
    "chain.convert",
    "chain.convert_network",
    "chain.correlation",
    "chain.default_group",
    "chain.index",
    "chain.model",
    "chain.openflow",
    "chain.overlap",
    "chain.path",
    "chain.plan",
    "chain.port_security",
    "chain.quota",
    "chain.reference",
    "chain.refusal",
    "chain.refused",
    "chain.resource_agent",
    "chain.resource_flow_classifier",
    "chain.resource_network",
    "chain.resource_port",
    "chain.resource_port_chain",
    "chain.resource_port_pair",
    "chain.resource_port_pair_group",
    "chain.resource_router",
    "chain.resource_security_group",
    "chain.resource_security_group_rule",
    "chain.resource_service_graph",
    "chain.resource_subnet",
    "chain.router_gateway",
    "chain.router_interface",
    "chain.standard",
    "chain.state",
    "chain.status",
    "chain.subnet_range",
    "chain.tag",
    "chain.view",
    "chain.walk",
    "datapath.adoption",
    "datapath.pcapng",
    "datapath.scenario_faults",
    "datapath.scenario_schema",
    "datapath.topology",
    "datapath.wanted",
    "gate.buildsets",
    "gate.cases",
    "gate.junit_read",
    "gate.subunit",
    "gate.zuul_builds",
    "gate.checks",
    "gate.figures",
    "gate.link",
    "gate.job",
    "gate.junit",
    "gate.cell",
    "gate.log_address",
    "gate.packed",
    "gate.query",
    "gate.regression",
    "gate.report",
    "gate.report_html",
    "gate.report_json",
    "gate.report_text",
    "gate.report_words",
    "gate.annotations",
    "gate.order",
    "gate.outcome",
    "gate.running",
    "gate.schedule",
    "gate.watch",
    "gate.zuul",
    "gate.zuul_jobs",
    "gate.zuul_yaml",
    "metric.catalogue",
    "metric.check",
    "metric.behind",
    "metric.configuration",
    "metric.glob",
    "metric.last_value",
    "metric.name",
    "metric.point",
    "metric.probability",
    "metric.retention",
    "metric.series",
    "metric.whisper",
    "metric.wire",
    "metric.suggestion",
    "trace.packet",
    "trace.visits",
    "dashboard.attribution",
    "dashboard.behind",
    "dashboard.choosing",
    "dashboard.difference",
    "dashboard.difference_panel",
    "dashboard.difference_text",
    "dashboard.existence",
    "dashboard.filled",
    "dashboard.function",
    "dashboard.function_table",
    "dashboard.generate",
    "dashboard.generate_anew",
    "dashboard.generate_recipe",
    "dashboard.interval",
    "dashboard.jobs",
    "dashboard.meaning",
    "dashboard.meaning_dashboard",
    "dashboard.model",
    "dashboard.modern",
    "dashboard.plan",
    "dashboard.pod_render",
    "dashboard.pull",
    "dashboard.pull_panel",
    "dashboard.reading",
    "dashboard.read_target",
    "dashboard.remark",
    "dashboard.render",
    "dashboard.report",
    "dashboard.rule",
    "dashboard.sample",
    "dashboard.sample_names",
    "dashboard.sample_target",
    "dashboard.sample_values",
    "dashboard.structure",
    "dashboard.structure_check",
    "dashboard.structure_grafana",
    "dashboard.target",
    "dashboard.time_range",
    "dashboard.variable",
    "web.bundle",
    "package.bump",
    "package.checks",
    "package.component",
    "package.component_schema",
    "package.dependency",
    "package.dialect",
    "package.hand_edited",
    "package.install_answers",
    "package.lock",
    "package.difference",
    "package.macros.python3dist",
    "package.spec",
    "package.spec_feature",
    "package.spec_file",
    "package.component_gentoo",
    "package.ebuild",
    "package.ebuild_log",
    "package.eclass_functions",
    "package.ebuild_lint",
    "package.shell",
    "package.atom",
    "package.ebuild_dependency",
    "package.ebuild_feature",
    "package.ebuild_install",
    "package.edit",
    "package.manifest",
    "package.new",
    "package.package_mask",
    "package.recipe",
    "package.recipe_ebuild",
    "package.recipe_phases",
    "package.recipe_portrait",
    "package.recipe_schema",
    "package.portrait",
    "package.profile",
    "package.repos_conf",
    "package.provenance",
    "package.python_compat",
    "package.rpm_format",
    "package.sbom",
    "package.universe",
    "package.use_answer",
    "package.use_line",
    "package.use_lint",
}
"""Values and pure functions: the same arguments give the same answer, and nothing else happens."""


def modules():
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in ROOT.rglob("*.py")
    }


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_imports_no_effect(name):
    path = modules()[name]
    assert not {found for found in imports(path) if found in EFFECTS or found.split(".")[0] in EFFECTS}


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_has_a_docstring_and_is_short(name):
    text = modules()[name].read_text()
    assert ast.get_docstring(ast.parse(text)), "a module's docstring says what lives there and what does not"
    assert len(text.splitlines()) <= 400


def test_a_room_is_a_docstring():
    for name, path in modules().items():
        if path.name == "__init__.py" and name != "__init__":
            assert len(ast.parse(path.read_text()).body) == 1, name


def test_only_one_module_starts_programs():
    assert [name for name, path in modules().items() if "subprocess" in set(imports(path))] == ["command"]
