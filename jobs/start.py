"""start: from a folder of images to a first result on a page: no spec is written by hand.

    python -m jobs.start IMAGES                        the page, on 127.0.0.1; its address is printed
    python -m jobs.start IMAGES --table labels.csv     with a table of classes and families from elsewhere

Reads   the names of the images, a few of them, and the tables beside them
Writes  out/start/study.yaml and the store beside it, once the person at the page begins
Serves  a page on 127.0.0.1 that looks, asks, runs the chain and shows its report. Ctrl-C ends it: nothing is lost
"""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from neurograde.runtime.command import Parser, command
from neurograde.runtime.log import log

MEASURED_S = 2.0
"""Seconds for which the machine is measured."""


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("images", metavar="IMAGES", help="folder of images, or the URL of one")
    parser.add_argument("--table", metavar="URL", action="append", default=[], help="a table that is not in the folder")
    parser.add_argument("--into", metavar="FOLDER", type=Path, default=Path("out/start"), help="out/start")
    parser.add_argument("--port", type=int, default=0, help="port of the page; 0 takes a free one")


@command(declare)
def start(arguments: Namespace) -> None:
    """Look at the folder and serve the page until the person leaves."""
    from neurograde.pages.serve import serve
    from neurograde.pages.start.app import StartPage
    from neurograde.pages.start.folder import ImageFolder

    is_local = "://" not in arguments.images
    images = ImageFolder(str(Path(arguments.images).resolve()) if is_local else arguments.images, arguments.table)
    page = StartPage(images, arguments.into.resolve(), samples_per_s)

    def announce(address: str) -> None:
        log.info(f"{len(images.images):,} images in {images.url}; Ctrl-C ends the page, nothing is lost")
        print(address, flush=True)

    with suppress(KeyboardInterrupt):  # the way to leave
        try:
            serve(page.app, arguments.port, announce)
        finally:
            page.leave()


def samples_per_s() -> float:
    """Return the patches that pass through MobileNetV2 in a second here, measured for some seconds."""
    import torch

    from neurograde.learning.networks.backbones import random_trunk

    module = random_trunk("mobilenet_v2", 224, 0).module.eval()
    batch, passed = torch.zeros(8, 3, 224, 224), 0
    with torch.inference_mode():
        module(batch)
        began = time.perf_counter()
        while time.perf_counter() - began < MEASURED_S:
            module(batch)
            passed += len(batch)
        return passed / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(start.main())
