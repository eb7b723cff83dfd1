"""Window → examples: find, pick over the whole depth, put into words."""

from __future__ import annotations

import difflib
import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from longalpaca_data.core.errors import RecipeError
from longalpaca_data.core.recipe import GenerateSpec
from longalpaca_data.core.records import Evidence, Example, Window, content_id
from longalpaca_data.generate.extractive.families import FAMILIES
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Span
from longalpaca_data.generate.extractive.question_templates import fill, templates
from longalpaca_data.pipeline.stage import Context, Stage
from longalpaca_data.windows.documents import Documents

_VERSION = 3
_MAX_FINDINGS = 3000  # a family that finds more in one window is sampled by its order in the text
_FAMILY_SHARE = 0.2  # of a window's rows: as in the mix, so that no window is of one kind
TWO_FACTS = "multi_hop"
_FAR = 0.35  # two facts are far apart when this share of the window lies between them


def extractive_stage(spec: GenerateSpec, documents: Documents) -> Stage[Window, Example]:
    """Return the stage ``generate``: Window → Examples, one window a unit."""
    families = chosen_families(spec)
    for name in spec.families:
        if name not in FAMILIES and name != TWO_FACTS:
            near = difflib.get_close_matches(name, FAMILIES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "known: " + ", ".join(FAMILIES)
            raise RecipeError(f"generate.families: unknown family {name!r}; {hint}")
    run = partial(
        _generate, documents=documents, families=families, density=spec.rows_per_1k_tokens
    )
    depends = (_VERSION, "extractive", families, spec.rows_per_1k_tokens, wording_fingerprint())
    return Stage("generate", run, Example, depends)


def chosen_families(spec: GenerateSpec) -> tuple[str, ...]:
    """Return the families that write: the recipe's word counts, else the family's own default."""
    defaults = {name: family.default for name, family in FAMILIES.items()} | {TWO_FACTS: True}
    return tuple(name for name, on in defaults.items() if spec.families.get(name, on))


def wording_fingerprint() -> str:
    """Return a hash of all templates: a changed wording writes the questions anew."""
    groups = {
        name: [
            (language, wording, texts.questions, texts.answers)
            for language, wordings in templates(name).items()
            for wording, texts in wordings.items()
        ]
        for name in (*FAMILIES, TWO_FACTS)
    }
    return content_id(groups)


@dataclass(frozen=True, slots=True)
class _Fact:
    """A finding with its family and its depth in the window."""

    family: Family
    finding: Finding
    depth: float


def _generate(
    windows: Iterable[Window],
    context: Context,
    documents: Documents,
    families: tuple[str, ...],
    density: float,
) -> Iterator[Example]:
    for window in windows:
        material = tuple(
            ParsedPart(documents[part.document_id], part, index)
            for index, part in enumerate(window.parts)
        )
        rng = context.rng(window.id)
        wanted = max(4, round(density * window.n_tokens / 1000))
        facts = _facts(window, material, families)
        examples = list(_examples(window, material, facts, wanted, rng, families))
        if not examples:
            context.drop(window, "nothing found", f"{window.n_tokens} tokens")
        yield from examples


def _facts(window: Window, material: Material, families: tuple[str, ...]) -> dict[str, list[_Fact]]:
    """Return what each family is sure of in this window, in the order of depth."""
    sizes = [len(reading.text) for reading in material]
    before = [sum(sizes[:index]) for index in range(len(sizes))]
    found = {}
    for family in (FAMILIES[name] for name in families if name in FAMILIES):
        if window.kind not in family.windows or window.language not in family.languages:
            continue
        facts = [
            _Fact(family, finding, (before[span.part] + span.middle) / max(1, sum(sizes)))
            for finding in itertools.islice(family.find(material), _MAX_FINDINGS)
            for span in finding.evidence[:1]
        ]
        if facts:
            found[family.name] = sorted(facts, key=lambda fact: fact.depth)
    return found


def _examples(
    window: Window,
    material: Material,
    facts: Mapping[str, Sequence[_Fact]],
    wanted: int,
    rng: random.Random,
    families: tuple[str, ...],
) -> Iterator[Example]:
    used: list[Span] = []
    quota = max(1, round(wanted * max(_FAMILY_SHARE, 1 / (len(facts) + 1))))
    for name in sorted(facts):
        for fact in _spread(facts[name], quota, used, rng):
            yield _example(window, material, fact, rng)
    if TWO_FACTS in families and window.kind == "single":
        for pair in _far_pairs(facts, quota, rng):
            yield _two_facts(window, material, pair, rng)


def _spread(
    facts: Sequence[_Fact], quota: int, used: list[Span], rng: random.Random
) -> Iterator[_Fact]:
    """Pick up to ``quota`` facts, one from each of as many equal strata of depth.

    Facts whose evidence another row of the window already rests on come last: many rows about
    one sentence teach a model to look in one place.
    """
    strata: list[list[_Fact]] = [[] for _ in range(quota)]
    for fact in facts:
        strata[min(quota - 1, int(fact.depth * quota))].append(fact)
    for stratum in strata:
        if not stratum:
            continue
        candidates = rng.sample(stratum, min(len(stratum), 8))
        chosen = next((c for c in candidates if not _overlaps(c, used)), candidates[0])
        used.append(chosen.finding.evidence[0])
        yield chosen


def _overlaps(fact: _Fact, used: Iterable[Span]) -> bool:
    first = fact.finding.evidence[0]
    return any(
        first.part == span.part and first.start < span.end and span.start < first.end
        for span in used
    )


def _far_pairs(
    facts: Mapping[str, Sequence[_Fact]], quota: int, rng: random.Random
) -> Iterator[tuple[_Fact, _Fact]]:
    """Yield pairs of short facts of different families that stand far apart."""
    atomic = [fact for group in facts.values() for fact in group if fact.family.atomic]
    early = [fact for fact in atomic if fact.depth < 1 - _FAR]
    rng.shuffle(early)
    made = 0
    for first in early:
        if made == quota:
            return
        far = [
            fact
            for fact in rng.sample(atomic, min(len(atomic), 40))
            if fact.depth - first.depth >= _FAR and fact.family.name != first.family.name
        ]
        if far:
            made += 1
            yield first, far[0]


def _example(window: Window, material: Material, fact: _Fact, rng: random.Random) -> Example:
    question, answer = _words(material, fact, rng)
    family = fact.family
    task = _task(family.task, material)
    return _assemble(window, material, family.name, task, question, answer, fact.finding.evidence)


def _task(task: str, material: Material) -> str:
    """Return the task a family serves here: a question about a book is a book question."""
    if task in ("book_qa", "document_analysis"):
        return "book_qa" if material[0].kind == "book" else "document_analysis"
    return task


def _two_facts(
    window: Window, material: Material, pair: tuple[_Fact, _Fact], rng: random.Random
) -> Example:
    """Ask for two facts far apart in one question."""
    (first_q, first_a), (second_q, second_a) = (_words(material, fact, rng) for fact in pair)
    # The answer is labelled as its question is: (a) and (b) are not answered by 1 and 2.
    forms = templates(TWO_FACTS)[window.language]
    texts = forms[rng.choice(sorted(forms))]
    slots = {
        "first_question": first_q,
        "second_question": second_q,
        "first_answer": first_a,
        "second_answer": second_a,
    }
    joint = Finding(slots, (*pair[0].finding.evidence, *pair[1].finding.evidence))
    question = fill(rng.choice(texts.questions), joint, material[0])
    answer = fill(rng.choice(texts.answers), joint, material[0])
    task = _task("document_analysis", material)
    return _assemble(window, material, TWO_FACTS, task, question, answer, joint.evidence)


def _words(material: Material, fact: _Fact, rng: random.Random) -> tuple[str, str]:
    reading = material[fact.finding.evidence[0].part]
    texts = templates(fact.family.name)[reading.language][fact.finding.wording]
    question = fill(rng.choice(texts.questions), fact.finding, reading)
    return question, fill(rng.choice(texts.answers), fact.finding, reading)


def _assemble(
    window: Window,
    material: Material,
    family: str,
    task: str,
    question: str,
    answer: str,
    spans: Sequence[Span],
) -> Example:
    evidence = tuple(
        Evidence(
            material[span.part].text[span.start : span.end],
            span.part,
            material[span.part].offset + span.start,
            material[span.part].offset + span.end,
        )
        for span in spans
    )
    return Example(
        content_id(window.id, family, question, answer),
        window,
        family,
        task,
        window.language,
        question,
        answer,
        evidence,
        "extractive",
    )
