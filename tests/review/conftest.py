"""A small data set, served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.review.served import Served, serving, small_set


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The five rows of ``served.rows``, on a server of their own."""
    with serving(small_set(tmp_path / "set")) as found:
        yield found
