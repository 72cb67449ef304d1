"""The store of the profile `local`: an S3 server inside the cluster, for a study that may be lost with it.

moto keeps its objects in memory and takes any key for a password; it is the server that the tests of S3 use. A study
that should last has a bucket.
"""

from __future__ import annotations

from neurograde.cluster.job import USER, Manifest
from neurograde.cluster.profiles import STORE_NAMESPACE, STORE_PORT

IMAGE = "docker.io/motoserver/moto:5.2.5"
BUCKET = "neurograde"
MAKE_BUCKET = f"""\
import time, urllib.request as request
for _ in range(60):
    try:
        request.urlopen(request.Request("http://127.0.0.1:{STORE_PORT}/{BUCKET}", method="PUT"))
        break
    except OSError:
        time.sleep(1)
"""
"""Program that the server's pod runs once it is up: the bucket is made by a request of no special rights."""


def local_store() -> list[Manifest]:
    """Return the namespace, the server, and the name that pods know it by."""
    namespace, labels = STORE_NAMESPACE, {"app.kubernetes.io/name": "store"}
    metadata = {"name": "store", "namespace": namespace, "labels": labels}
    standard = {"pod-security.kubernetes.io/enforce": "restricted"}
    amounts = {"cpu": "500m", "memory": "4Gi", "ephemeral-storage": "1Gi"}
    container = {
        "name": "moto",
        "image": IMAGE,
        "args": ["--host", "0.0.0.0", "--port", str(STORE_PORT)],  # noqa: S104 - a NetworkPolicy says who connects
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108 - an emptyDir of the pod
        "ports": [{"containerPort": STORE_PORT}],
        "lifecycle": {"postStart": {"exec": {"command": ["python", "-c", MAKE_BUCKET]}}},
        "readinessProbe": {"httpGet": {"path": f"/{BUCKET}", "port": STORE_PORT}},
        "resources": {"requests": amounts, "limits": amounts},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}}],
    }
    deployment = {"replicas": 1, "selector": {"matchLabels": labels}}
    ports = [{"port": STORE_PORT, "targetPort": STORE_PORT}]
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": standard}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": deployment | {"template": {"metadata": {"labels": labels}, "spec": pod}},
        },
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": labels, "ports": ports}},
    ]
