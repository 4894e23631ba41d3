"""The shipped bundle, as a user meets it; quality floors where the real data is beside the checkout."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import khabar
from khabar.hub import DEFAULT_BUNDLE
from khabar.tagger import Tagger
from khabar_data.jsonl import read_jsonl
from khabar_data.metrics import evaluate
from khabar_training.model_card import render_model_card

ROOT = Path(__file__).resolve().parents[2]
ARTICLE = """وزير الخارجية المصري يلتقي نظيره السوداني في القاهرة
قال وزير الدفاع العراقي سالم الربيعي يوم الخميس إن قوات الجيش العراقي استعادت مدينة تلعفر من تنظيم داعش.
وأضاف أن حلف شمال الأطلسي (ناتو) سيرسل 40 مدربا إلى بغداد خلال الشهر المقبل."""


@pytest.fixture(scope="module")
def tagger():
    return Tagger.from_pretrained()


def test_the_bundle_is_small():
    assert sum(path.stat().st_size for path in DEFAULT_BUNDLE.rglob("*") if path.is_file()) <= 25_000_000


def test_plain_news_is_tagged():
    found = {(entity.label, entity.text) for entity in khabar.predict(ARTICLE).entities}
    assert {("GPE", "القاهرة"), ("GPE", "بغداد"), ("TITLE", "وزير الدفاع"), ("NORP", "العراقي")} <= found
    assert {("PER", "سالم الربيعي"), ("DATE", "يوم الخميس"), ("ORG", "داعش"), ("QUANTITY", "40")} <= found


def test_title_and_person_are_joined():
    document = khabar.predict(ARTICLE)
    triples = {
        (document.entities[r.head].text, r.label, document.entities[r.tail].text) for r in document.relations
    }
    assert ("سالم الربيعي", "HOLDS_TITLE", "وزير الدفاع") in triples


def test_the_base_package_needs_no_torch():
    code = (
        "import sys, khabar; assert khabar.predict('زار سامي القاهرة').text;"
        "heavy = {'torch', 'transformers', 'datasets', 'sklearn', 'huggingface_hub'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, khabar; assert not {'onnxruntime', 'tokenizers', 'numpy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("length", [14_000, 1_000_000])
def test_a_long_text_is_read_to_its_end(tagger, length):
    copies = length // (len(ARTICLE) + 1) + 1
    text = "\n".join([ARTICLE] * copies)
    document = tagger.predict(text)
    alone = tagger.predict(ARTICLE)
    shift = (copies - 1) * (len(ARTICLE) + 1)
    assert len(text) >= length
    assert len(document.entities) == copies * len(alone.entities)
    tail = [(entity.start - shift, entity.end - shift, entity.label) for entity in document.entities]
    assert tail[-len(alone.entities) :] == [(e.start, e.end, e.label) for e in alone.entities]


def test_memory_does_not_grow_with_the_text():
    # In processes of their own: ONNX Runtime and the tokenizer hold memory that tracemalloc cannot see.
    code = (
        "import resource, khabar; from tests.end_to_end.test_default_model import ARTICLE;"
        "text = (ARTICLE + chr(10)) * {copies}; text = text.replace('.', '') if {flat} else text;"
        "text = text.replace(chr(10), ' ') if {flat} else text;"
        "assert khabar.predict(text).entities[-1].end > len(text) - 200;"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    small, long, flat = (
        int(
            subprocess.run(
                [sys.executable, "-c", code.format(copies=copies, flat=flat)],
                capture_output=True,
                text=True,
                cwd=ROOT,
                check=True,
            ).stdout
        )
        for copies, flat in ((1, False), (2000, False), (400, True))
    )
    # Kilobytes. A 500,000-character text brings its own characters and some 20,000 entities.
    assert long - small < 60_000
    assert flat - small < 60_000


def test_one_and_many_give_the_same_documents(tagger):
    texts = [ARTICLE, ARTICLE[:100], "", ARTICLE * 2, "زار سامي القاهرة"]
    alone = [tagger.predict(text).to_dict() for text in texts]
    assert [document.to_dict() for document in tagger.predict_batch(texts)] == alone


ALPHABET = "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأإؤئةىـ ًٌٍَُِّْ٠١٢9.،؟!؛:«»()\n\u200f\u200d\u00a0ﷺﻻABc-/%[]\ud800"


@settings(max_examples=200)
@given(st.text(alphabet=ALPHABET, max_size=200))
def test_any_text_gives_sound_spans(text):
    document = khabar.predict(text)
    position = 0
    for entity in document.entities:
        assert position <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == entity.text
        assert entity.text == entity.text.strip()
        position = entity.end
    json.dumps(document.to_dict())


#: They share no word of three letters with the article nor with each other.
STRANGERS = (
    "هبط طوني بلير ببرلين أمس.",
    "Angela Merkel traveled toward Oslo.",
    "استقال خوسيه مورينيو بلشبونة",
)


@given(st.sampled_from(ARTICLE.split("\n")), st.sampled_from(STRANGERS))
def test_two_paragraphs_without_a_common_word_give_what_each_gives_alone(first, second):
    both = khabar.predict(f"{first}\n\n{second}")
    left, right = khabar.predict(first), khabar.predict(second)
    shift, offset = len(first) + 2, len(left.entities)
    alone = [(e.start, e.end, e.label, e.score) for e in left.entities]
    alone += [(e.start + shift, e.end + shift, e.label, e.score) for e in right.entities]
    assert [(e.start, e.end, e.label, e.score) for e in both.entities] == alone
    related = [(r.head, r.tail, r.label, r.score) for r in left.relations]
    related += [(r.head + offset, r.tail + offset, r.label, r.score) for r in right.relations]
    assert [(r.head, r.tail, r.label, r.score) for r in both.relations] == related


def test_quality_on_real_news_stays_above_its_floor(tagger, shared):
    gold = read_jsonl(shared / "dev/real_news_dev.jsonl")
    scores = evaluate(gold, [tagger.predict(document.text) for document in gold])
    assert scores.entities.micro().f1 >= 0.94
    # Of 102 relations: one is a point. The floors of the larger sets are the ones that tell.
    assert scores.relations_strict.micro().f1 >= 0.69


def test_quality_on_the_corpus_stays_above_its_floor(tagger, request):
    gold = read_jsonl(request.config.rootpath / "data/corpus/dev.jsonl")
    scores = evaluate(gold, [tagger.predict(document.text) for document in gold])
    assert scores.entities.micro().f1 >= 0.87
    assert scores.relations_strict.micro().f1 >= 0.68


def test_the_model_card_is_the_report(request):
    root = request.config.rootpath
    report = json.loads((root / "reports/default.json").read_text(encoding="utf-8"))
    assert (root / "MODEL_CARD.md").read_text(encoding="utf-8") == render_model_card(report)
