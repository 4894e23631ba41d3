from khabar.folding import fold
from khabar_data.folding import fold_surface, fold_with_offsets, folded_words, words_with_offsets


def test_harakat_tatweel_and_alef_carriers_are_folded():
    assert fold("أُعلِنَ الإفـــراجُ عن آدم ٱليوم") == "اعلن الافراج عن ادم اليوم"


def test_a_decomposed_alef_folds_like_a_composed_one():
    assert fold("ا\u0655عادة") == fold("إعادة") == "اعادة"


def test_invisible_marks_are_folded_and_line_breaks_stay():
    assert fold("\ufeffبئر\u200f السبع\u200e\nنهر\u00ad") == "بئر السبع\nنهر"


def test_letters_that_distinguish_words_stay():
    assert fold("مصطفى علي مدرسة ٣ 3") == "مصطفى علي مدرسة ٣ 3"


def test_a_surface_has_single_spaces():
    assert fold_surface("  وزارة\u00a0\u00a0الإعلام ") == "وزارة الاعلام"


def test_words_are_runs_of_letters_and_digits():
    assert folded_words("قال: «إنّ 12.5% من_الأسهم» بيعت!") == ["قال", "ان", "12", "5", "من", "الاسهم", "بيعت"]
    assert folded_words(" …!؟ ـ ") == []


def test_offsets_point_into_the_text():
    text = "فُتـِح البابُ"
    folded, offsets = fold_with_offsets(text)
    assert folded == "فتح الباب"
    assert [text[offset] for offset in offsets] == list(folded)


def test_a_word_ends_behind_its_last_letter_not_behind_its_haraka():
    assert list(words_with_offsets("بَـيتٌ كبيرٌ")) == [(0, 5, "بيت"), (7, 11, "كبير")]
    assert list(words_with_offsets("")) == []
