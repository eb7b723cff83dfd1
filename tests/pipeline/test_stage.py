"""Stages, contexts and ids."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator

from longalpaca_data.core.records import ShortPair, content_id
from longalpaca_data.pipeline.stage import Context, Stage, perform


def pair(name: str) -> ShortPair:
    return ShortPair(name, name, "", name, "en", "", name)


def even(pairs: Iterable[ShortPair], context: Context) -> Iterator[ShortPair]:
    for item in pairs:
        if int(item.id) % 2:
            context.drop(item, "odd", item.id)
        else:
            context.count("kept")
            yield item


STAGE = Stage("even", even, ShortPair, (1,))


def test_outcome_accounts_for_every_item() -> None:
    outcome = perform(STAGE, [pair(str(n)) for n in range(5)], 0, None)
    assert [item.id for item in outcome.outputs] == ["0", "2", "4"]
    assert [(drop.item, drop.reason) for drop in outcome.drops] == [("1", "odd"), ("3", "odd")]
    assert outcome.counts == {"kept": 3}


def test_unit_key_changes_with_what_the_result_depends_on() -> None:
    items = [pair("1")]
    keys = {
        STAGE.unit(items, 0),
        STAGE.unit(items, 1),
        STAGE.unit([pair("2")], 0),
        Stage("even", even, ShortPair, (2,)).unit(items, 0),
        Stage("other", even, ShortPair, (1,)).unit(items, 0),
    }
    assert len(keys) == 5
    assert STAGE.unit(items, 0) == Stage("even", even, ShortPair, (1,)).unit([pair("1")], 0)


def test_stage_travels_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(STAGE)) == STAGE


def test_random_numbers_depend_on_seed_stage_and_item_alone() -> None:
    draw = Context("a", 1).rng("x").random()
    assert draw == Context("a", 1).rng("x").random()
    assert len({draw, Context("a", 2).rng("x").random(), Context("b", 1).rng("x").random()}) == 3
    assert draw != Context("a", 1).rng("y").random()


def test_cached_calls_once() -> None:
    class Kept(dict[str, bytes]):
        def put(self, key: str, answer: bytes) -> None:
            self[key] = answer

    calls = []

    def call() -> bytes:
        calls.append(1)
        return b"answer"

    context = Context("a", 1, Kept())
    assert context.cached("k", call) == context.cached("k", call) == b"answer"
    assert len(calls) == 1


def test_content_ids_tell_types_and_borders_apart() -> None:
    assert content_id("ab", "c") != content_id("a", "bc")
    assert content_id(1) != content_id("1")
    assert len(content_id("x")) == 16
