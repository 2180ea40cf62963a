#!/usr/bin/env python3
"""Checks the manifests of Packaging/ against Kubernetes' and KServe's schemas, and against each other.

  check_manifests.py [--kserve DIR]

Needs PyYAML and kubernetes-validate, which carries Kubernetes' schemas. DIR is config/crd/full of
KServe; without it KServe's own kinds are only read.
"""
import argparse
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "Packaging"


def documents():
    for path in sorted(PACKAGING.glob("k*/*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield path.relative_to(PACKAGING), document


def closed(schema):
    """The schema with every object of named fields closed: a misspelt field is an error, as on a server."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    return result


def kserve_schemas(folder):
    """Schemas by version and kind."""
    schemas = {}
    for path in folder.rglob("*.yaml"):
        for document in yaml.safe_load_all(path.read_text()):
            if not document or document.get("kind") != "CustomResourceDefinition":
                continue
            spec = document.get("spec", {})
            for version in spec.get("versions", []):
                schema = closed(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                schemas[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return schemas


def labels_meet(all_documents):
    """What selects pods must select those of the deployment; what scales must scale it."""
    deployment = next(d for _, d in all_documents if d["kind"] == "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"] for port in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]}
    for path, document in all_documents:
        selector = document.get("spec", {}).get("selector")
        if selector and not (selector.get("matchLabels", selector).items() <= labels.items()):
            yield f"{path}: {document['kind']} selects other pods"
        for port in document["spec"].get("ports", []) if document["kind"] == "Service" else []:
            if port["targetPort"] not in ports:
                yield f"{path}: no container has the port {port['targetPort']}"
        target = document.get("spec", {}).get("scaleTargetRef")
        if target and target["name"] != deployment["metadata"]["name"]:
            yield f"{path}: scales something else"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kserve", type=pathlib.Path)
    options = parser.parse_args()
    schemas = kserve_schemas(options.kserve) if options.kserve else {}
    found = []
    everything = list(documents())
    for path, document in everything:
        key = document["apiVersion"], document["kind"]
        how = "read"
        try:
            if not key[0].startswith("serving.kserve.io/"):
                version = kubernetes_validate.latest_version()
                kubernetes_validate.validate(document, version, strict=True)
                how = f"Kubernetes {version}"
            elif schemas:
                jsonschema.validate(document, schemas[key])
                how = "KServe"
        except (kubernetes_validate.ValidationError, jsonschema.ValidationError, KeyError) as error:
            found.append(f"{path}: {document['kind']}: {getattr(error, 'message', error)}")
        print(f"{path}: {document['kind']} ({how})")
    found += labels_meet(everything)
    print("\n".join(found) if found else "all are valid")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
