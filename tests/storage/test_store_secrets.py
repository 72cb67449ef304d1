"""Credentials come from the environment alone, and end up nowhere."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from neurograde.errors import SpecError
from neurograde.storage.raw import RawFolder, read_url
from neurograde.storage.store import Store
from tests.servers.faults import FOREVER
from tests.servers.fixtures import Bucket

GOLDEN = Path(__file__).parents[1] / "golden"
SECRET = "wJalr/planted+S3cr3t"
CHAIN = ("synthesise", "patch", "partition", "augment", "train")


def run(job: str, *options: str) -> int:
    entry = getattr(importlib.import_module(f"jobs.{job}"), job)
    code: int = entry.main([str(GOLDEN / f"{job}.yaml"), *options])
    return code


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GOOGLE_API_KEY", "MY_PASSWORD"):
        monkeypatch.setenv(name, SECRET)


def test_no_object_and_no_log_line_of_a_chain_holds_a_secret_of_the_environment(
    bucket: Bucket, planted: None, capfd: pytest.CaptureFixture[str]
):
    for job in CHAIN:
        assert run(job, "--store", bucket.url) == 0, capfd.readouterr().err
    bucket.faults.fail("GET|HEAD|PUT|POST", kind="403", times=FOREVER)
    assert run("patch", "--store", bucket.url) == 77
    bucket.faults.clear()
    out, err = capfd.readouterr()
    assert "published" in err
    assert "permission denied" in err
    assert SECRET not in out + err
    objects = bucket.store().list()
    for kind in ("/status/", "/attempts/", "/commits/", "manifest.json", "grid.json"):
        assert any(kind in key for key in objects), kind
    for key, data in zip(objects, bucket.store().get_many(objects), strict=True):
        assert SECRET.encode() not in data, key


@pytest.mark.parametrize(
    "url",
    [
        f"s3://AKIA:{SECRET}@bucket/store",
        f"s3://AKIA:{SECRET.replace('/', '')}@bucket/store",
        f"gs://user:{SECRET}@bucket",
        f"https://user:{SECRET.replace('/', '')}@host/images",
        f"simplecache::s3://AKIA:{SECRET.replace('/', '')}@bucket/store",
        f"filecache::zip://a.zip::s3://AKIA:{SECRET.replace('/', '')}@bucket/a.zip",
        f"https://host/images.zip?sv=2024&sig={SECRET.replace('/', '')}",
        f"simplecache::https://host/images?X-Amz-Signature={SECRET.replace('/', '')}",
    ],
)
def test_a_url_that_holds_credentials_is_refused_without_being_repeated(url: str, capfd: pytest.CaptureFixture[str]):
    for use in (Store, RawFolder, read_url):
        with pytest.raises(SpecError, match="must not hold credentials") as raised:
            use(url)
        assert "S3cr3t" not in str(raised.value)
        assert raised.value.exit_code == 78
    assert run("synthesise", "--store", url) == 78
    assert "S3cr3t" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("url", ["gs://bucket/a@b", "file:///tmp/a@b:c"])
def test_an_at_sign_elsewhere_is_no_credential(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")  # or an identity would be looked for
    assert Store(url).url == url
