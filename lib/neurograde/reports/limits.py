"""The limits of the figures of an evaluation, the same on its page and on the card of its model."""

from __future__ import annotations

from neurograde.reports.chain import Chain
from neurograde.reports.headline import chosen_from
from neurograde.reports.numbers import plural
from neurograde.reports.openings import openings_of
from neurograde.reports.wording import family_of, worded


def limits(chain: Chain) -> list[str]:
    """Return the limits of what an evaluation shows, a line each, in the study's word for a family."""
    metrics, family_is = chain.metrics, family_of([chain])
    test = metrics.subsets["test"].patches
    few = ", ".join(f"{counts.families} of {label}" for label, counts in test.classes.items())
    lines = [
        f"The test set has {plural(test.n, 'patch')} of {plural(test.families, 'family')}{f' ({few})' if few else ''}; "
        "the intervals are over families, and what no family in it shows they cannot know.",
        kept_apart(family_is),
        f"The session was {chosen_from(metrics)} on train and valid: its valid figures flatter it. Openings of the "
        f"test set: {openings_of(chain).words}.",
        "A patch inherits the class of its image: part of the mistakes may be the labels'.",
    ]
    if metrics.temperature and metrics.temperature.at_border:
        lines.append("The temperature is at the border of what was searched: valid was too small or too easy to tell.")
    if chain.run.spec.loss.kind == "hinge":
        lines.append("It was trained with hinge loss: its probabilities order patches, and are calibrated by T alone.")
    return [worded(line, family_is) for line in lines]


def kept_apart(family_is: str | None) -> str:
    """Return the unit that no two subsets share, and the limits of that."""
    laboratory = "Whether all come from one laboratory and one scanner is for the data's owner to say."
    if family_is is None:
        return (
            "Families are kept apart; whether a family is a patient, a case, a slide or an image, the spec of the "
            f"patches does not say (family_is). {laboratory}"
        )
    patient = {
        "patient": "",
        "case": " Two cases of one patient may be in two subsets.",
        "slide": " Two slides of one patient may be in two subsets.",
        "image": " Two images of one slide or patient may be in two subsets.",
    }[family_is]
    return f"Families are kept apart, and every interval counts them.{patient} {laboratory}"
