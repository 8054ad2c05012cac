"""What a file says, beside what is there: faults with their places, keys, and the API's own defaults."""

import pytest

from sfcci import document
from sfcci.api.declaration import declaration, exported, there
from sfcci.api.declared import SCHEMA, SECTIONS
from sfcci.chain.attribute import REQUIRED
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.errors import InputError

ID_1, ID_2 = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def port(id_, name, **more):
    return {"id": id_, "name": name, "network_id": "N", "fixed_ips": [], "device_id": "", **more}


def faults(text, here=()):
    with pytest.raises(InputError) as error:
        declaration(document.parse(text, "chains.yaml", SCHEMA), here)
    return str(error.value).splitlines()


@pytest.mark.parametrize("section", SECTIONS.values(), ids=lambda section: section.collection)
def test_words_agree_with_the_api_in_defaults_and_in_what_can_be_changed(section):
    known = {one.name: one for one in COLLECTIONS[section.collection].attributes}
    for word in section.words.values():
        attribute = known[word.of_api]
        assert attribute.create
        assert attribute.update is not word.fixed, word.name
        assert (attribute.default is REQUIRED or word.name == "cidr") is word.required, word.name
        if not word.kept and not word.required:
            assert attribute.default == word.default, word.name


def test_a_file_with_several_faults_tells_each_with_its_place():
    text = """\
port_pairs:
  PP1: {ingress: p1in, egress: p1in}
flow_classifiers:
  FC: {source_ip_prefix: 10.0.0.1, logical_source_port: p1}
"""
    here = there({"ports": [port(ID_1, "p1")]})
    assert faults(text, here) == [
        "chains.yaml:2:9: port_pairs.PP1.ingress: there is no port 'p1in', neither in the file nor at the API; did you mean p1?",
        "chains.yaml:2:24: port_pairs.PP1.egress: there is no port 'p1in', neither in the file nor at the API; did you mean p1?",
        (
            "chains.yaml:4:8: flow_classifiers.FC.source_ip_prefix: '10.0.0.1' isn't a recognized IP subnet "
            "cidr, '10.0.0.1/32' is recommended"
        ),
    ]


def test_an_unknown_word_is_told_with_the_one_that_was_meant():
    assert faults("port_pairs:\n  PP1: {ingres: a, egress: b}\n")[1].endswith("did you mean ingress?")


def test_a_name_that_several_have_is_not_guessed_at():
    here = there({"ports": [port(ID_1, "same"), port(ID_2, "same")]})
    told = faults("ports:\n  same: {network: N}\nnetworks: {N: {}}\n", here)
    assert told == [f"chains.yaml:2:3: ports.same: there are 2 of that name; expected an id: {ID_1}, {ID_2}"]
    told = faults("port_pairs:\n  PP: {ingress: same, egress: same}\n", here)
    assert told[0] == (
        f"chains.yaml:2:8: port_pairs.PP.ingress: there are 2 ports of the name same; expected an id: {ID_1}, {ID_2}"
    )


def test_a_resource_without_a_name_of_its_own_stands_by_its_id():
    here = there({"ports": [port(ID_1, "same"), port(ID_2, "same"), port("P3", ""), port("P4", ID_1)]})
    assert [(one.key, one.values["name"]) for one in here] == [
        (ID_1, "same"),
        (ID_2, "same"),
        ("P3", ""),
        ("P4", ID_1),
    ]
    assert exported(here)["ports"][ID_1]["name"] == "same"


def test_an_id_as_key_means_one_that_is_there():
    told = faults(f"networks:\n  {ID_1}: {{}}\n")
    assert told == [
        (
            f"chains.yaml:2:3: networks.{ID_1}: there is no network with this id; "
            "expected the id of one that is there, or a name"
        )
    ]


def test_one_resource_is_not_declared_twice_by_name_and_by_id():
    here = there({"networks": [{"id": ID_1, "name": "N"}]})
    told = faults(f"networks:\n  N: {{}}\n  {ID_1}: {{}}\n", here)
    assert told == [f"chains.yaml:3:3: networks.{ID_1}: is declared twice; expected each resource once"]


def test_ports_of_the_apis_own_services_are_nobodys_to_declare():
    here = there({"ports": [port(ID_1, "", device_owner="network:router_interface")]})
    assert exported(here)["ports"] == {}


def test_an_empty_file_and_an_empty_section_declare_nothing():
    for text in ("{}", "ports: {}\n"):
        assert declaration(document.parse(text, "x.yaml", SCHEMA), ()).resources == ()
