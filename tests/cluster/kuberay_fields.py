"""The fields of a RayJob that KubeRay 1.6 knows, by its types (ray-operator/apis/ray/v1) and Kubernetes' pod template.

No package carries the resource definition itself (it is megabytes, most of it pod templates). What stands here was read off the
types, for the parts that kuberay.yaml uses. A mapping: the fields there are. A set: the choices. A list: many of what is in it.
``None``: not looked into.
"""

from typing import Any

_QUANTITIES = {"requests": None, "limits": None}
_CONTAINER = dict.fromkeys(
    (
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "lifecycle",
        "name",
        "ports",
        "securityContext",
        "volumeMounts",
    )
) | {"resources": _QUANTITIES}
_POD = dict.fromkeys(
    ("affinity", "imagePullSecrets", "nodeSelector", "restartPolicy", "serviceAccountName", "tolerations")
) | {"containers": [_CONTAINER], "volumes": None}
_TEMPLATE = {"metadata": None, "spec": _POD}
_HEAD = dict.fromkeys(("enableIngress", "headService", "ingressOptions", "labels", "rayStartParams", "resources")) | {
    "serviceType": {"ClusterIP", "NodePort", "LoadBalancer"},
    "template": _TEMPLATE,
}
_WORKERS = dict.fromkeys(
    (
        "groupName",
        "idleTimeoutSeconds",
        "labels",
        "maxReplicas",
        "minReplicas",
        "numOfHosts",
        "priority",
        "rayStartParams",
        "replicas",
        "resources",
        "scaleStrategy",
        "suspend",
    )
) | {"template": _TEMPLATE}
_AUTOSCALER = dict.fromkeys(
    ("args", "command", "env", "envFrom", "idleTimeoutSeconds", "image", "imagePullPolicy", "volumeMounts")
) | {
    "resources": _QUANTITIES,
    "securityContext": None,
    "upscalingMode": {"Default", "Aggressive", "Conservative"},
    "version": {"v1", "v2"},
}
_CLUSTER = {
    "authOptions": {"enableK8sTokenAuth": None, "mode": {"disabled", "token"}, "secretName": None},
    "autoscalerOptions": _AUTOSCALER,
    "enableInTreeAutoscaling": None,
    "gcsFaultToleranceOptions": None,
    "headGroupSpec": _HEAD,
    "headServiceAnnotations": None,
    "managedBy": None,
    "networkPolicy": None,
    "rayVersion": None,
    "suspend": None,
    "tlsOptions": None,
    "upgradeStrategy": None,
    "workerGroupSpecs": [_WORKERS],
}
_JOB = dict.fromkeys(
    (
        "activeDeadlineSeconds",
        "backoffLimit",
        "clusterSelector",
        "deletionStrategy",
        "entrypoint",
        "entrypointNumCpus",
        "entrypointNumGpus",
        "entrypointResources",
        "jobId",
        "managedBy",
        "metadata",
        "runtimeEnvYAML",
        "shutdownAfterJobFinishes",
        "submitterConfig",
        "submitterPodTemplate",
        "suspend",
        "ttlSecondsAfterFinished",
    )
) | {
    "rayClusterSpec": _CLUSTER,
    "submissionMode": {"K8sJobMode", "HTTPMode", "InteractiveMode"},
}
RAY_JOB: dict[str, Any] = {"apiVersion": {"ray.io/v1"}, "kind": {"RayJob"}, "metadata": None, "spec": _JOB}


def unknown_fields(document: Any, known: Any = None, path: str = "") -> list[str]:
    """What a RayJob says that KubeRay does not know: paths of fields, or ``path=value`` for a value that is no choice."""
    known = RAY_JOB if not path else known
    if known is None:
        return []
    if isinstance(known, set):
        return [] if document in known else [f"{path}={document}"]
    if isinstance(known, list):
        return [
            name for number, each in enumerate(document) for name in unknown_fields(each, known[0], f"{path}[{number}]")
        ]
    found = [f"{path}.{name}" for name in document if name not in known]
    for name, value in document.items():
        if name in known:
            found += unknown_fields(value, known[name], f"{path}.{name}")
    return found
