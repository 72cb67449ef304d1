"""view: look at the grades of new images, or at the mistakes of an evaluation, over the tissue at full resolution.

    python -m jobs.view specs/template/study.yaml#predict                    a page on 127.0.0.1
    python -m jobs.view specs/template/study.yaml#predict --out grades.html  one file for a few images, to hand on
    python -m jobs.view specs/template/study.yaml#evaluate --images 10       the test images with the worst mistakes

Reads   predictions/<name>/ or evaluations/<name>/, what they were made from, and the images
Writes  nothing; with --out, one file
Serves  a page on 127.0.0.1; its address is printed, with the token that opens it. Ctrl-C ends it
"""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from neurograde.errors import UsageError
from neurograde.runtime import specfile
from neurograde.runtime.command import Parser, add_spec, command
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.predict import PredictSpec
from neurograde.storage.store import Store

IMAGES_IN_A_FILE = 5
VIEWED = ("predict", "evaluate")
"""Jobs whose results can be viewed."""


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    add_spec(parser)
    parser.add_argument("--out", metavar="FILE", help="write the page into this file instead of serving it")
    parser.add_argument("--images", type=int, metavar="N", help="show the first N; of a file the default is 5")
    parser.add_argument("--port", type=int, default=0, help="port of the page; 0 takes a free one")


@command(declare)
def view(arguments: Namespace) -> None:
    """Read what the spec's job has made, and serve it, or write it into a file."""
    from neurograde.pages.view.app import ViewPage
    from neurograde.pages.view.lone_file import lone_file
    from neurograde.pages.view.sources import graded_images, mistakes

    source, data = specfile.load_from(arguments.spec, VIEWED, arguments.set, arguments.store)
    kind = data.get("job")
    if kind == "predict":
        spec = specfile.validate(PredictSpec, data, source)
        scenes = graded_images(Job(spec, Store(spec.store), source))
    elif kind == "evaluate":
        tested = specfile.validate(EvaluateSpec, data, source)
        scenes = mistakes(Job(tested, Store(tested.store), source))
    else:
        raise UsageError(f"{source}: job: {kind!r}; accepted: a spec of {' or of '.join(VIEWED)}")
    number = arguments.images or (IMAGES_IN_A_FILE if arguments.out else None)
    if number is not None and number < len(scenes.scenes):
        log.info(f"the first {number} of {len(scenes.scenes)} images; --images shows more")
        scenes = replace(scenes, scenes=scenes.scenes[:number])
    if arguments.out:
        Path(arguments.out).write_bytes(lone_file(scenes))
        print(Path(arguments.out).resolve())
        return
    with suppress(KeyboardInterrupt):  # the way to leave
        from neurograde.pages.serve import serve

        serve(ViewPage(scenes).app, arguments.port, lambda address: print(address, flush=True))


if __name__ == "__main__":
    sys.exit(view.main())
