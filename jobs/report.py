"""report: write one page to send to a colleague: the answer, the data, the curves, the results, the carbon.

    python -m jobs.report specs/demo/report.yaml
    python -m jobs.report specs/demo/report.yaml --into file://out/pages     with rights to read the store only

Reads   evaluations/<each of evaluations>, and everything that they were made from
        the images that the patches were cut from, as far as they are still there, for figures 2.1 and 2.6
        baselines/<each of baselines>, to compare them with
Writes  reports/<name>/index.html    self-contained: figures inside, nothing from the network
                      /figures/*.svg
                      /tables/*.csv  the numbers behind the page, unrounded; sessions.csv has a row per session
                      /specs/*.yaml  the specs of everything behind it, as they were run
Prints  the address of the page, and a line for each evaluation
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.up_to_date import UpToDate
from neurograde.specs.report import ReportSpec

if TYPE_CHECKING:
    from neurograde.reports.chain import Chain


@job(ReportSpec, elsewhere=True)
def report(job: Job[ReportSpec]) -> None:
    """Follow each evaluation leftwards, compose the page, print where it is."""
    from neurograde.reports.headline import headline
    from neurograde.specs.results.evaluation import EvaluationResult

    spec = job.spec
    evaluations = [job.upstream("evaluations", name) for name in spec.evaluations]
    baselines = [job.upstream("baselines", name) for name in spec.baselines]
    headlines = [headline(evaluation.read_result(EvaluationResult, "metrics.json")) for evaluation in evaluations]
    try:
        with job.publish("reports", inputs=[*evaluations, *baselines]) as page:
            from neurograde.evaluation.session_table import SessionRow, session_rows
            from neurograde.reports.chain import follow
            from neurograde.reports.page import compose

            for artefact in (*evaluations, *baselines):
                artefact.verify()
            chains = [with_pictures(follow(job, evaluation), spec) for evaluation in evaluations]
            composed = compose(spec.title, chains, spec.worst_mistakes, baselines, spec.model_dump(mode="json"))
            page.addresses = (job.store.absolute_url, job.store.url)
            page.write_many(composed.files())
            runs = {chain.run.grid.name: chain.run for chain in chains}.values()
            page.write_csv(
                "tables/sessions.csv", SessionRow._fields, [row for run in runs for row in session_rows(run)]
            )
    except UpToDate as done:
        log.info(str(done))
    print(f"{job.home.url}/reports/{spec.name}/index.html")
    for name, line in zip(spec.evaluations, headlines, strict=True):
        print(f"{name}: {line}")


def with_pictures(chain: Chain, spec: ReportSpec) -> Chain:
    """Return the chain with what pages cannot find out: its networks, and pictures if the spec wants them."""
    from neurograde.imaging.illustrations import illustrations
    from neurograde.learning.networks.architecture import architectures

    return replace(
        chain,
        study=spec.study,
        networks=tuple(architectures(chain.run.spec)),
        illustrations=illustrations(chain.patches, chain.images) if spec.photographs else None,
    )


if __name__ == "__main__":
    sys.exit(report.main())
