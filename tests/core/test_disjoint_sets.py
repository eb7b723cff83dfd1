"""Things that belong together, beside the closure worked out the slow way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.core.disjoint_sets import DisjointSets

NAMES = "abcdefgh"


@given(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), max_size=8))
def test_groups_are_the_closure_of_what_was_joined(joined: list[list[str]]) -> None:
    sets = DisjointSets(NAMES)
    together = [{name} for name in NAMES]
    for names in joined:
        sets.join(names)
        touched = [group for group in together if group & set(names)]
        together = [group for group in together if group not in touched]
        together.append(set().union(*touched))
    assert sorted(map(sorted, sets.groups())) == sorted(map(sorted, together))
    for group in together:
        assert len({sets.root(name) for name in group}) == 1


def test_a_name_that_was_never_joined_stands_alone() -> None:
    assert DisjointSets().root("x") == "x"
