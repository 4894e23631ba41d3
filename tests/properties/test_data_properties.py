"""What the forms of the corpus keep, and what its scores and splits promise, for any documents."""

from __future__ import annotations

import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from khabar import ENTITY_LABELS, RELATION_LABELS, Document, Entity, Relation
from khabar.folding import fold
from khabar_data.agreement import agreement_table, disagreements, pair_documents
from khabar_data.authoring import format_authored, parse_authored, read_authored, write_authored
from khabar_data.conll import read_conll, write_conll
from khabar_data.folding import fold_with_offsets, folded_words, words_with_offsets
from khabar_data.jsonl import read_jsonl, write_jsonl
from khabar_data.metrics import evaluate
from khabar_data.overlap import SentenceIndex, find_repeats
from khabar_data.splitting import Shares, split_documents
from khabar_data.unmarked import unmarked_repeats

LETTERS = st.one_of(
    st.sampled_from("ابدروسكلي ـًَّ.؟!؛،«»()[]\\>=;:\n\t\u00a0\u200f\u2028\x85<&\"'0٣A_"),
    st.characters(exclude_categories=("Cs",)),
)
#: Texts of few words, so that sentences and names come back.
WORDS = st.sampled_from(["سارت", "القافلة", "والقافلة", "إلى", "الى", "مرو", "بمرو", "ثمَّ", ".", "\n", "،"])
META = st.none() | st.dictionaries(
    st.sampled_from(["theme", "voice"]), st.text("abc ", max_size=5).map(str.strip)
)


@st.composite
def documents(draw: st.DrawFn, texts: st.SearchStrategy[str] | None = None) -> Document:
    """A text cut anywhere, some of the pieces entities that hold more than white space, some related."""
    text = draw(st.text(LETTERS, max_size=60) if texts is None else texts)
    entities = draw(flat_entities(text))
    relations = draw(related(len(entities)))
    return Document(text, entities, relations, draw(st.none() | st.text(LETTERS, max_size=8)), draw(META))


@st.composite
def flat_entities(draw: st.DrawFn, text: str, *, on_one_line: bool = False) -> tuple[Entity, ...]:
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=12))})
    return tuple(
        Entity(start, end, draw(st.sampled_from(ENTITY_LABELS)), text[start:end])
        for start, end in pairwise(cuts)
        if text[start:end].strip() and not (on_one_line and "\n" in text[start:end]) and draw(st.booleans())
    )


@st.composite
def related(draw: st.DrawFn, entities: int) -> tuple[Relation, ...]:
    index = st.integers(0, max(entities - 1, 0))
    relation = st.builds(Relation, index, index, st.sampled_from(RELATION_LABELS))
    return tuple(draw(st.lists(relation, max_size=4))) if entities else ()


@st.composite
def authored(draw: st.DrawFn) -> Document:
    """A document as the authoring form can hold it: nothing over a line break, no line break at the end."""
    opening = st.sampled_from(["", ">", "=", "=== ", "---", "\\", "["])
    lines = [
        draw(opening) + draw(st.text(LETTERS, max_size=20)).replace("\n", " ")
        for _ in range(draw(st.integers(0, 4)))
    ]
    text = "\n".join(lines).rstrip("\n")
    entities = draw(flat_entities(text, on_one_line=True))
    line_of = [text.count("\n", 0, entity.start) for entity in entities]
    relations = [r for r in draw(related(len(entities))) if line_of[r.head] == line_of[r.tail]]
    relations.sort(key=lambda relation: line_of[relation.head])
    return Document(
        text, entities, tuple(relations), draw(st.sampled_from(["a", "w3_001"])), draw(META) or {}
    )


@st.composite
def annotated_twice(draw: st.DrawFn) -> tuple[Document, Document]:
    """Two annotations of one text."""
    one = draw(documents())
    entities = draw(st.just(one.entities) | flat_entities(one.text))
    return one, Document(one.text, entities, draw(related(len(entities))), one.id)


def sentences() -> st.SearchStrategy[str]:
    return st.lists(WORDS, max_size=40).map(" ".join)


@given(authored())
def test_the_authoring_form_round_trips(document):
    (found,) = parse_authored(format_authored(document).split("\n"), "x")
    assert found == document
    assert found.meta == document.meta


@given(st.lists(authored(), max_size=3))
def test_authored_files_round_trip(wanted):
    # A file's line ends are made one kind when it is read.
    kept = [document for document in wanted if "\r" not in document.text]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        write_authored(kept, path)
        assert read_authored(path) == kept


@given(st.lists(documents(), max_size=3))
def test_jsonl_round_trips(wanted):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        write_jsonl(wanted, path)
        found = read_jsonl(path)
    assert found == wanted
    assert [document.meta for document in found] == [document.meta for document in wanted]


@given(st.lists(documents(), max_size=3))
def test_conll_keeps_flat_entities_and_every_visible_character(wanted):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.conll"
        write_conll(wanted, path)
        found = read_conll(path)
    assert squeezed("".join(document.text for document in found)) == squeezed(
        "".join(document.text for document in wanted)
    )
    assert mentions(found) == mentions(wanted)
    for document in found:
        assert all(document.text[e.start : e.end] == e.text for e in document.entities)


def squeezed(text: str) -> str:
    return "".join(text.split())


def mentions(found: list[Document]) -> list[tuple[str, str]]:
    return [(entity.label, squeezed(entity.text)) for document in found for entity in document.entities]


@given(st.lists(annotated_twice(), max_size=4))
def test_scores_are_symmetric_and_bounded(pairs):
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = evaluate(first, second), evaluate(second, first)
    for name in ("entities", "relations_strict", "relations_boundaries"):
        one, other = getattr(there, name).micro(), getattr(back, name).micro()
        assert (one.precision, one.recall, one.f1) == (other.recall, other.precision, other.f1)
        assert all(0 <= value <= 1 for value in (one.precision, one.recall, one.f1))
        assert min(one.precision, one.recall) <= one.f1 + 1e-12 <= max(one.precision, one.recall) + 2e-12
    assert there.relations_strict.micro().true_positives <= there.relations_boundaries.micro().true_positives


@given(st.lists(documents(), min_size=1, max_size=4))
def test_a_set_agrees_with_itself(found):
    numbered = [Document(d.text, d.entities, d.relations, f"d_{n}") for n, d in enumerate(found)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        write_jsonl(numbered, path)
        pairing = pair_documents(path, path)
    evaluation = pairing.evaluation()
    assert evaluation.entities.micro().f1 == float(any(document.entities for document in found))
    assert evaluation.relations_strict.micro().f1 == float(any(document.relations for document in found))
    assert evaluation.proclitic_errors == 0
    assert not any(disagreements(one, other) for one, other in pairing.pairs)
    assert "100.00" in agreement_table(evaluation) or not any(document.entities for document in found)


@given(annotated_twice())
def test_disagreements_are_listed_exactly_where_scores_are_not_perfect(pair):
    one, other = pair
    evaluation = evaluate([one], [other])
    tallies = (evaluation.entities, evaluation.relations_strict)
    agree = all(tally.gold == tally.predicted == tally.true_positives for tally in tallies)
    assert agree == (disagreements(one, other) == [])
    assert Counter(map(kind, disagreements(one, other))) == Counter(map(kind, disagreements(other, one)))


def kind(line: str) -> str:
    return line.partition(":")[0].replace("first", "one").replace("second", "one")


@given(st.text(LETTERS, max_size=60))
def test_folding_is_done_once_and_offsets_point_at_what_was_folded(text):
    folded, offsets = fold_with_offsets(text)
    assert folded == fold(text) == fold(folded)
    assert len(offsets) == len(folded)
    assert all(fold(text[offset]) == character for offset, character in zip(offsets, folded, strict=True))
    words = list(words_with_offsets(text))
    assert [word for _, _, word in words] == folded_words(text)
    assert all(fold(text[start:end]) == word for start, end, word in words)
    assert all(one[1] <= other[0] for one, other in pairwise(words))


@given(st.lists(sentences(), max_size=4), st.integers(1, 4))
def test_repeats_stand_where_they_are_said_to_stand(texts, shortest):
    index = SentenceIndex([Document(text) for text in texts], [str(n) for n in range(len(texts))], shortest)
    for finding in find_repeats(index):
        words = folded_words(finding.text)
        assert len(words) >= shortest
        assert len(set(finding.places)) == finding.times > 1
        for place in finding.places:
            assert folded_words(texts[int(place.document)][place.start : place.end]) == words


@given(st.lists(sentences(), min_size=1, max_size=3), st.integers(1, 4))
def test_a_corpus_given_twice_repeats_every_sentence(texts, shortest):
    twice = [Document(text) for text in [*texts, *texts]]
    index = SentenceIndex(twice, [str(n) for n in range(len(twice))], shortest)
    assert len(find_repeats(index)) == len(index.places)


@given(documents(sentences()))
def test_unmarked_repeats_are_whole_words_outside_entities(document):
    surfaces = {fold(entity.text) for entity in document.entities}
    for repeat in unmarked_repeats(document):
        assert fold(repeat.surface) in surfaces
        assert not any(e.start < repeat.end and repeat.start < e.end for e in document.entities)
        after = fold(document.text[repeat.end :])[:1]
        assert not after.isalnum()


@given(
    st.lists(st.tuples(st.sampled_from(["w1", "w2", "w3"]), sentences()), max_size=25),
    st.integers(0, 5),
    st.sampled_from([(0.1, 0.1), (0.25, 0.0), (0.3, 0.4)]),
)
def test_a_split_holds_every_document_once_and_no_more_than_its_share(parts, seed, shares):
    found = [Document(text, id=f"{prefix}_{n:02}") for n, (prefix, text) in enumerate(parts)]
    splits = split_documents(found, Shares(*shares, seed))
    assert sorted(d.id for held in splits.values() for d in held) == sorted(d.id for d in found)
    distinct = [d for d in found if len(d.text.split()) > 0]
    copies = Counter(tuple(folded_words(d.text)) for d in distinct)
    split_of = {d.id: name for name, held in splits.items() for d in held}
    for words in (words for words, count in copies.items() if count > 1 and words):
        assert len({split_of[d.id] for d in distinct if tuple(folded_words(d.text)) == words}) == 1
    assert len(splits["dev"]) <= shares[0] * len(found) + 3
    assert len(splits["test"]) <= shares[1] * len(found) + 3
