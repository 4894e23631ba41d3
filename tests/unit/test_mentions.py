import numpy as np

from khabar_data.validation import validate
from khabar_training.mentions import mention_pool, replace_mentions
from tests.gold import gold_documents


def test_names_change_and_everything_else_follows():
    gold = gold_documents()
    pool = mention_pool(gold)
    changed = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        renamed = [replace_mentions(document, pool, 0.7, random) for document in gold]
        assert not validate(renamed)
        for before, after in zip(gold, renamed, strict=True):
            assert [e.label for e in after.entities] == [e.label for e in before.entities]
            assert after.relations == before.relations
            for old, new in zip(before.entities, after.entities, strict=True):
                assert after.text[new.start : new.end] == new.text
                assert new.text == old.text or new.text in pool[old.label]
            changed += after.text != before.text
    assert changed > 80


def test_what_stands_between_names_stays():
    document = gold_documents()[0]
    renamed = replace_mentions(document, {"PER": ["كريم"]}, 1.0, np.random.default_rng(0))
    assert renamed.text == "التقى وزير الخارجية المصري كريم كريم في القاهرة أمس."


def test_one_name_gets_one_new_name_throughout():
    document = gold_documents()[7]
    twice = type(document)(f"{document.text} {document.text}", document.entities)
    renamed = replace_mentions(twice, {"GPE": ["غانا", "مالي"]}, 1.0, np.random.default_rng(1))
    assert renamed.entities[0].text in {"غانا", "مالي"}


def test_a_name_behind_a_joined_proclitic_is_left_where_the_article_would_melt():
    document = gold_documents()[2]
    renamed = replace_mentions(document, {"ORG": ["البنك الدولي", "أوبك"]}, 1.0, np.random.default_rng(0))
    assert "ل" + "لأمم المتحدة" in renamed.text


def test_without_probability_nothing_changes():
    gold = gold_documents()
    assert [replace_mentions(d, mention_pool(gold), 0.0, np.random.default_rng(0)) for d in gold] == gold
