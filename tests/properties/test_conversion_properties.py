"""What goes out into another tool's form comes back the same, for any documents that the form can hold."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from khabar import Document, Entity
from khabar.sentences import split_sentences
from khabar_data.convert import main
from khabar_data.file_names import file_names, id_of
from khabar_data.jsonl import read_jsonl, write_jsonl
from khabar_data.offsets import place_surface
from tests.properties.test_data_properties import META, documents, flat_entities, related, squeezed

#: Letters, marks, line ends of every kind, emoji, and what paths and escapes trip over.
CHARACTERS = st.one_of(
    st.sampled_from("ابدروسكلي ـًَّ.؟\n\r\t\u00a0\u200f\u2028\x85\x1c;<&\"'%/\\~0٣A_🎉🏆"),
    st.characters(exclude_categories=("Cs",)),
)
TEXTS = st.text(CHARACTERS, max_size=60)


@st.composite
def sound_documents(draw: st.DrawFn) -> Document:
    """As the validator wants entities: no white space at an edge; relations stand once."""
    text = draw(TEXTS)
    entities = tuple(
        Entity(start, start + len(surface), entity.label, surface)
        for entity in draw(flat_entities(text))
        if (surface := entity.text.strip())
        for start in [text.index(surface, entity.start)]
    )
    relations = tuple(dict.fromkeys(draw(related(len(entities)))))
    return Document(text, entities, relations, None, draw(META))


def corpora() -> st.SearchStrategy[list[Document]]:
    """Documents with ids that differ in more than case, in the order of their ids."""
    ids = st.text(CHARACTERS, min_size=1, max_size=12)
    named = st.builds(
        lambda document, doc_id: Document(
            document.text, document.entities, document.relations, doc_id, document.meta
        ),
        sound_documents(),
        ids,
    )
    return st.lists(named, max_size=4, unique_by=lambda document: document.id)


def there_and_back(wanted: list[Document], form: str) -> list[Document]:
    """JSONL to the form called ``form`` and back to JSONL, through the command."""
    with tempfile.TemporaryDirectory() as folder:
        start, middle, end = (Path(folder) / name for name in ("in.jsonl", "there", "back.jsonl"))
        write_jsonl(wanted, start)
        # 1 says that the documents break the schema, as random ones do.
        assert main([str(start), str(middle), "--to", form]) in (0, 1)
        assert main([str(middle), str(end), "--from", form]) in (0, 1)
        return read_jsonl(end)


@given(corpora())
def test_brat_gives_back_the_same_documents(wanted):
    found = {document.id: document for document in there_and_back(wanted, "brat")}
    kept = [document for document in wanted if id_of_its_file(wanted, document) == document.id]
    assert len(found) == len(wanted)
    assert [found[document.id] for document in kept] == kept


def id_of_its_file(corpus: list[Document], document: Document) -> str:
    return id_of(file_names(held.id for held in corpus)[corpus.index(document)])


@given(st.lists(documents(TEXTS), max_size=4))
def test_label_studio_gives_back_the_same_documents(wanted):
    found = there_and_back(wanted, "label-studio")
    assert [document.meta for document in found] == [document.meta for document in wanted]
    assert [with_sorted_relations(document) for document in found] == [
        with_sorted_relations(document) for document in wanted
    ]


def with_sorted_relations(document: Document) -> tuple[object, ...]:
    """Labels of a pair share one arrow, so they come together, and each of them once."""
    relations = sorted({(r.head, r.tail, r.label) for r in document.relations})
    return document.id, document.text, document.entities, relations


@given(st.lists(documents(TEXTS), max_size=4))
def test_spacy_gives_back_the_same_documents_without_relations(wanted):
    found = there_and_back(wanted, "spacy")
    assert found == [Document(d.text, d.entities, (), d.id) for d in wanted]
    assert [document.meta for document in found] == [document.meta for document in wanted]


@st.composite
def within_sentences(draw: st.DrawFn) -> Document:
    """A document whose entities each stand in one sentence, without white space at their edges."""
    document = draw(sound_documents())
    inside = [
        entity
        for entity in document.entities
        if any(start <= entity.start and entity.end <= end for start, end in split_sentences(document.text))
    ]
    return Document(document.text, tuple(inside))


@given(st.lists(within_sentences(), max_size=3))
def test_conll_gives_back_every_sentence_with_its_entities(wanted):
    found = there_and_back(wanted, "conll")
    expected = [sentence for document in wanted for sentence in sentences(document)]
    assert [unspaced(document.text, document.entities, 0) for document in found] == expected


def sentences(document: Document) -> list[tuple[str, list[tuple[int, int, str]]]]:
    return [
        unspaced(document.text[start:end], [e for e in document.entities if start <= e.start < end], start)
        for start, end in split_sentences(document.text)
    ]


def unspaced(text: str, entities: object, shift: int) -> tuple[str, list[tuple[int, int, str]]]:
    """A sentence and the spans in it, counted without white space, which CoNLL does not hold."""
    return squeezed(text), [
        (len(squeezed(text[: e.start - shift])), len(squeezed(text[: e.end - shift])), e.label)
        for e in entities
    ]


@given(st.lists(st.none() | st.text(CHARACTERS, max_size=30), max_size=8))
def test_file_names_are_safe_and_differ(ids):
    names = file_names(ids)
    assert len({name.casefold() for name in names}) == len(ids)
    for doc_id, name in zip(ids, names, strict=True):
        assert name not in ("", ".", "..")
        assert not set(name) & set('/\\:*?"<>|\x00\n')
        assert name[0] != "."
        assert len(name.encode()) <= 230
        assert id_of(name) == doc_id or ids.count(doc_id) > 1 or not doc_id or "~" in name


@given(TEXTS, st.data())
def test_a_surface_is_found_by_the_offsets_of_a_browser(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    surface = text[start:end]
    exact = place_surface(text, start, end, surface)
    assert (exact is None) == (start == end)
    units = [len(text[:offset].encode("utf-16-le")) // 2 for offset in (start, end)]
    placed = place_surface(text, *units, surface)
    if start < end:
        assert placed is not None
        assert text[placed.start : placed.end].split() == surface.split()


@given(st.lists(documents(TEXTS), max_size=2))
def test_tasks_are_json_that_any_reader_takes(wanted):
    with tempfile.TemporaryDirectory() as folder:
        write_jsonl(wanted, Path(folder) / "in.jsonl")
        main([str(Path(folder) / "in.jsonl"), str(Path(folder) / "out.json"), "--from", "jsonl"])
        tasks = json.loads((Path(folder) / "out.json").read_text(encoding="utf-8"))
    assert [task["data"]["text"] for task in tasks] == [document.text for document in wanted]
