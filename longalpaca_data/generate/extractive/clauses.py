"""Whether a sentence is whole and states something: cut nowhere, with a main clause of its own."""

from __future__ import annotations

import re

from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence


def uncut(reading: ParsedPart, sentence: Sentence) -> bool:
    """Say whether a sentence begins and ends where its author made it begin and end.

    sentencex ends a sentence at "five per cent. money continued"; a column or page break begins
    one in the middle, after a paragraph that has no full stop.
    """
    after = reading.text[sentence.end : sentence.end + 40].split("\n")[0].lstrip(" ”’\"')")
    if after[:1].islower() or after[:1].isdigit():
        return False
    if not sentence.first:
        return True
    if sentence.paragraph == 0:
        return reading.offset == 0 or not reading.text[:1].islower()
    before = reading.paragraphs[sentence.paragraph - 1]
    headings = {section.start for section in reading.sections}
    return before.start in headings or before.text[-1] in ".!?…:;。！？：；”’\"'」』)）]*|—_"


_FINITE = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|does|do|did|will|would|can|could|must|may|might|should|"
    r"shall|cannot)\b(?: (?:have|be|been|do|had)\b)*"
    r"|\b(?:bore|went|came|took|gave|fell|rose|ran|wrote|saw|knew|grew|began|broke|chose|drew|drove|"
    r"ate|forgot|spoke|stole|threw|wore|became|kept|held|stood|lost|made|said|paid|sold|bought|left|"
    r"met|sat|brought|thought|felt|found|led|meant|sent|spent|told|won|got|lay|contains?|seems?|"
    r"appears?|becomes?|remains?|requires?|provides?|makes?|takes?|gives?|comes?|goes|allows?|"
    r"consists?|depends?|includes?|shows?|needs?|uses?|keeps?|means|serves?|holds?|runs?)\b"
    r"|\b(?!(?:the|an?|of|in|by|to|for|with|as|and|or|its|his|her|their|most|more|\w+ly)\b)[\w’]+ "
    r"[a-z]+ed (?!(?:by|in|on|at|with|for|as|during|after|under|using|through|between|of|into|"
    r"within|without|against|per|and|or|upon|among)\b)\w"
    r"|\b[A-Z][a-z]+ (?!based\b|called\b|named\b)[a-z]+ed\b(?! by\b)"
)
"""Words that are the verb of a clause wherever they stand, or nearly."""
_CLAUSE = re.compile(
    r"\b(?:that|which|who|whom|whose|where|when|if|what|how|while|as|why|whether)\b"
)


def main_clause(text: str) -> bool:
    """Say whether an English text has a verb beside those of its relative and adverbial clauses
    and does not open with a participle: "Called during an upgrade that failed" is no sentence.
    """
    opening = re.match(r"[A-Z][a-z]+(?:ing|ed) (?:\w+ly )?", text)
    if opening and not _FINITE.match(text, opening.end()):
        return False
    bare = re.sub(r", (?:who|which|whose|whom)\b[^,]*,", "", text)
    return len(_FINITE.findall(bare)) > len(_CLAUSE.findall(bare))


_POINTER = re.compile(
    r"\b(?:shown|given|listed|presented|summari[sz]ed|depicted|described|found|discussed|displayed|"
    r"provided) (?:in|by) (?:the )?(?:[Ff]igures?|Fig\.|[Tt]ables?|[Ss]ections?|[Cc]hapters?|"
    r"[Aa]ppendix)\b|^(?:In |See )?(?:the )?(?:(?:previous|next|following) )?(?:Sections?|"
    r"sections?|Figures?|Tables?|Chapters?|Appendix)\b|\bthe plot\b|\bas follows\b",
)


def pointer(text: str) -> bool:
    """Say whether a sentence only sends the reader on to a figure, a table or a section."""
    return bool(_POINTER.search(text))
