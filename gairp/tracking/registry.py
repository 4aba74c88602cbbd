"""The model registry: policies as versions, and the alias that a server follows.

A version is a small JSON document (a policy's class, arguments, features and state) in a run of its
own; an alias such as `champion` points at one version, and moving it is how a policy is rolled out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from gairp.errors import ConfigError
from gairp.tracking.client import connect, experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient

DOCUMENT = "policy/policy.json"
EXPERIMENT = "policies"


class PolicyRegistry:
    """Registered policies of one tracking store."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.client: MlflowClient = connect(uri)

    def register(
        self, model: str, document: Mapping[str, Any], *, tags: Mapping[str, str] | None = None
    ) -> str:
        """A new version of `model` that holds the document; its number."""
        experiment = experiment_id(self.client, EXPERIMENT)
        run = self.client.create_run(experiment, run_name=model, tags=dict(tags or {}))
        folder, _, name = DOCUMENT.partition("/")
        with TemporaryDirectory(prefix="gairp-policy-") as scratch:
            file = Path(scratch) / name
            file.write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")
            self.client.log_artifact(run.info.run_id, str(file), artifact_path=folder)
        self.client.set_terminated(run.info.run_id, "FINISHED")
        self._make(model)
        source = f"{run.info.artifact_uri}/{folder}"
        version = self.client.create_model_version(
            model, source, run_id=run.info.run_id, tags=dict(tags or {})
        )
        return str(version.version)

    def set_alias(self, model: str, alias: str, version: str) -> str | None:
        """Point the alias at a version; the version that it pointed at before, if any."""
        before = self.get_alias(model, alias)
        self.client.set_registered_model_alias(model, alias, version)
        return before

    def get_alias(self, model: str, alias: str) -> str | None:
        """The version that the alias points at; None where there is no such model or alias."""
        from mlflow.exceptions import MlflowException

        try:
            return str(self.client.get_model_version_by_alias(model, alias).version)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise ConfigError(f"model registry {self.uri!r}: {error}") from error

    def document(self, model: str, version: str) -> dict[str, Any]:
        """What a version holds; ConfigError where there is no such version."""
        from mlflow.exceptions import MlflowException

        try:
            run_id = str(self.client.get_model_version(model, version).run_id)
            with TemporaryDirectory(prefix="gairp-policy-") as scratch:
                file = self.client.download_artifacts(run_id, DOCUMENT, scratch)
                found: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
        except MlflowException as error:
            raise ConfigError(
                f"model registry {self.uri!r}: no policy is version {version!r} of {model!r} "
                f"({error}); see the Models page of the MLflow UI"
            ) from error
        return found

    def _make(self, model: str) -> None:
        """The registered model, made if it is new."""
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise ConfigError(
                    f"model registry {self.uri!r}: cannot make the model {model!r} ({error}); "
                    "give a store that has a registry, such as sqlite:///mlruns/mlflow.db"
                ) from error
