"""The objects that are set up once: a namespace of restricted pods, their identity, a quota, and their network."""

from __future__ import annotations

from neurograde.cluster.job import BOARDS, Manifest, Placement
from neurograde.cluster.profiles import STORE_NAMESPACE, STORE_PORT

ANYWHERE = [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]
METADATA_SERVER = "169.254.169.254/32"
METADATA_SERVER_OF_GKE = "169.254.169.252/32"
"""The address at which GKE's nodes answer for the metadata server, on other ports."""


def namespace(placement: Placement) -> Manifest:
    """Return the namespace; it refuses pods that ask for more than the restricted standard allows."""
    standard = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": placement.namespace, "labels": standard},
    }


def service_account(placement: Placement, identity: str) -> Manifest:
    """Return the identity of all pods, which has no Role at all.

    Args:
        placement: Names of the objects.
        identity: The Google service account behind it; empty on a cluster outside Google's.
    """
    metadata: Manifest = {"name": "neurograde", "namespace": placement.namespace}
    if identity:
        metadata["annotations"] = {"iam.gke.io/gcp-service-account": identity}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": False}


def quota(placement: Placement, gpus: int) -> Manifest:
    """Return the most that the namespace may hold at once: a slip of a zero in a grid stays affordable."""
    hard = {f"requests.{BOARDS}": str(gpus), "pods": "500", "count/jobs.batch": "500"}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "neurograde", "namespace": placement.namespace},
        "spec": {"hard": hard},
    }


def network_policy(placement: Placement, *, store_inside: bool = False) -> Manifest:
    """Return the network of the pods: nobody connects to them, and they connect to little.

    Allowed are name servers, the metadata server, and port 443 of any host, by IPv4 and IPv6: a policy knows no host
    names, so "the object store" can only be expressed as its port. `ingress` is left out, not empty: the API server
    drops an empty list, and each apply would then report a change.

    Args:
        placement: Names of the objects.
        store_inside: Also allow the store of the profile `local`.
    """
    egress: list[Manifest] = [
        {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
        {"to": [{"ipBlock": {"cidr": METADATA_SERVER}}], "ports": [{"protocol": "TCP", "port": 80}]},
        {
            "to": [{"ipBlock": {"cidr": METADATA_SERVER_OF_GKE}}],
            "ports": [{"protocol": "TCP", "port": 987}, {"protocol": "TCP", "port": 988}],
        },
        {"to": ANYWHERE, "ports": [{"protocol": "TCP", "port": 443}]},
    ]
    if store_inside:
        store = {"kubernetes.io/metadata.name": STORE_NAMESPACE}
        egress.append(
            {
                "to": [{"namespaceSelector": {"matchLabels": store}}],
                "ports": [{"protocol": "TCP", "port": STORE_PORT}],
            }
        )
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "neurograde", "namespace": placement.namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": egress},
    }
