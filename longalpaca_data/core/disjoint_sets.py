"""Disjoint sets (union-find): which things belong together, told pair by pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


class DisjointSets:
    """Sets of names; a name that was never joined is a set of its own."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._parents = {name: name for name in names}

    def root(self, name: str) -> str:
        """Return the name that stands for all that are together with this one."""
        self._parents.setdefault(name, name)
        while (above := self._parents[name]) != name:
            self._parents[name] = self._parents[above]  # halves the way for the next one
            name = above
        return name

    def join(self, names: Iterable[str]) -> None:
        """Put names together, and all that are together with any of them."""
        first, *others = map(self.root, names)
        for other in others:
            self._parents[self.root(other)] = self.root(first)

    def groups(self) -> list[set[str]]:
        """Return the sets, in the order of their first names."""
        groups: dict[str, set[str]] = defaultdict(set)
        for name in self._parents:
            groups[self.root(name)].add(name)
        return list(groups.values())
