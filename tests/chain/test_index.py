"""An index says what looking through the whole collection says, whatever it was asked before."""

from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.index import Index

resources = st.dictionaries(
    st.sampled_from("abcdef"),
    st.lists(st.integers(0, 3), max_size=3).map(lambda keys: {"keys": keys}),
)


@given(st.lists(resources, max_size=8))
def test_an_index_agrees_with_a_look_at_everything(collections):
    index = Index(lambda resource: resource["keys"])
    now = {}
    for given_now in collections:
        now = {id_: now[id_] if now.get(id_) == one else one for id_, one in given_now.items()}
        wanted = {
            key: {id_ for id_, one in now.items() if key in one["keys"]}
            for key in {key for one in now.values() for key in one["keys"]}
        }
        assert {key: set(ids) for key, ids in index.of(now).items()} == wanted
        assert all(len(ids) == len(set(ids)) for ids in index.of(now).values())
