from xml.etree import ElementTree

import pytest

from khabar_training.loss_curve import loss_points, render_loss


def log(count):
    rows = [{"step": step, "loss": 10.0 - step / 100} for step in range(1, count + 1)]
    return [*rows, {"development": {"epoch": 1}}, {"train_loss": 3.0, "step": count}]


def test_a_short_log_is_kept_as_it_is():
    assert loss_points(log(3)) == [(1, 9.99), (2, 9.98), (3, 9.97)]
    assert loss_points([]) == []


@pytest.mark.parametrize("count", [200, 201, 399, 1000])
def test_a_long_log_is_thinned_to_means(count):
    points = loss_points(log(count), 200)
    assert len(points) <= 200
    assert points[-1][0] == count
    size = points[0][0]
    assert points[0][1] == pytest.approx(10 - (1 + size) / 200)


@pytest.mark.parametrize("count", [0, 1, 50])
def test_the_picture_holds_every_point_within_its_frame(count):
    points = loss_points(log(count))
    root = ElementTree.fromstring(render_loss(points))
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    line = root.find("{http://www.w3.org/2000/svg}polyline")
    drawn = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert len(drawn) == count
    assert all(0 <= x <= width and 0 <= y <= height for x, y in drawn)
