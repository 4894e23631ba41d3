"""Platt scaling: a raw probability -> a score that is right as often as it says.

A relation can only be right where both of its entities are, so its score also goes by theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating[Any]]

_EDGE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class PlattScaling:
    """A logistic function of the log-odds (Platt 1999), fitted on development documents.

    It keeps the order of scores (of relations: among those whose ends are equally probable). The default
    changes nothing.

    Attributes:
        slope: above 0, and below 1 where the raw scores are too sure.
        bias: below 0 where they are too high throughout.
        ends: weight of the sum of the logarithms of both ends' raw probabilities; 0 for entities.
    """

    slope: float = 1.0
    bias: float = 0.0
    ends: float = 0.0

    def __call__(self, probabilities: Floats, certainty: Floats | float = 0.0) -> Floats:
        """Calibrated scores, of any shape, between 0 and 1; ``certainty`` as in ``of_log_odds``."""
        # The manifest holds this class, and the command reads it before it needs any array.
        import numpy as np  # noqa: PLC0415

        if self == UNSCALED:
            return probabilities
        inside = np.minimum(np.maximum(probabilities, _EDGE), 1 - _EDGE)
        return self.of_log_odds(np.log(inside / (1 - inside)), certainty)

    def of_log_odds(self, log_odds: Floats, certainty: Floats | float = 0.0) -> Floats:
        """As for probabilities, from their log-odds: a model's logits, say.

        Args:
            log_odds: of any shape.
            certainty: sum of the logarithms of both ends' raw probabilities, in a shape that goes with that.
        """
        import numpy as np  # noqa: PLC0415

        # The logistic function as a hyperbolic tangent, which cannot overflow.
        scores: Floats = 0.5 + 0.5 * np.tanh(
            0.5 * (self.slope * log_odds + self.bias + self.ends * certainty)
        )
        return scores


UNSCALED: Final = PlattScaling()
