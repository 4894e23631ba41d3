import numpy as np
import pytest
from tokenizers import Tokenizer

from khabar.document import Document, Entity, Relation
from khabar.schema import RELATION_LABELS
from khabar.tagging import TAG_IDS
from khabar.tokenization import WordTokenizer
from khabar_data.coverage import ANY_TAG, Coverage, tag_bits
from khabar_training.collate import Collator
from khabar_training.features import IGNORED, FeatureBuilder
from tests.gold import gold_documents
from tests.tiny_model import tiny_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    texts = tuple(document.text for document in gold_documents())
    return WordTokenizer(Tokenizer.from_str(tiny_tokenizer(texts).backend_tokenizer.to_str()))


@pytest.fixture
def builder(tokenizer):
    return FeatureBuilder(tokenizer, 64, 8)


def examples(builder, document, coverage=None, complete=True):
    return list(builder.examples(document, coverage or Coverage.full(), complete=complete))


def entity(text, surface, label):
    start = text.index(surface)
    return Entity(start, start + len(surface), label, surface)


def test_the_first_piece_of_a_word_carries_its_tag(builder):
    (example,) = examples(builder, gold_documents()[0])
    asked = example.tag_bits[example.tag_bits != ANY_TAG]
    names = [
        tag_bits([tag]) for tag in ("O", "B-TITLE", "I-TITLE", "B-NORP", "B-PER", "I-PER", "B-PER", "I-PER")
    ]
    assert asked[:8].tolist() == names


def test_proclitics_are_counted_at_the_first_piece(builder):
    (example,) = examples(builder, gold_documents()[2])
    letters = example.proclitic[example.proclitic != IGNORED]
    assert letters.tolist() == [0, 1, 0, 0]


def test_every_gold_relation_is_a_positive_pair(builder):
    for document in gold_documents():
        (example,) = examples(builder, document)
        assert example.relations.sum() == len(document.relations)
        assert not (example.relations & ~example.allowed).any()
    assert not builder.unreachable.counts


def test_a_relation_that_no_window_holds_is_counted(tokenizer):
    builder = FeatureBuilder(tokenizer, 12, 2)
    text = "زار سامي عزيز " + "كما قيل في الخبر " * 6 + "مدينة القاهرة"
    document = Document(
        text,
        (entity(text, "سامي عزيز", "PER"), entity(text, "القاهرة", "GPE")),
        gold_documents()[7].relations[:1],
    )
    examples(builder, document)
    assert builder.unreachable.counts == {"relation whose ends no window holds together": 1}


def test_a_span_that_ends_inside_a_word_is_counted(builder):
    text = "زار القاهرةثم عاد"
    examples(builder, Document(text, (entity(text, "القاهرة", "GPE"),)))
    assert builder.unreachable.counts == {"entity that ends inside a word": 1}


def test_of_two_entities_in_one_word_the_first_is_learnt(builder):
    text = "لندنباريس زارها وليد"
    cities = (Entity(0, 4, "GPE", "لندن"), Entity(4, 9, "GPE", "باريس"))
    relation = Relation(2, 1, "PRESENT_AT")
    document = Document(text, (*cities, entity(text, "وليد", "PER")), (relation,))
    (example,) = examples(builder, document)
    # Spans of the relation head stand apart: its zones count edges in their order.
    assert example.spans.shape == (3, 2)
    assert example.spans[1, 0] <= example.spans[0, 1]
    assert not example.relations.any()
    assert builder.unreachable.counts["entity that shares a word with the one before"] == 1
    assert builder.unreachable.counts["relation whose ends no window holds together"] == 1


def test_a_span_across_the_end_of_a_sentence_is_counted_once(builder):
    text = "قالت بي. بي. سي إن الأمر انتهى"
    examples(builder, Document(text, (entity(text, "بي. بي. سي", "ORG"),)))
    assert builder.unreachable.counts == {"entity that no window shows whole within one sentence": 1}


def test_partial_coverage_leaves_unknown_types_open(builder):
    text = "قال الوزير في القاهرة"
    coverage = Coverage({"LOC": ("GPE", "LOC", "FAC")}, frozenset({"PER"}))
    (example,) = examples(
        builder, Document(text, (entity(text, "القاهرة", "LOC"),)), coverage, complete=False
    )
    asked = example.tag_bits[example.tag_bits != ANY_TAG]
    assert asked[-1] == tag_bits(["B-GPE", "B-LOC", "B-FAC"])
    assert asked[0] & (1 << TAG_IDS["B-TITLE"])
    assert not asked[0] & (1 << TAG_IDS["B-PER"])
    assert (example.proclitic == IGNORED).all()
    assert example.pairs.shape == (2, 0)


def test_a_batch_pads_with_what_costs_nothing(builder):
    items = [examples(builder, document)[0] for document in gold_documents()[:3]]
    batch = Collator(0)(items)
    longest = max(len(item.input_ids) for item in items)
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (3, longest)
    assert batch["allowed_tags"].shape == (3, longest, 27)
    assert batch["allowed_relations"].shape[-1] == len(RELATION_LABELS)
    padding = batch["attention_mask"] == 0
    assert batch["allowed_tags"][padding].all()
    assert (batch["proclitic"][padding] == IGNORED).all()
    assert batch["allowed_relations"].sum() == sum(item.allowed.sum() for item in items)
    assert (batch["spans"][:, 1] > batch["spans"][:, 0]).all()


def test_token_dropout_hides_pieces_but_never_the_special_ones(builder):
    items = [examples(builder, document)[0] for document in gold_documents()]
    plain = Collator(0)(items)["input_ids"]
    hidden = Collator(0, 4, 0.5)(items)["input_ids"]
    changed = plain != hidden
    assert 0.2 < changed.float().mean() < 0.6
    assert (hidden[changed] == 4).all()
    assert not changed[:, 0].any()
    assert not changed[plain == 3].any()
    assert np.array_equal(plain[:, 0].numpy(), np.full(8, 2))
