import lzma

import pytest

from khabar.document import Document
from khabar_data import overlap
from khabar_data.corpus import document_names
from khabar_data.jsonl import write_jsonl
from khabar_data.overlap import Place, SentenceIndex, find_elsewhere, find_repeats, main
from tests.annotated import annotated, jsonl

LONG = "أعلنت البلدية أنّ أشغال الجسر الصغير ستنتهي قبل الشتاء المقبل"
SPELT = "اعلنت البلديـة ان اشغال الجسر الصغير: ستنتهي قبل الشتاء المقبل"
OTHER = "وزرع التلاميذ ستين شجرة زيتون حول ساحة المدرسة القديمة"
SHORT = "افتتحت المكتبة أبوابها مجددا"


def index(*texts, words=8):
    documents = [annotated(text, f"o_{number}") for number, text in enumerate(texts, start=1)]
    return SentenceIndex(documents, document_names(documents), words)


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    data = text.encode()
    path.write_bytes(lzma.compress(data) if path.suffix == ".xz" else data)
    return path


def test_a_corpus_without_repeats():
    assert find_repeats(index(f"{LONG}. {SHORT}.", f"{OTHER}. {SHORT}.")) == []


def test_a_sentence_in_two_documents_in_another_spelling():
    (finding,) = find_repeats(index(f"{SHORT}. {LONG}.", f"{SPELT}!"))
    assert finding.text == LONG
    assert finding.places == (Place("o_1", 30, 30 + len(LONG)), Place("o_2", 0, len(SPELT)))
    assert str(finding) == f"stands 2 times: o_1 [30, {30 + len(LONG)}); o_2 [0, {len(SPELT)})\n  «{LONG}»"


def test_a_sentence_twice_in_one_document():
    (finding,) = find_repeats(index(f"{LONG}\n{OTHER}\n{LONG}"))
    assert [place.document for place in finding.places] == ["o_1", "o_1"]
    assert finding.times == 2


def test_a_sentence_inside_a_longer_one():
    (finding,) = find_repeats(index(f"{LONG}.", f"وقال المجلس: {LONG} كما وعدت."))
    assert finding.text == LONG
    assert [place.document for place in finding.places] == ["o_1", "o_2"]


def test_the_last_word_must_match_too():
    assert find_repeats(index(f"{LONG}.", f"{LONG.rsplit(' ', 1)[0]} الحالي.")) == []


@pytest.mark.parametrize(("words", "found"), [(4, 1), (5, 0)])
def test_the_number_of_words_that_counts(words, found):
    assert len(find_repeats(index(SHORT, SHORT, words=words))) == found


def test_two_sentences_with_one_opening_are_told_apart():
    first, second = f"{LONG} في القرية", f"{LONG} في المدينة"
    assert [finding.text for finding in find_repeats(index(first, second, second))] == [second]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.xz"])
def test_a_sentence_over_lines_of_raw_text(tmp_path, name):
    text = f"{OTHER}\nقيل هنا {SPELT.replace('الجسر', 'الجسر' + chr(10))} وانتهى\n"
    (finding,) = find_elsewhere(index(f"{SHORT}. {LONG}."), write(tmp_path / name, text))
    assert (finding.text, finding.elsewhere, finding.times) == (LONG, f"{tmp_path / name}:2", 1)


def test_a_sentence_over_rows_of_tokens(tmp_path):
    rows = "".join(f"{word}\tO\n" for word in f"ثم {SPELT}".split())
    (finding,) = find_elsewhere(index(LONG), write(tmp_path / "a.conll", f"{rows}\n"))
    assert finding.elsewhere == f"{tmp_path / 'a.conll'}:2"


def test_a_sentence_does_not_run_over_documents_of_jsonl(tmp_path):
    start, end = LONG[:30], LONG[30:]
    path = tmp_path / "a.jsonl"
    jsonl(path, [annotated(start, "x"), annotated(end, "y"), annotated(LONG, "z"), annotated(LONG, "q")])
    (finding,) = find_elsewhere(index(LONG), path)
    assert (finding.elsewhere, finding.times) == (f"{path}:3", 2)
    assert str(finding).startswith(
        f"stands elsewhere: o_1 [0, {len(LONG)}); {path}:3 (2 times in this file)\n"
    )


@pytest.mark.parametrize("buffered", [1, 2, 3, 5, 8, 13, 21])
def test_a_small_buffer_finds_the_same(tmp_path, monkeypatch, buffered):
    monkeypatch.setattr(overlap, "_BUFFERED_WORDS", buffered)
    lines = [SHORT, LONG, OTHER, "", SHORT, f"{SHORT} {OTHER}", LONG]
    path = write(tmp_path / "a.txt", "\n".join(lines))
    found = find_elsewhere(index(f"{LONG}. {OTHER}.", SHORT, words=4), path)
    assert {finding.text: (finding.elsewhere, finding.times) for finding in found} == {
        SHORT: (f"{path}:1", 3),
        LONG: (f"{path}:2", 2),
        OTHER: (f"{path}:3", 2),
    }


@pytest.mark.parametrize("before", range(12))
def test_no_sentence_is_lost_between_two_buffers(tmp_path, monkeypatch, before):
    monkeypatch.setattr(overlap, "_BUFFERED_WORDS", 3)
    rows = [*["ثم"] * before, *LONG.split(), *["ثم"] * 20]
    path = write(tmp_path / "a.conll", "".join(f"{word}\tO\n" for word in rows))
    (finding,) = find_elsewhere(index(LONG), path)
    assert (finding.elsewhere, finding.times) == (f"{path}:{before + 1}", 1)


def test_the_command_on_a_clean_corpus(tmp_path, capsys):
    corpus = jsonl(tmp_path / "a.jsonl", [annotated(LONG, "o_1"), annotated(SHORT, "o_2")])
    write(tmp_path / "other" / "b.txt", OTHER)
    assert main([corpus, "--against", str(tmp_path / "other")]) == 0
    assert capsys.readouterr().out == (
        "0 sentences repeated in the corpus, 0 found elsewhere; looked for 1 sentences of 8 words or more"
        " of 2 documents in 1 other files\n"
    )


def test_the_command_prints_both_kinds(tmp_path, capsys):
    folder = tmp_path / "corpus"
    folder.mkdir()
    jsonl(folder / "a.jsonl", [annotated(LONG, "o_1"), annotated(OTHER, "o_2"), annotated(LONG, "o_3")])
    write(tmp_path / "raw" / "b.txt.xz", OTHER)
    write(tmp_path / "ner" / "c.txt", "".join(f"{word} O\n" for word in LONG.split()))
    write(tmp_path / "ner" / "README.md", LONG)
    assert main([str(folder), "--against", str(tmp_path / "raw"), str(tmp_path / "ner"), "--words", "6"]) == 1
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[0] == f"stands 2 times: o_1 [0, {len(LONG)}); o_3 [0, {len(LONG)})"
    assert lines[2] == f"stands elsewhere: o_2 [0, {len(OTHER)}); {tmp_path / 'raw' / 'b.txt.xz'}:1"
    assert lines[4].endswith(f"{tmp_path / 'ner' / 'c.txt'}:1")
    assert lines[-1].startswith("1 sentences repeated in the corpus, 2 found elsewhere;")
    assert output.err == "not read: 1 files of other kinds (README.md …)\n"


def test_the_same_id_in_two_files_is_two_documents(tmp_path, capsys):
    files = [jsonl(tmp_path / f"{name}.jsonl", [annotated(LONG, "o_1")]) for name in "ab"]
    assert main(files) == 1
    assert f"o_1 [0, {len(LONG)}); o_1 (2) [0, {len(LONG)})" in capsys.readouterr().out


def test_the_command_names_what_it_cannot_read(tmp_path, capsys):
    corpus = jsonl(tmp_path / "a.jsonl", [annotated(LONG)])
    broken = write(tmp_path / "other" / "b.jsonl", '{"text": "نص"}\n{"body": "نص"}\n')
    assert main([corpus, "--against", str(tmp_path / "other")]) == 2
    assert capsys.readouterr().err == (
        f"{broken}:2: field 'text': expected a string; one object with a 'text' a line\n"
    )
    assert main([corpus, "--against", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'none'}: does not exist\n"
    assert main([str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl: cannot be read" in capsys.readouterr().err


def test_the_command_wants_at_least_one_word(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path), "--words", "0"])
    assert caught.value.code == 2
    assert "--words must be 1 or more, got 0" in capsys.readouterr().err


def test_every_against_counts_not_only_the_last(tmp_path, capsys):
    sentence = "وصل الوفد إلى المدينة القديمة قبل غروب الشمس بساعة واحدة"
    corpus = tmp_path / "corpus.jsonl"
    write_jsonl([Document(sentence, id="a")], corpus)
    for name, text in (("first", sentence), ("second", "سطر آخر")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "raw.txt").write_text(text, encoding="utf-8")
    folders = [str(tmp_path / name) for name in ("first", "second")]
    assert main([str(corpus), "--against", folders[0], "--against", folders[1]]) == 1
    assert "1 found elsewhere" in capsys.readouterr().out
