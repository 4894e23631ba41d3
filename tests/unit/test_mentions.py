import numpy as np
import pytest

from khabar_data.validation import validate
from khabar_training.config import ConfigError
from khabar_training.mentions import MentionPool, mention_pool, read_names, replace_mentions
from khabar_training.train_config import NameList
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
                assert new.text == old.text or new.text in pool.mentions[old.label]
            changed += after.text != before.text
    assert changed > 80


def test_what_stands_between_names_stays():
    document = gold_documents()[0]
    renamed = replace_mentions(document, MentionPool({"PER": ["كريم"]}, {}), 1.0, np.random.default_rng(0))
    assert renamed.text == "التقى وزير الخارجية المصري كريم كريم في القاهرة أمس."


def test_one_name_gets_one_new_name_throughout():
    document = gold_documents()[7]
    twice = type(document)(f"{document.text} {document.text}", document.entities)
    renamed = replace_mentions(
        twice, MentionPool({"GPE": ["غانا", "مالي"]}, {}), 1.0, np.random.default_rng(1)
    )
    assert renamed.entities[0].text in {"غانا", "مالي"}


def test_a_name_behind_a_joined_proclitic_is_left_where_the_article_would_melt():
    document = gold_documents()[2]
    renamed = replace_mentions(
        document, MentionPool({"ORG": ["البنك الدولي", "أوبك"]}, {}), 1.0, np.random.default_rng(0)
    )
    assert "ل" + "لأمم المتحدة" in renamed.text


def test_without_probability_nothing_changes():
    gold = gold_documents()
    assert [replace_mentions(d, mention_pool(gold), 0.0, np.random.default_rng(0)) for d in gold] == gold


def test_lists_bring_names_that_no_article_holds(tmp_path):
    path = tmp_path / "names.tsv"
    path.write_text("# name\tkind\nسالم\tPER\nالحربي\tPER\nمسقط (مدينة)\tPER\nصحار\tcity\n", encoding="utf-8")
    people = NameList(path=path, label="PER", only=("PER",), parts=2)
    assert read_names(people) == ["سالم", "الحربي"]
    pool = mention_pool([], [people])
    drawn = {pool.draw("PER", np.random.default_rng(seed)) for seed in range(200)}
    assert drawn == {None} | {
        f"{first} {last}" for first in ("سالم", "الحربي") for last in ("سالم", "الحربي")
    }
    document = gold_documents()[0]
    renamed = replace_mentions(document, pool, 1.0, np.random.default_rng(5))
    assert not validate([renamed])
    assert [e.label for e in renamed.entities] == [e.label for e in document.entities]
    assert renamed.text != document.text


def test_a_list_that_cannot_serve_says_why(tmp_path):
    path = tmp_path / "names.tsv"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_names(NameList(path=path, label="PER"))
    path.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no name left"):
        read_names(NameList(path=path, label="PER"))
    with pytest.raises(ConfigError, match="must be one of"):
        read_names(NameList(path=path, label="DATE"))
