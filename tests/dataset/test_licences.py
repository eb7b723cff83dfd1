"""Licences are known in the usual spellings; what can't go together is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.dataset.licence_names import licence_named
from longalpaca_data.dataset.licences import (
    HUB_LICENCES,
    Source,
    conflict_line,
    conflicts,
    hub_header,
    objection,
    sources_of,
)
from longalpaca_data.dataset.manifest import Manifest
from tests.built import document, manifest, manifest_values


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
        ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
        ("CC BY-SA 3.0 Unported", "CC-BY-SA-3.0"),
        ("https://creativecommons.org/licenses/by-nc-sa/3.0/", "CC-BY-NC-SA-3.0"),
        ("http://creativecommons.org/licenses/by/4.0/legalcode", "CC-BY-4.0"),
        ("Creative Commons Attribution-NonCommercial-NoDerivatives 4.0", "CC-BY-NC-ND-4.0"),
        ("Attribution-ShareAlike (CC BY-SA)", "CC-BY-SA"),
        ("Copyright 2020. All rights reserved. Licensed under CC BY 4.0", "CC-BY-4.0"),
        ("知识共享署名-相同方式共享 4.0 国际许可协议", "CC-BY-SA-4.0"),
        ("CC0 1.0 Universal", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "Public domain"),
        ("Public domain in the USA", "Public domain"),
        ("公有领域", "Public domain"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("GPL-2.0-only", "GPL-2.0"),
        ("GNU General Public License v2 or later", "GPL-2.0-or-later"),
        ("GNU AFFERO General Public License version 3, or (at your option) any later version",
         "AGPL-3.0-or-later"),
        ("GNU Free Documentation License 1.3", "GFDL-1.3"),
        ("LGPL-2.1", "LGPL-2.1"),
        ("MIT", "MIT"),
        ("The MIT License", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("PSF-2.0", "PSF-2.0"),
        ("3-Clause BSD", "BSD-3-Clause"),
        ("ODbL", "ODbL-1.0"),
        ("© 2020 某某 版权所有", "All rights reserved"),
        ("arXiv.org perpetual non-exclusive license", "All rights reserved"),
        ("", ""),
        (" Unknown ", ""),
        ("N/A", ""),
        ("MIT Press, 2004", "MIT Press, 2004"),
        ("not in the public domain", "not in the public domain"),
        ("see arXiv", "see arXiv"),
    ],
)  # fmt: skip
def test_names(text: str, name: str) -> None:
    licence = licence_named(text)
    assert licence.name == name
    recognised = text.strip() not in {"", "Unknown", "N/A"} and name != text
    assert bool(licence.kinds) is (recognised or name in {"MIT", "LGPL-2.1", "PSF-2.0"})


@pytest.mark.parametrize(
    ("source", "fits", "conflicts_with"),
    [
        ("CC0-1.0", ["cc0-1.0", "mit", "cc-by-sa-4.0", "cc-by-nc-nd-4.0", "other"], []),
        ("Public domain in the USA", ["cc0-1.0", "cc-by-4.0"], []),
        ("MIT", ["mit", "cc-by-4.0", "gpl-3.0", "apache-2.0"], ["cc0-1.0"]),
        ("CC BY 4.0", ["cc-by-4.0", "cc-by-3.0", "cc-by-sa-4.0", "mit"], ["cc0-1.0", "unlicense"]),
        ("CC BY-SA 4.0", ["cc-by-sa-4.0", "gpl-3.0"],
         ["cc-by-4.0", "cc-by-sa-3.0", "cc-by-nc-sa-4.0", "cc0-1.0", "mit", "gpl-2.0", "other"]),
        ("CC BY-SA 3.0", ["cc-by-sa-3.0", "cc-by-sa-4.0"], ["gpl-3.0", "cc-by-nc-sa-4.0"]),
        ("CC BY-SA", ["cc-by-sa-4.0", "cc-by-sa-3.0"], ["cc-by-4.0"]),
        ("CC BY-NC 4.0", ["cc-by-nc-4.0", "cc-by-nc-sa-4.0"], ["cc-by-4.0", "mit", "cc-by-sa-4.0"]),
        ("CC BY-NC-SA 4.0", ["cc-by-nc-sa-4.0"], ["cc-by-nc-4.0", "cc-by-sa-4.0"]),
        ("CC BY-ND 4.0", [], ["cc-by-nd-4.0", "cc-by-4.0", "cc-by-nc-nd-4.0"]),
        ("GFDL-1.3-or-later", ["gfdl"], ["cc-by-sa-4.0", "gpl-3.0"]),
        ("GPL-2.0-or-later", ["gpl-2.0", "gpl-3.0", "gpl"], ["mit", "lgpl-3.0"]),
        ("GPL-2.0-only", ["gpl-2.0"], ["gpl-3.0"]),
        ("LGPL-2.1", ["lgpl-2.1", "gpl-2.0"], ["mit"]),
        ("All rights reserved", ["All rights reserved"], ["cc-by-nc-nd-4.0", "other"]),
        ("Acme Data Terms", ["Acme  data terms"], ["cc-by-4.0", "other"]),
        ("", [], ["cc0-1.0", "cc-by-nc-sa-4.0", "unknown", "other", "Acme Data Terms"]),
    ],
)  # fmt: skip
def test_what_goes_together(source: str, fits: list[str], conflicts_with: list[str]) -> None:
    for target in fits:
        assert not objection(licence_named(target), licence_named(source)), target
    for target in conflicts_with:
        assert objection(licence_named(target), licence_named(source)), target


def under(licence: str, **changes: Any) -> Manifest:
    """Build the manifest of a set under a licence, with sources under several."""

    def named(title: str, licence: str, rows: int) -> dict[str, Any]:
        return document(title=title, path=f"{title}.txt", licence=licence, rows=rows)

    documents = [
        named("Free", "CC0-1.0", 5),
        named("Shared", "cc-by-sa-4.0", 5),
        named("", "", 5),
        named("Silent", "All rights reserved", 0),
    ]
    short = [{"source": "some/pairs", "licence": "cc-by-nc-4.0", "rows": 3}]
    recipe = {**manifest_values()["recipe"], "licence": licence}
    return manifest(**{"recipe": recipe, "documents": documents, "short": short, **changes})


def test_only_what_gave_rows_counts_and_short_sets_do_too() -> None:
    assert [source.name for source in sources_of(under(""))][-1] == "some/pairs"
    assert conflict_line(under("cc-by-sa-4.0")) == (
        "the licence cc-by-sa-4.0 does not suit 2 sources: “.txt” (licence unknown), "
        "“some/pairs” (CC-BY-NC-4.0 forbids commercial use)"
    )
    assert "“Shared” (CC-BY-SA-4.0 asks for the same licence)" in conflict_line(under("mit"))
    assert conflict_line(under(" ")) == "", "a set without a licence has nothing to conflict"


def test_many_conflicts_are_one_short_line() -> None:
    documents = [document(title=f"T{n}", licence="", rows=1) for n in range(9)]
    line = conflict_line(under("mit", documents=documents))
    assert line.count("licence unknown") == 5
    assert line.endswith(" and 5 more")
    assert len(conflicts("mit", [Source("a", "", 1), Source("b", "", 0)])) == 1


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("cc-by-4.0", {"license": "cc-by-4.0"}),
        ("CC BY 4.0", {"license": "cc-by-4.0"}),
        ("GPL-3.0-or-later", {"license": "gpl-3.0"}),
        ("GFDL 1.3", {"license": "gfdl"}),
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("llama3.1", {"license": "llama3.1"}),
        ("CC BY-ND 3.0", {"license": "other", "license_name": "cc-by-nd-3.0",
                          "license_link": "https://creativecommons.org/licenses/by-nd/3.0/"}),
        ("Public domain", {"license": "other", "license_name": "public-domain",
                           "license_link": "https://creativecommons.org/publicdomain/mark/1.0/"}),
        ("Acme: Data\nTerms (https://acme.example/t?v=2).",
         {"license": "other", "license_name": "acme-data-terms",
          "license_link": "https://acme.example/t?v=2"}),
        ("自有协议", {"license": "other", "license_name": "other"}),
    ],
)  # fmt: skip
def test_the_hubs_identifiers(text: str, header: dict[str, str]) -> None:
    assert hub_header(text) == header


@given(st.text(min_size=1), st.text())
def test_no_text_is_too_odd(target: str, source: str) -> None:
    header = hub_header(target)
    assert header["license"] in HUB_LICENCES | {"other"}
    assert all("\n" not in value for value in header.values())
    reason = objection(licence_named(target), licence_named(source))
    assert reason or licence_named(source).name
