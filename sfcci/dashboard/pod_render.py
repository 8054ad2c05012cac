"""What the preview's pod is, as a value, and its kube YAML (podman-kube-play(1)); nothing is done here.

The containers of a pod share one network, so Grafana finds Graphite at 127.0.0.1. Only this machine's loopback address has
ports of it. Nothing of it may gain privileges, and Graphite's root file system is read-only.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit

LABEL = "io.sfcci.preview"
"""On the pod and its volumes; its value is the pod's name."""
DIGEST = "io.sfcci.preview.digest"
"""On the pod: changes with all that the pod is made of."""
LOOPBACK = "127.0.0.1"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
PASSWORD_FILE = "/etc/sfcci/admin-password"  # noqa: S105 - a path
INSIDE = {"grafana": 3000, "graphite": 8080, "carbon": 2003, "pickle": 2004, "statsd": 8125}
"""Port of each service inside the pod."""
QUERY_PORT = 7002
NODE_USER = 1000
Json = dict[str, Any]


@dataclass(frozen=True)
class Ports:
    """The ports of this machine's loopback address."""

    grafana: int = 23000
    graphite: int = 28080
    carbon: int = 28003
    pickle: int = 28004
    statsd: int = 28125


@dataclass(frozen=True)
class PodSpec:
    """A pod to be: its images, its ports, whose Graphite it shows, who may do what."""

    name: str
    grafana_image: str
    graphite_image: str
    statsd_image: str = ""
    """ "" means no StatsD."""
    ports: Ports = Ports()
    datasource: str = "graphite"
    graphite_url: str = ""
    """A Graphite elsewhere, which is only read; "" means one in the pod."""
    retentions: str = "10s:1d,60s:30d,1h:1y"
    host_network: bool = False
    """Podman can publish no ports here, or the Graphite listens on this machine's loopback address."""
    password: str = field(default="", repr=False)
    """Grafana's administrator's; "" means Grafana's own, which everybody knows: admin."""

    @property
    def own_graphite(self) -> bool:
        """Whether the pod has a Graphite of its own."""
        return not self.graphite_url

    @property
    def images(self) -> tuple[str, ...]:
        """The images that it is made of."""
        graphite = self.graphite_image if self.own_graphite else ""
        return tuple(filter(None, (self.grafana_image, graphite, self.statsd_image)))

    @property
    def services(self) -> tuple[str, ...]:
        """The services that listen, which name their ports."""
        statsd = ("statsd",) if self.statsd_image else ()
        own = ("graphite", "carbon", "pickle") if self.own_graphite else ()
        return ("grafana", *own, *statsd)

    @property
    def volumes(self) -> tuple[str, ...]:
        """The named volumes with what stays. A Grafana keeps its first password, so those of a pod played by hand are others."""
        return tuple(f"{self.name}{'' if self.password else '-by-hand'}-{part}" for part in self.kept)

    @property
    def kept(self) -> tuple[str, ...]:
        """The containers whose data stay."""
        return ("grafana", "graphite") if self.own_graphite else ("grafana",)

    @property
    def digest(self) -> str:
        """Changes with all of it; of the password only with whether there is one."""
        told = replace(self, password="-" if self.password else "")
        made = json.dumps(_documents(told, ""), sort_keys=True)
        return hashlib.sha256(made.encode()).hexdigest()[:16]


def config_maps(name: str) -> tuple[str, ...]:
    """Give the names of all ConfigMaps that a pod of this name may have; podman makes a volume of each."""
    return tuple(f"{name}-{part}" for part in ("datasources", "password", "statsd"))


def is_local(url: str) -> bool:
    """Say whether a URL is one of this machine's loopback address."""
    return (urlsplit(url).hostname or "") in LOCAL_HOSTS


def kube_yaml(spec: PodSpec) -> str:
    """Give the pod as kube YAML: a ConfigMap for each kind of file, and the pod."""
    return "---\n".join(map(_yaml, _documents(spec, spec.digest)))


def _yaml(value: Json) -> str:
    """Write YAML in which texts of several lines stand as such."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Dumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=120)


def _documents(spec: PodSpec, digest: str) -> list[Json]:
    found = [
        _config_map(spec, "datasources", {"graphite.yaml": _provisioned(spec)}),
        _config_map(spec, "password", {"admin-password": spec.password}) if spec.password else None,
        _config_map(spec, "statsd", {"config.js": _statsd_config(spec)}) if spec.statsd_image else None,
        _pod(spec, digest),
    ]
    return [one for one in found if one]


def _config_map(spec: PodSpec, part: str, data: Mapping[str, str]) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{spec.name}-{part}"},
        "data": dict(data),
    }


def _pod(spec: PodSpec, digest: str) -> Json:
    containers = [
        _grafana(spec),
        *([_graphite(spec)] if spec.own_graphite else []),
        *([_statsd(spec)] if spec.statsd_image else []),
    ]
    network = {"hostNetwork": True} if spec.host_network else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": spec.name, "labels": {LABEL: spec.name, DIGEST: digest}},
        "spec": {**network, "restartPolicy": "Never", "containers": containers, "volumes": _volumes(spec)},
    }


def _volumes(spec: PodSpec) -> list[Json]:
    parts = [
        "datasources",
        *(["password"] if spec.password else []),
        *(["statsd"] if spec.statsd_image else []),
    ]
    maps: list[Json] = [{"name": part, "configMap": {"name": f"{spec.name}-{part}"}} for part in parts]
    return maps + [
        {"name": f"{part}-data", "persistentVolumeClaim": {"claimName": volume}}
        for part, volume in zip(spec.kept, spec.volumes, strict=True)
    ]


def _container(
    spec: PodSpec,
    name: str,
    image: str,
    services: tuple[str, ...],
    environ: Mapping[str, str],
    mounts: Mapping[str, str],
    *,
    read_only: bool,
) -> Json:
    ports = {} if spec.host_network else {"ports": [_port(spec, one) for one in services]}
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        **ports,
        **({"env": [{"name": key, "value": value} for key, value in environ.items()]} if environ else {}),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": read_only,
        },
        "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in mounts.items()],
    }


def _port(spec: PodSpec, service: str) -> Json:
    protocol = {"protocol": "UDP"} if service == "statsd" else {}
    outside = getattr(spec.ports, service)
    return {"containerPort": INSIDE[service], "hostPort": outside, "hostIP": LOOPBACK, **protocol}


def _inside(spec: PodSpec, service: str) -> int:
    """Give the port that a service listens on: on the machine's own network that is the one outside."""
    return int(getattr(spec.ports, service)) if spec.host_network else INSIDE[service]


def _grafana(spec: PodSpec) -> Json:
    environ = {
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",  # apps that nobody asked for, fetched at each start
    }
    if spec.host_network:
        environ |= {"GF_SERVER_HTTP_ADDR": LOOPBACK, "GF_SERVER_HTTP_PORT": str(spec.ports.grafana)}
    mounts = {"datasources": "/etc/grafana/provisioning/datasources", "grafana-data": "/var/lib/grafana"}
    if spec.password:
        # Grafana itself reads the file (7.1 and later). Its image puts what ..__FILE names into Grafana's environment.
        environ["GF_SECURITY_ADMIN_PASSWORD"] = f"$__file{{{PASSWORD_FILE}}}"
        mounts["password"] = PASSWORD_FILE.rpartition("/")[0]
    return _container(
        spec, "grafana", spec.grafana_image, ("grafana",), environ, mounts, read_only=False
    )  # Grafana unpacks plug-ins beside itself


def _graphite(spec: PodSpec) -> Json:
    environ = {"GRAPHITE_RETENTIONS": spec.retentions}
    if spec.host_network:
        environ |= {
            "GRAPHITE_LISTEN": LOOPBACK,
            "GRAPHITE_WEB_PORT": str(spec.ports.graphite),
            "GRAPHITE_LINE_PORT": str(spec.ports.carbon),
            "GRAPHITE_PICKLE_PORT": str(spec.ports.pickle),
            "GRAPHITE_QUERY_PORT": str(query_port(spec)),
        }
    services = ("graphite", "carbon", "pickle")
    mounts = {"graphite-data": "/var/lib/graphite"}
    return _container(spec, "graphite", spec.graphite_image, services, environ, mounts, read_only=True)


def query_port(spec: PodSpec) -> int:
    """Give the port, on loopback, at which carbon answers Graphite's own web part."""
    return spec.ports.pickle + 1 if spec.host_network else QUERY_PORT


def _statsd(spec: PodSpec) -> Json:
    made = _container(
        spec, "statsd", spec.statsd_image, ("statsd",), {}, {"statsd": "/etc/statsd"}, read_only=True
    )
    secured = {**made["securityContext"], "runAsUser": NODE_USER}  # StatsD's image would run it as root
    return {**made, "securityContext": secured, "command": ["node", "stats.js", "/etc/statsd/config.js"]}


def _statsd_config(spec: PodSpec) -> str:
    """Give StatsD's configuration: names as Zuul's dashboards expect them (the legacy name space)."""
    config = {
        "graphiteHost": LOOPBACK,
        "graphitePort": _inside(spec, "carbon"),
        "address": LOOPBACK if spec.host_network else "0.0.0.0",  # noqa: S104 - a container's own network
        "port": _inside(spec, "statsd"),
        "mgmt_address": LOOPBACK,
        "flushInterval": 10000,
        "backends": ["./backends/graphite"],
        "graphite": {"legacyNamespace": True},
    }
    return json.dumps(config, indent=2) + "\n"


def _provisioned(spec: PodSpec) -> str:
    """Give Grafana's provisioning file with the data source. A dollar sign would begin a variable there."""
    parts = urlsplit(spec.graphite_url or f"http://{LOOPBACK}:{_inside(spec, 'graphite')}")
    host = parts.netloc.rpartition("@")[2]
    source: Json = {
        "name": spec.datasource,
        "uid": "graphite",
        "type": "graphite",
        "access": "proxy",
        "url": f"{parts.scheme}://{host}{parts.path}".rstrip("/"),
        "isDefault": True,
        "editable": False,
        "jsonData": {"graphiteVersion": "1.1"},
    }
    if parts.username:
        source |= {"basicAuth": True, "basicAuthUser": unquote(parts.username)}
        source["secureJsonData"] = {"basicAuthPassword": unquote(parts.password or "")}
    text = _yaml({"apiVersion": 1, "datasources": [source]})
    return text.replace("$", "$$")


def quadlet_unit(yaml_path: str) -> str:
    """Give the quadlet unit (podman-systemd.unit(5)) that plays a kube YAML when the user's session begins."""
    lines = [
        "[Unit]",
        "Description=Grafana and Graphite for the preview of dashboards",
        "",
        "[Kube]",
        f"Yaml={yaml_path}",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return "\n".join(lines) + "\n"
