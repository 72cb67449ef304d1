"""What is set up once: a namespace of restricted pods, their identity, a quota, and where they may connect to."""

from __future__ import annotations

from neurograde.cluster.job import Manifest, Placement

ANYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0"}}
METADATA_SERVER = "169.254.169.254/32"
METADATA_SERVER_OF_GKE = "169.254.169.252/32"  # where the node answers for it, on ports of its own


def namespace(placement: Placement) -> Manifest:
    """The namespace; a pod that asks for more than the restricted standard allows is refused there."""
    standard = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": placement.namespace, "labels": standard},
    }


def service_account(placement: Placement, identity: str) -> Manifest:
    """The identity of all pods; `identity` is the Google service account that it stands for. It has no Role at all."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": "neurograde",
            "namespace": placement.namespace,
            "annotations": {"iam.gke.io/gcp-service-account": identity},
        },
        "automountServiceAccountToken": False,
    }


def quota(placement: Placement, gpus: int) -> Manifest:
    """Most that the namespace may hold at once: a slip of a zero in a grid stays affordable."""
    hard = {"requests.nvidia.com/gpu": str(gpus), "pods": "500", "count/jobs.batch": "500"}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "neurograde", "namespace": placement.namespace},
        "spec": {"hard": hard},
    }


def network_policy(placement: Placement) -> Manifest:
    """Nobody connects to a pod; a pod connects to name servers, to the metadata server, and to port 443 of anyone.

    A policy knows no host names, so "the object store" can only be said as its port.
    """
    egress = [
        {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
        {"to": [{"ipBlock": {"cidr": METADATA_SERVER}}], "ports": [{"protocol": "TCP", "port": 80}]},
        {
            "to": [{"ipBlock": {"cidr": METADATA_SERVER_OF_GKE}}],
            "ports": [{"protocol": "TCP", "port": 987}, {"protocol": "TCP", "port": 988}],
        },
        {"to": [ANYWHERE], "ports": [{"protocol": "TCP", "port": 443}]},
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "neurograde", "namespace": placement.namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": egress},
    }
