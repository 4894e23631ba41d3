import math

import pytest
import torch

from khabar.modeling import HeadConfig, RelationHead
from khabar.schema import RELATION_TYPES
from khabar_training.objective import partial_label_loss


def test_one_allowed_tag_is_cross_entropy():
    logits = torch.randn(2, 5, 27)
    targets = torch.randint(0, 27, (2, 5))
    allowed = torch.nn.functional.one_hot(targets, 27).bool()
    wanted = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    assert partial_label_loss(logits, allowed) == pytest.approx(wanted.item(), abs=1e-5)


def test_allowed_tags_share_their_probability():
    logits = torch.zeros(1, 1, 4)
    allowed = torch.tensor([[[True, True, False, False]]])
    assert partial_label_loss(logits, allowed).item() == pytest.approx(math.log(2))


def test_a_position_that_allows_everything_costs_nothing_and_does_not_count():
    logits = torch.randn(1, 2, 4)
    allowed = torch.tensor([[[True, False, False, False], [True] * 4]])
    alone = partial_label_loss(logits[:, :1], allowed[:, :1])
    assert partial_label_loss(logits, allowed).item() == pytest.approx(alone.item())
    assert partial_label_loss(logits, torch.ones_like(allowed)).item() == 0.0


def test_its_gradient_never_pulls_between_allowed_tags():
    logits = torch.zeros(1, 1, 3, requires_grad=True)
    partial_label_loss(logits, torch.tensor([[[True, True, False]]])).backward()
    gradient = logits.grad[0, 0]
    assert gradient[0] == gradient[1] < 0 < gradient[2]


def test_symmetric_relations_score_the_same_in_both_orders():
    torch.manual_seed(0)
    head = RelationHead(HeadConfig(16, width=8, type_width=4)).eval()
    start = torch.tensor([[1, 4, 7]])
    spans = (torch.randn(1, 10, 16), start, start + 2, torch.tensor([[0, 3, 2]]))
    there = head(*spans, torch.tensor([[0, 1]]), torch.tensor([[2, 2]]))
    back = head(*spans, torch.tensor([[2, 2]]), torch.tensor([[0, 1]]))
    symmetric = torch.tensor([relation.symmetric for relation in RELATION_TYPES])
    assert torch.allclose(there[..., symmetric], back[..., symmetric], atol=1e-6)
    assert not torch.allclose(there[..., ~symmetric], back[..., ~symmetric], atol=1e-3)


def test_padding_changes_no_score():
    torch.manual_seed(0)
    head = RelationHead(HeadConfig(16, width=8, type_width=4)).eval()
    hidden, start = torch.randn(1, 9, 16), torch.tensor([[1, 4, 7]])
    rest = (start, start + 1, torch.tensor([[0, 3, 2]]), torch.tensor([[0, 1]]), torch.tensor([[2, 2]]))
    padded = torch.cat([hidden, torch.randn(1, 5, 16)], dim=1)
    assert torch.allclose(head(hidden, *rest), head(padded, *rest, torch.tensor([9])), atol=1e-6)
    assert not torch.allclose(head(hidden, *rest), head(padded, *rest), atol=1e-4)


def test_a_pair_that_touches_the_edges_of_its_window_is_scored():
    head = RelationHead(HeadConfig(16, width=8, type_width=4)).eval()
    scores = head(
        torch.randn(1, 2, 16),
        torch.tensor([[0, 1]]),
        torch.tensor([[1, 2]]),
        torch.tensor([[0, 1]]),
        torch.tensor([[0]]),
        torch.tensor([[1]]),
    )
    assert torch.isfinite(scores).all()
