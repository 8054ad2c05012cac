"""Flow classifiers: which packets enter a chain."""

from typing import Any, Final

from sfcci.chain.attribute import Attribute
from sfcci.chain.classifier_value import check_classifier, ethertype, l7_parameters, port_number, protocol
from sfcci.chain.collection import Collection, visible
from sfcci.chain.conflict import conflicts_with, rivals
from sfcci.chain.convert import prefix_or_none, text_or_empty, uuid_or_none
from sfcci.chain.reference import holder, in_use, port
from sfcci.chain.refused import bad_request
from sfcci.chain.standard import ID, PROJECT, REVISION, TENANT
from sfcci.chain.state import Asked, Resource, State

NAME_IN_STATE: Final = "flow_classifiers"
_lost_port: Final = "Flow Classifier Neutron Port {id} not found."


def _creating(state: State, asked: Asked, classifier: dict[str, Any]) -> State:
    check_classifier(classifier)
    for end in ("logical_source_port", "logical_destination_port"):
        if classifier[end] is not None:
            port(state, asked, classifier[end], "FlowClassifier", _lost_port)
    _unlike_others(state, asked, classifier)
    if classifier["logical_source_port"] is None:
        raise bad_request(
            f"FlowClassifier {classifier['id']} does not set logical source port in ovs driver",
            "FlowClassifierBadRequest",
        )
    return state.put(NAME_IN_STATE, classifier)


def _unlike_others(state: State, asked: Asked, classifier: Resource) -> None:
    conflicts = conflicts_with(classifier)
    for other in rivals(state.of(NAME_IN_STATE), classifier):
        if conflicts(other) and visible(other, asked):
            message = f"Flow Classifier conflicts with another Flow Classifier {other['id']}."
            raise bad_request(message, "FlowClassifierInConflict")


def _updating(state: State, _asked: Asked, _old: Resource, classifier: dict[str, Any]) -> State:
    return state.put(NAME_IN_STATE, classifier)


def _deleting(state: State, _asked: Asked, classifier: Resource) -> State:
    if holder(state, "port_chains", NAME_IN_STATE, classifier["id"]):
        raise in_use("FlowClassifier", "Flow Classifier", classifier["id"])
    return state.without(NAME_IN_STATE, classifier["id"])


COLLECTION: Final = Collection(
    name=NAME_IN_STATE,
    member="flow_classifier",
    path="sfc/flow_classifiers",
    kind="FlowClassifier",
    lost="Flow Classifier {id} not found.",
    attributes=(
        ID,
        Attribute("name", "", update=True, convert=text_or_empty),
        Attribute("description", "", update=True, convert=text_or_empty),
        PROJECT,
        Attribute("ethertype", "IPv4", convert=ethertype),
        Attribute("protocol", None, convert=protocol),
        Attribute("source_port_range_min", None, convert=port_number),
        Attribute("source_port_range_max", None, convert=port_number),
        Attribute("destination_port_range_min", None, convert=port_number),
        Attribute("destination_port_range_max", None, convert=port_number),
        Attribute("source_ip_prefix", None, convert=prefix_or_none),
        Attribute("destination_ip_prefix", None, convert=prefix_or_none),
        Attribute("logical_source_port", None, convert=uuid_or_none),
        Attribute("logical_destination_port", None, convert=uuid_or_none),
        Attribute("l7_parameters", {}, convert=l7_parameters),
        TENANT,
        REVISION,
    ),
    quota=100,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
)
