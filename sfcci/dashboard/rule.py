"""The rules of `sfcci dashboard validate`: the keyword of each finding, the layer that makes it, what it is about."""

from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """What a rule looks at; the last two run only when Graphite, or job lists, are given."""

    DOCUMENT = "document"
    STRUCTURE = "structure"
    TARGET = "target"
    MEANING = "meaning"
    METRICS = "metrics"
    JOBS = "jobs"
    REMARKS = "remarks"


@dataclass(frozen=True)
class Rule:
    """One rule; `what` is the sentence that reports show for it."""

    keyword: str
    layer: Layer
    what: str


_TABLE = {
    Layer.DOCUMENT: {
        "BadDocument": "The file is not the YAML or JSON that it should be.",
        "DuplicateKey": "A key stands twice in one mapping; the last one silently wins.",
    },
    Layer.STRUCTURE: {
        "BadStructure": "A value is not what grafyaml's schema, or Grafana, takes there.",
        "MissingKey": "A key that must be there is not.",
        "UnknownKey": "A key that grafyaml does not know.",
        "DuplicateDashboard": "Two dashboards would overwrite each other in Grafana.",
        "GrafanaSchema": "Grafana's published schema has no such key, or another kind of value there.",
    },
    Layer.TARGET: {
        "BadTarget": "Graphite would not read the target to its end.",
        "UnknownFunction": "Graphite has no function of that name.",
        "WrongArguments": "A function is called with arguments that it does not take.",
    },
    Layer.MEANING: {
        "MixedRatio": "The two parts of a ratio count different jobs, pipelines or branches.",
        "AliasOtherJob": "A line is named after another job than the one whose results it shows.",
        "MisspeltResult": "Zuul has no result of that name, so its counter never exists.",
        "BadResultsLeftOut": "A failure rate leaves bad results out.",
        "RemovedPanelType": "The panel is of a type that newer Grafanas have removed.",
        "UndefinedVariable": "A template variable is used and nowhere defined.",
        "UnusedVariable": "A template variable is defined and nowhere used.",
        "NoDataSource": "A panel does not say whose data it shows.",
    },
    Layer.METRICS: {
        "NoSuchMetric": "No series of that name has ever been in this Graphite.",
        "MetricDisappeared": "The series are there, and nothing has been written to them for long.",
        "NeverHappened": "The result has not happened yet; its job has others.",
    },
    Layer.JOBS: {
        "JobGone": "The job runs no more in that pipeline.",
        "JobUnknown": "Whether the job still runs cannot be told.",
        "ProjectUnknown": "Nothing is known about the jobs of that project.",
        "JobWithoutPanel": "A job runs and is on no panel.",
        "UnknownTemplate": "A project uses a template that no job list defines.",
        "KnownTemplate": "A template that no job list defines is known all the same.",
        "UnknownJob": "Jobs rest on others that no job list defines; they are taken to run.",
        "AbstractJob": "A pipeline names a job that Zuul does not run by itself.",
        "ParentCircle": "A job is its own ancestor.",
        "BadBranches": "The branches of a job are no regular expression that can be read.",
        "BadName": "The name of a project is no regular expression that can be read.",
    },
    Layer.REMARKS: {
        "BadRemark": "A comment for sfcci that cannot be understood, or gives no reason.",
        "UnusedRemark": "A comment for sfcci that silences nothing.",
    },
}
RULES = {
    keyword: Rule(keyword, layer, what) for layer, rules in _TABLE.items() for keyword, what in rules.items()
}
"""Keyword → rule, in the order of the layers."""
