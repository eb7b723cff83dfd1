"""Jinja templates of the package, rendered with escaping on: documents are untrusted."""

from __future__ import annotations

from functools import cache

import jinja2


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("longalpaca_data.dataset", "templates"),
        autoescape=jinja2.select_autoescape(["html.j2"], default_for_string=False, default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["compact"] = _compact
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %"
    return environment


def _compact(number: int) -> str:
    """Write millions short, for a place where a long number doesn't fit."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1e6:,.1f} M"


def render(template: str, **values: object) -> str:
    """Fill a template of ``longalpaca_data/dataset/templates``."""
    return _environment().get_template(template).render(**values)
