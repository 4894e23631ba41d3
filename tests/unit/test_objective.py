import math

import pytest
import torch

from khabar.relation_head import HeadConfig, RelationHead
from khabar.schema import RELATION_TYPES
from khabar_training.objective import JointObjective, partial_label_loss


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


def tiny_head():
    torch.manual_seed(0)
    return RelationHead(HeadConfig(16, width=8, type_width=4)).eval()


def test_symmetric_relations_score_the_same_in_both_orders():
    head, start = tiny_head(), torch.tensor([[1, 4, 7]])
    spans = (torch.randn(1, 10, 16), start, start + 2, torch.tensor([[0, 3, 2]]))
    there = head(*spans, torch.tensor([[0, 1]]), torch.tensor([[2, 2]]))
    back = head(*spans, torch.tensor([[2, 2]]), torch.tensor([[0, 1]]))
    symmetric = torch.tensor([relation.symmetric for relation in RELATION_TYPES])
    assert torch.allclose(there[..., symmetric], back[..., symmetric], atol=1e-6)
    assert not torch.allclose(there[..., ~symmetric], back[..., ~symmetric], atol=1e-3)


def test_a_pair_is_scored_the_same_alone_and_among_others():
    head, start = tiny_head(), torch.tensor([[1, 4, 7]])
    spans = (torch.randn(1, 10, 16), start, start + 1, torch.tensor([[0, 3, 2]]))
    heads, tails = torch.tensor([[0, 0, 1, 2]]), torch.tensor([[1, 2, 2, 0]])
    together = head(*spans, heads, tails)
    alone = torch.cat([head(*spans, heads[:, [i]], tails[:, [i]]) for i in range(4)], dim=1)
    assert torch.allclose(together, alone, atol=1e-5)


#: Spans as starts and ends, and the pair, which is asked for in both orders.
SPREAD = ((2, 3), (5, 6), (9, 11))
CASES = {
    "one between": (14, SPREAD, (2, 0)),
    "adjacent": (14, ((4, 6), (6, 7), (9, 10)), (0, 1)),
    "at the end of the window": (9, ((1, 2), (7, 9)), (0, 1)),
    "with a full context on both sides": (30, ((10, 12), (15, 16)), (1, 0)),
    "far apart": (100, ((3, 4), (90, 92)), (0, 1)),
    "65 tokens apart": (80, ((3, 4), (68, 70)), (0, 1)),
    "64 tokens apart": (80, ((3, 4), (67, 70)), (0, 1)),
    "many between": (40, tuple((start, start + 1) for start in range(2, 36, 3)), (0, 11)),
    "nine between": (40, tuple((start, start + 1) for start in range(2, 36, 3)), (10, 0)),
    "eight between": (40, tuple((start, start + 1) for start in range(2, 36, 3)), (9, 0)),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_a_head_scores_a_pair_as_its_parts_say_written_out(case, turned):
    length, spans, pair = CASES[case]
    pair = pair[::-1] if turned else pair
    head, hidden = tiny_head(), torch.randn(length, 16)
    kinds = [number * 5 % 13 for number in range(len(spans))]
    starts, ends = ([list(column)] for column in zip(*spans, strict=True))
    rest = (torch.tensor(values) for values in (starts, ends, [kinds], [pair[:1]], [pair[1:]]))
    with torch.no_grad():
        head.far.fill_(0.7)
        logits = head(hidden[None], *rest)[0, 0]
        wanted = written_out(head, hidden, spans, kinds, pair)
    assert torch.allclose(logits, wanted, atol=1e-4)


def written_out(head, hidden, spans, kinds, pair):
    """The score of a pair, one part after the other."""
    first, second = sorted(pair)
    (start, inner), (outer, end) = spans[first], spans[second]
    histogram = torch.zeros(13)
    for number in range(first + 1, second):
        histogram[kinds[number]] += 1
    gap = hidden[inner:outer]
    around = [
        *((gap.mean(0), gap[0], gap[-1]) if len(gap) else (torch.zeros(16),) * 3),
        hidden[max(0, start - 6) : start].mean(0),
        hidden[end : end + 6].mean(0) if end < len(hidden) else torch.zeros(16),
        histogram,
    ]
    met = torch.bucketize(histogram.sum(), torch.tensor([0, 1, 2, 3, 5, 8]))
    shared = head.context(torch.cat(around)) + head.between.weight[met]
    roles = [span_state(head, hidden, spans[number], kinds[number]) for number in pair]
    there = head.head_span(roles[0]) + head.tail_span(roles[1])
    back = head.head_span(roles[1]) + head.tail_span(roles[0])
    shared = shared + attended(head, hidden, there + back + shared, (start, inner, outer, end))
    distance = spans[pair[1]][0] - spans[pair[0]][0]
    scores = [scored(head, there + shared, distance), scored(head, back + shared, -distance)]
    symmetric = torch.tensor([relation.symmetric for relation in RELATION_TYPES])
    return torch.where(symmetric, (scores[0] + scores[1]) / 2, scores[0])


def span_state(head, hidden, span, kind):
    start, end = span
    return torch.cat([hidden[start], hidden[end - 1], hidden[start:end].mean(0), head.types.weight[kind]])


def attended(head, hidden, pair, edges):
    query, (key, value) = head.query(head.query_norm(pair)), head.key_value(hidden).chunk(2, dim=-1)
    places = range(len(hidden))
    zone = torch.tensor([sum(place >= edge for edge in edges) for place in places])
    outside = torch.tensor([max(0, edges[0] - place) + max(0, place - edges[3] + 1) for place in places])
    found = []
    for number in range(4):
        part = slice(number * 2, number * 2 + 2)
        slope = 0.1 * torch.nn.functional.softplus(head.far[number])
        scores = key[:, part] @ query[part] / 2**0.5 + head.zones.weight[zone, number] - slope * outside
        found.append(torch.softmax(scores, dim=0) @ value[:, part])
    return head.mix(torch.cat(found))


def scored(head, pair, distance):
    bounds = torch.tensor([0, 1, 2, 3, 5, 8, 12, 20, 32, 64])
    bucket = int(torch.bucketize(torch.tensor(abs(distance)), bounds)) + (11 if distance > 0 else 0)
    pair = torch.nn.functional.gelu(head.norm(pair + head.distance.weight[bucket]))
    return head.output(pair + torch.nn.functional.gelu(head.dense(pair)))


def test_a_pair_sees_a_word_far_outside_of_it():
    head, start = tiny_head(), torch.tensor([[12, 15]])
    rest = (start, start + 1, torch.tensor([[0, 3]]), torch.tensor([[0]]), torch.tensor([[1]]))
    hidden = torch.randn(1, 20, 16)
    changed = hidden.clone()
    changed[0, 2] = torch.randn(16) * 3
    assert not torch.allclose(head(hidden, *rest), head(changed, *rest), atol=1e-4)
    with torch.no_grad():
        head.far.fill_(300.0)
    # A steep slope leaves what stands near.
    assert torch.allclose(head(hidden, *rest), head(changed, *rest), atol=1e-4)


def test_padding_changes_no_loss():
    torch.manual_seed(0)
    objective = JointObjective(None, relation_weight=1.0, proclitic_weight=0.0)
    objective.model = type("Model", (), {"relations": tiny_head()})()
    hidden = torch.randn(1, 9, 16)
    spans = torch.tensor([[[1, 4, 7], [2, 5, 9], [0, 3, 2]]])
    pairs, relations = torch.tensor([[[0, 1], [2, 2]]]), torch.zeros(1, 2, 14)
    relations[0, 0, 3] = 1
    rest = (torch.tensor([9]), spans, pairs, relations, torch.ones(1, 2, 14).bool())
    longer = torch.cat([hidden, torch.randn(1, 5, 16)], dim=1)
    plain = objective._relation_loss(hidden, *rest)
    assert objective._relation_loss(longer, *rest).item() == pytest.approx(plain.item(), abs=1e-6)
