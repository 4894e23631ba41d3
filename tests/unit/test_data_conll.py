import pytest

from khabar import Document, Entity
from khabar_data.conll import read_conll, read_nested_conll, write_conll
from khabar_data.errors import DataError
from tests.annotated import annotated


def write_rows(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def spans(document):
    return [(entity.start, entity.end, entity.label, entity.text) for entity in document.entities]


def test_a_sentence_is_a_document_with_offsets(tmp_path):
    path = write_rows(tmp_path / "a.conll", "زار\tO\nسعد\tB-PER\nالدين\tI-PER\nعكا\tB-LOC\n\n\nانتهى\tO\n")
    first, second = read_conll(path)
    assert (first.id, first.text) == ("0", "زار سعد الدين عكا")
    assert spans(first) == [(4, 13, "PER", "سعد الدين"), (14, 17, "LOC", "عكا")]
    assert (second.id, second.text, second.entities) == ("1", "انتهى", ())


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-X B-X O", [(0, 1), (2, 3)]),
        ("B-X I-X O", [(0, 3)]),
        ("I-X I-X O", [(0, 3)]),
        ("I-X B-X I-X", [(0, 1), (2, 5)]),
        ("B-X I-Y O", [(0, 1), (2, 3)]),
        ("S-X B-X E-X", [(0, 1), (2, 5)]),
        ("U-X B-X L-X", [(0, 1), (2, 5)]),
        ("O O B-X", [(4, 5)]),
        ("O O O", []),
    ],
)
def test_the_usual_tag_schemes(tmp_path, tags, expected):
    rows = "".join(f"{token}\t{tag}\n" for token, tag in zip("ابج", tags.split(), strict=True))
    (document,) = read_conll(write_rows(tmp_path / "a.conll", rows))
    assert [(entity.start, entity.end) for entity in document.entities] == expected


def test_columns_may_be_parted_by_spaces(tmp_path):
    (document,) = read_conll(write_rows(tmp_path / "a.txt", "طبرق NN B-LOC\n"), columns=3)
    assert spans(document) == [(0, 4, "LOC", "طبرق")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("طبرق", "1 columns, expected 2: token and tag, parted by a tab"),
        ("طبرق\tNN\tB-LOC", "3 columns, expected 2"),
        ("طبرق\tLOC", "tag 'LOC' is neither O nor of the form B-LABEL"),
        ("طبرق\tX-LOC", "tag 'X-LOC' is neither"),
        ("طبرق\tB-", "tag 'B-' is neither"),
    ],
)
def test_a_malformed_row_names_file_and_line(tmp_path, row, message):
    path = write_rows(tmp_path / "a.conll", f"سوق\tO\n\n{row}\n")
    with pytest.raises(DataError, match=rf"a\.conll:3: {message}"):
        read_conll(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.conll: cannot be read"):
        read_conll(tmp_path / "none.conll")
    (tmp_path / "latin.conll").write_bytes(b"\xe1\tO\n")
    with pytest.raises(DataError, match=r"latin\.conll: cannot be read"):
        read_conll(tmp_path / "latin.conll")


def test_what_is_written_reads_back_with_the_same_entities(tmp_path):
    documents = [
        annotated("وصلت [PER هند] إلى [GPE عدن]. ثم عادت ب[WEAPON زورق «الريح-3»].", "a_1"),
        annotated("[PER ليث][PER عمر]", "a_2"),
        annotated("لا شيء هنا", "a_3"),
    ]
    write_conll(documents, tmp_path / "a.conll")
    found = read_conll(tmp_path / "a.conll")
    assert [document.text for document in found] == [
        "وصلت هند إلى عدن .",
        "ثم عادت ب زورق « الريح - 3 » .",
        "ليث عمر",
        "لا شيء هنا",
    ]
    assert [(entity.label, entity.text) for document in found for entity in document.entities] == [
        ("PER", "هند"),
        ("GPE", "عدن"),
        ("WEAPON", "زورق « الريح - 3 »"),
        ("PER", "ليث"),
        ("PER", "عمر"),
    ]
    assert all(
        document.text[entity.start : entity.end] == entity.text
        for document in found
        for entity in document.entities
    )


def test_the_rows_on_disk(tmp_path):
    write_conll([annotated("عاد ل[GPE حلب].\nغدا")], tmp_path / "a.conll")
    assert (tmp_path / "a.conll").read_text(encoding="utf-8") == (
        "عاد\tO\nل\tO\nحلب\tB-GPE\n.\tO\n\nغدا\tO\n\n"
    )


def test_an_entity_over_two_sentences_stays_whole(tmp_path):
    write_conll([Document("شركة نور. كوم", (Entity(5, 13, "ORG", "نور. كوم"),))], tmp_path / "a.conll")
    (document,) = read_conll(tmp_path / "a.conll")
    assert spans(document) == [(5, 14, "ORG", "نور . كوم")]


def test_overlapping_entities_are_refused_by_name_and_leave_no_file(tmp_path):
    overlapping = Document("ابجد", (Entity(0, 3, "PER", "ابج"), Entity(2, 4, "ORG", "جد")), id="w_9")
    with pytest.raises(ValueError, match=r"document w_9: entities\[1\] \[2, 4\) overlaps"):
        write_conll([annotated("نص"), overlapping], tmp_path / "a.conll")
    assert list(tmp_path.iterdir()) == []


def test_an_entity_of_white_space_is_refused(tmp_path):
    with pytest.raises(ValueError, match="document 0: .* is white space only"):
        write_conll([Document("ا ب", (Entity(1, 2, "PER", " "),))], tmp_path / "a.conll")


def test_of_nested_tags_the_outermost_is_read(tmp_path):
    path = tmp_path / "nested.txt"
    path.write_text(
        "سكرتير B-OCC\nاللجنة I-OCC B-ORG\nفي I-OCC\nنابلس I-OCC B-GPE\nأمس O\n\nزار O\nوليد B-PERS\n",
        encoding="utf-8",
    )
    first, second = read_nested_conll(path)
    assert [(e.text, e.label) for e in first.entities] == [("سكرتير اللجنة في نابلس", "OCC")]
    assert [(e.text, e.label) for e in second.entities] == [("وليد", "PERS")]
    path.write_text("سكرتير\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"nested.txt:1: 1 columns"):
        read_nested_conll(path)
