import random

import pytest

from khabar import Document
from khabar_data.errors import DataError
from khabar_data.jsonl import read_jsonl
from khabar_data.split import main
from khabar_data.splitting import Shares, id_prefix, near_duplicate_groups, split_documents
from tests.annotated import annotated, jsonl


def numbered(prefix, count, start=0):
    """Documents that share no shingle."""
    return [
        Document(" ".join(f"{prefix}{number}كلمة{word}" for word in range(12)), id=f"{prefix}_{number:03}")
        for number in range(start, start + count)
    ]


def split_of(documents, shares=None):
    splits = split_documents(documents, shares or Shares())
    return {document.id: name for name, held in splits.items() for document in held}


def near_copy(document, doc_id):
    return Document(f"{document.text} خاتمة مختلفة تماما", id=doc_id)


@pytest.mark.parametrize("count", [1, 2, 5, 9, 10, 37, 100])
@pytest.mark.parametrize(("dev", "test"), [(0.1, 0.1), (0.2, 0.05), (0.0, 0.5), (0.45, 0.45), (0.0, 0.0)])
def test_every_prefix_keeps_its_shares_to_within_a_document(count, dev, test):
    found = split_of(numbered("w1", count) + numbered("w2", count), Shares(dev, test))
    for prefix in ("w1", "w2"):
        names = [name for doc_id, name in found.items() if doc_id.startswith(prefix)]
        assert len(names) == count
        assert abs(names.count("dev") - dev * count) <= 1
        assert abs(names.count("test") - test * count) <= 1


def test_the_order_of_the_input_does_not_matter_and_is_kept():
    documents = numbered("w1", 40)
    shuffled = random.Random(3).sample(documents, len(documents))
    assert split_of(documents) == split_of(shuffled)
    held = split_documents(shuffled, Shares())["train"]
    assert held == [document for document in shuffled if document in held]


def test_another_seed_deals_another_split():
    documents = numbered("w1", 40)
    assert split_of(documents, Shares(seed=1)) != split_of(documents, Shares(seed=2))
    assert split_of(documents, Shares(seed=1)) == split_of(documents, Shares(seed=1))


def test_the_split_of_a_corpus_is_the_same_tomorrow():
    found = split_of(numbered("w1", 20))
    assert {doc_id: name for doc_id, name in found.items() if name != "train"} == {
        "w1_010": "test",
        "w1_013": "dev",
        "w1_015": "dev",
        "w1_017": "dev",
    }


def test_a_new_prefix_moves_nothing():
    documents = numbered("w1", 40)
    grown = split_of(documents + numbered("w2", 40))
    assert {doc_id: grown[doc_id] for doc_id in split_of(documents)} == split_of(documents)


def test_a_document_more_moves_at_most_one_across_each_boundary():
    documents = numbered("w1", 120)
    moves = 0
    for count in range(30, 120):
        before, after = split_of(documents[:count]), split_of(documents[: count + 1])
        moved = [(before[doc_id], after[doc_id]) for doc_id in before if before[doc_id] != after[doc_id]]
        assert sum("dev" in move for move in moved) <= 1
        assert sum("test" in move for move in moved) <= 1
        moves += len(moved)
    assert moves <= 30


@pytest.mark.parametrize(
    ("doc_id", "prefix"),
    [
        ("w3_017", "w3"),
        ("gulf_energy_001", "gulf_energy"),
        ("a-b.7", "a-b"),
        ("x/y:1", "x/y"),
        ("17", ""),
        ("", ""),
    ],
)
def test_prefixes(doc_id, prefix):
    assert id_prefix(doc_id) == prefix


def test_near_duplicates_stay_together_over_prefixes():
    documents = numbered("w1", 30)
    copies = [near_copy(document, f"w2_{document.id}") for document in documents]
    found = split_of(documents + copies)
    assert set(found.values()) == {"train", "dev", "test"}
    assert all(found[document.id] == found[f"w2_{document.id}"] for document in documents)


def test_a_near_duplicate_follows_the_document_that_was_there():
    documents = numbered("w1", 40)
    before = split_of(documents)
    for document in documents:
        after = split_of([*documents, near_copy(document, f"{document.id}b")])
        assert after[f"{document.id}b"] == after[document.id]
        assert sum(before[doc_id] != after[doc_id] for doc_id in before) <= 2


def test_a_group_too_large_for_a_share_stays_in_train():
    (first, *others) = numbered("w1", 9)
    group = [near_copy(first, f"w1_copy{number}") for number in range(6)]
    for seed in range(20):
        found = split_of([first, *others, *group], Shares(seed=seed))
        assert {found[document.id] for document in [first, *group]} == {"train"}


def groups(*texts, above=0.2):
    documents = {f"n_{number}": Document(text) for number, text in enumerate(texts)}
    return sorted(near_duplicate_groups(documents, above))


A = "واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة"


def test_alike_is_more_than_the_similarity():
    # Six shingles of A; two of them among the other's, of 6 + 4 - 2 = 8 together: 0.25.
    other = "ثلاثة اربعة خمسة ستة سبعة ثمانية ألف باء"
    assert groups(A, other) == [["n_0", "n_1"]]
    assert groups(A, other, above=0.25) == [["n_0"], ["n_1"]]


def test_spelling_and_punctuation_do_not_tell_texts_apart():
    assert groups(A, "واحدٌ، اثنان: ثلاثة أربعة! خمسة ستة سبعة ثمانية تسعة عشرة", above=0.99) == [
        ["n_0", "n_1"]
    ]


def test_alike_through_others():
    words = [f"كلمة{number}" for number in range(30)]
    texts = [" ".join(words[start : start + 14]) for start in (0, 6, 12)]
    assert groups(texts[0], texts[2]) == [["n_0"], ["n_1"]]
    assert groups(*texts) == [["n_0", "n_1", "n_2"]]


def test_short_and_empty_texts():
    assert groups("", " .", "خبر عاجل", "خبر عاجل", "خبر") == [["n_0"], ["n_1"], ["n_2", "n_3"], ["n_4"]]


def test_groups_are_those_of_all_pairs():
    words = random.Random(5)
    texts = {f"r_{n}": [str(words.randrange(3)) for _ in range(words.randrange(5, 30))] for n in range(60)}
    shingles = {name: {tuple(text[i : i + 5]) for i in range(len(text) - 4)} for name, text in texts.items()}
    pairs = {
        (one, other)
        for one in texts
        for other in texts
        if one < other and len(shingles[one] & shingles[other]) > 0.2 * len(shingles[one] | shingles[other])
    }
    found = near_duplicate_groups({name: Document(" ".join(text)) for name, text in texts.items()}, 0.2)
    group_of = {name: number for number, group in enumerate(found) for name in group}
    assert pairs
    assert all(group_of[one] == group_of[other] for one, other in pairs)
    linked = {name for pair in pairs for name in pair}
    assert {group[0] for group in found if len(group) == 1} == texts.keys() - linked


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"dev": -0.1}, "dev: expected a share from 0 to below 1, got -0.1"),
        ({"test": 1.0}, "test: expected a share from 0 to below 1"),
        ({"dev": 0.5, "test": 0.5}, r"dev and test take 0.5 \+ 0.5 of all; leave some to train"),
    ],
)
def test_shares_that_leave_nothing(shares, message):
    with pytest.raises(ValueError, match=message):
        Shares(**shares)


def test_every_document_needs_an_id_of_its_own():
    with pytest.raises(DataError, match="document 1: field 'id' is missing"):
        split_documents([Document("نص", id="a"), Document("نص")], Shares())


def test_the_command_writes_three_files(tmp_path, capsys):
    marked = [annotated("[PER هدى] في [GPE صور]", "a_1"), *numbered("w1", 29)]
    (tmp_path / "b.txt").write_text("=== b_1\ntheme: local\n---\nعاد [PER نديم]\n", encoding="utf-8")
    source = jsonl(tmp_path / "a.jsonl", marked)
    out = tmp_path / "deep" / "out"
    assert (
        main([source, str(tmp_path / "b.txt"), str(out), "--dev", "0.2", "--test", "0.1", "--seed", "4"]) == 0
    )
    splits = {path.stem: read_jsonl(path) for path in out.iterdir()}
    assert sorted(splits) == ["dev", "test", "train"]
    expected = split_documents([*marked, annotated("عاد [PER نديم]", "b_1")], Shares(0.2, 0.1, 4))
    assert splits == expected
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        str(out / f"{name}.jsonl") for name in ("train", "dev", "test")
    ]
    assert f"{len(expected['train'])} documents, " in lines[0]


@pytest.mark.parametrize("broken", ['{"id": "a"}\n', '{"text": "نص"}\n'])
def test_the_command_names_a_bad_document_and_writes_nothing(tmp_path, capsys, broken):
    (tmp_path / "a.jsonl").write_text(broken, encoding="utf-8")
    assert main([str(tmp_path / "a.jsonl"), str(tmp_path / "out")]) == 2
    assert "field '" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_does_not_write_over_a_file(tmp_path, capsys):
    source = jsonl(tmp_path / "a.jsonl", numbered("w1", 2))
    assert main([source, source]) == 2
    assert capsys.readouterr().err == f"{source}: is a file; the last argument is the folder to write to\n"


def test_the_command_refuses_wrong_shares(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["a.jsonl", str(tmp_path), "--dev", "1.5"])
    assert caught.value.code == 2
    assert "dev: expected a share from 0 to below 1, got 1.5" in capsys.readouterr().err
