"""export: export the chosen session as ONNX and as a state dict, with a model card.

    python -m jobs.export specs/osteosarcoma/study.yaml

Not for clinical use. The graph takes patches as they were cut and gives probabilities; it is published only after
onnxruntime has given the same probabilities as torch. Needs the extra: pip install 'neurograde[export]'.

Reads   evaluations/<evaluation>, and everything that it was made from
Writes  exports/<name>/model.onnx          from uint8 patches to probabilities, plain and calibrated
                      /model.safetensors   the network's state dict
                      /card.json, card.md  the model card
Prints  the address of the card
"""

from __future__ import annotations

import sys

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.up_to_date import UpToDate
from neurograde.specs.export import ExportSpec


@job(ExportSpec)
def export(job: Job[ExportSpec]) -> None:
    """Export the session, check it, and describe it in a card."""
    spec = job.spec
    evaluation = job.upstream("evaluations", spec.evaluation)
    try:
        with job.publish("exports", inputs=[evaluation]) as out:
            from neurograde.learning.export.model import export_model
            from neurograde.learning.networks import staged_weights
            from neurograde.reports.card import markdown, model_card
            from neurograde.reports.chain import follow

            chain = follow(job, evaluation)
            staged_weights.fetch(job.store, chain.run.spec.backbones)
            model = export_model(spec, evaluation, chain.run, chain.dataset, chain.patches)
            out.write_many(model.files.items())
            card = model_card(spec, chain, model.facts, {name: file.model_dump() for name, file in out.files.items()})
            out.write_result("card.json", card)
            out.write("card.md", markdown(card))
    except UpToDate as done:
        log.info(str(done))
    print(f"{job.store.url}/exports/{spec.name}/card.md")


if __name__ == "__main__":
    sys.exit(export.main())
