import math

import pytest
import torch

from khabar.modeling import JointModel
from khabar.tagging import TAG_IDS
from khabar_training.distillation import (
    DistillationObjective,
    LossWeights,
    relation_divergence,
    softened_divergence,
)
from khabar_training.encoder_tokenizer import load_tokenizer, word_tokenizer
from khabar_training.raw_windows import NO_WORD, MixedCollator, raw_windows
from khabar_training.teacher import Teacher, decode_spans
from tests.tiny_model import SENTENCES


def test_the_divergence_of_two_tags_by_hand():
    # Softened by 2, odds of 9 to 1 become 3 to 1; the student knows nothing.
    teacher, student = torch.tensor([[math.log(9), 0.0]]), torch.zeros(1, 2)
    wanted = 4 * (0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5))
    assert softened_divergence(student, teacher, 2.0).item() == pytest.approx(wanted, abs=1e-6)


def test_the_divergence_is_a_mean_over_rows_and_nothing_for_no_row():
    teacher, student = torch.randn(6, 27), torch.randn(6, 27)
    rows = [softened_divergence(student[i : i + 1], teacher[i : i + 1], 3.0).item() for i in range(6)]
    assert softened_divergence(student, teacher, 3.0).item() == pytest.approx(sum(rows) / 6, rel=1e-5)
    assert softened_divergence(student[:0], teacher[:0], 3.0).item() == 0.0


def test_a_student_that_agrees_costs_nothing_whatever_the_temperature():
    logits = torch.randn(5, 27)
    for temperature in (0.5, 1.0, 4.0):
        # A constant more on all logits says the same.
        assert softened_divergence(logits + 3, logits, temperature).item() == pytest.approx(0, abs=1e-5)


def test_the_gradient_keeps_its_size_as_the_temperature_rises():
    teacher, sizes = torch.randn(50, 27), []
    for temperature in (50.0, 100.0):
        student = torch.zeros(50, 27, requires_grad=True)
        softened_divergence(student, teacher, temperature).backward()
        sizes.append(student.grad.norm().item())
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)


def test_the_divergence_of_a_relation_by_hand():
    # Only the first relation is allowed: the teacher gives it 0.9, the student has no opinion.
    teacher, student = torch.tensor([[math.log(9), 5.0]]), torch.zeros(1, 2)
    wanted = 0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)
    found = relation_divergence(student, teacher, torch.tensor([[True, False]]))
    assert found.item() == pytest.approx(wanted, abs=1e-6)


def test_relations_without_any_doubt_stay_finite():
    sure = torch.tensor([[200.0, -200.0]])
    found = relation_divergence(-sure, sure, torch.ones(1, 2).bool())
    assert found.item() == pytest.approx(400.0)


def spans_of(tags, sentences):
    logits = torch.zeros(len(sentences), 27)
    for position, tag in tags.items():
        logits[position, TAG_IDS[tag]] = 9.0
    spans, places = decode_spans(logits.numpy(), torch.tensor(sentences).numpy())
    return spans.T.tolist(), places.tolist()


def test_spans_of_the_teacher_are_tokens_and_end_where_the_next_word_begins():
    # [CLS] a a b c c [SEP]: three words of two, one and two pieces; the later pieces say nothing.
    tags = {1: "B-PER", 2: "B-DATE", 3: "I-PER", 4: "B-GPE"}
    assert spans_of(tags, [NO_WORD, 0, NO_WORD, 0, 1, NO_WORD, NO_WORD]) == ([[1, 4, 0], [4, 6, 3]], [0, 1])


def test_no_entity_of_the_teacher_crosses_the_end_of_a_sentence():
    spans, _ = spans_of({1: "B-PER", 2: "I-PER"}, [NO_WORD, 0, 1, NO_WORD])
    assert spans == [[1, 2, 0]]


def test_a_window_without_words_has_no_spans():
    assert spans_of({}, [NO_WORD, NO_WORD]) == ([], [])


@pytest.fixture(scope="module")
def model(tiny_checkpoint):
    """The tiny model with a tag layer that has opinions, so that there are entities and pairs."""
    model = JointModel.load(tiny_checkpoint)
    with torch.no_grad():
        model.classifier.classifier.weight *= 200
        model.relations.output.weight *= 20
    return model


@pytest.fixture(scope="module")
def batch(tiny_checkpoint):
    fast = load_tokenizer(str(tiny_checkpoint))
    windows = raw_windows(SENTENCES[:4], word_tokenizer(fast), 32, 8)
    return MixedCollator(fast.pad_token_id)(windows)


def objective(student, teacher, **weights):
    chosen = LossWeights(**{"tag": 1.0, "proclitic": 1.0, "relation": 1.0, "gold": 1.0, **weights})
    return DistillationObjective(student, Teacher(teacher), temperature=2.0, weights=chosen)


def test_the_teacher_scores_pairs_of_its_own_entities(model, batch):
    answers = Teacher(model).answers(**batch["raw"], relations=True)
    taught = [pairs for pairs in answers.relations if pairs is not None]
    assert taught
    assert sum(pairs.spans.shape[1] for pairs in taught) <= int(answers.opens.sum())
    assert all(pairs.logits.shape == pairs.allowed.shape for pairs in taught)
    assert not (answers.opens & (batch["raw"]["sentences"] == NO_WORD)).any()


def test_a_copy_of_the_teacher_has_nothing_to_learn_and_another_model_has(model, batch, tiny_checkpoint):
    with torch.no_grad():
        assert objective(model, model)(**batch)["loss"].item() == pytest.approx(0, abs=1e-4)
        other = JointModel.load(tiny_checkpoint)
        other.proclitic.bias[1] += 1
        whole = objective(other, model)(**batch)["loss"].item()
        # Each part that is left out takes something away.
        for part in ("tag", "proclitic", "relation"):
            assert objective(other, model, **{part: 0.0})(**batch)["loss"].item() < whole


def test_padding_changes_no_answer(model, batch):
    raw = batch["raw"]
    row = int(raw["attention_mask"].sum(dim=1).argmin())
    length = int(raw["attention_mask"][row].sum())
    alone = {name: value[row : row + 1, :length] for name, value in raw.items()}
    together = Teacher(model).answers(**raw, relations=True)
    single = Teacher(model).answers(**alone, relations=True)
    assert length < raw["input_ids"].shape[1]
    assert torch.allclose(together.tag_logits[row, :length], single.tag_logits[0], atol=1e-3)
    assert torch.equal(together.opens[row, :length], single.opens[0])


def test_the_teacher_is_no_part_of_the_student(model, batch, tiny_checkpoint):
    student = JointModel.load(tiny_checkpoint)
    taught = objective(student, model)
    assert len(list(taught.parameters())) == len(list(student.parameters()))
    before = [parameter.clone() for parameter in model.parameters()]
    taught(**batch)["loss"].backward()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
    assert student.relations.output.weight.grad.abs().sum() > 0
