"""What a source says of itself stands in a spec as text, or not at all."""

from dataclasses import replace

import pytest

from sfcci.errors import InputError
from sfcci.package.sdist import project_metadata
from sfcci.package.spec import spec_text

ODD = {
    "scripts": ("%(touch pwn)",),
    "readme": "README%(id).md",
    "license_files": ("LICENSE$(id)",),
    "requires_python": ">=3.6.*",
    "version": "1!1.0",
}


@pytest.mark.parametrize(("name", "value"), ODD.items())
def test_what_a_source_says_is_never_a_macro_and_never_a_word_of_the_shell(sample, project, name, value):
    told = replace(project_metadata(project / "code"), **{name: value})
    change = replace(sample.changelog[0], version=told.version)
    with pytest.raises(InputError, match=r"its (source|version)"):
        spec_text(replace(sample, version=told.version, changelog=(change,)), told)


def test_an_address_with_a_per_cent_sign_is_that_address_to_rpm(sample, project):
    odd = replace(sample, homepage="https://x.example.org/%(id)", description="", summary="")
    text = spec_text(odd, replace(project_metadata(project / "code"), summary="100% text"))
    assert "URL:            https://x.example.org/%%(id)\n" in text
    assert text.count("100%% text") == 2
    assert "100%%%%" not in text
