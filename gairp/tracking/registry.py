"""The model registry: policies as versions, and the alias that a server follows.

A version is a small JSON document (a policy's class, arguments, features and state) in a run of its
own; an alias such as `champion` points at one version, and moving it is how a policy is rolled out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from gairp.errors import ConfigError
from gairp.tracking.client import connect, experiment_id
from gairp.tracking.flavour import Flavour

if TYPE_CHECKING:
    from mlflow import MlflowClient

DOCUMENT = "policy.json"
FOLDER = "policy"  #: of the run's artifacts
EXPERIMENT = "policies"
_URI = re.compile(r"models:/([^@/]+)(?:@([^@/]+)|/([^@/]+))")


class PolicyRegistry:
    """Registered policies of one tracking store."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.client: MlflowClient = connect(uri)

    def register(
        self,
        model: str,
        document: Mapping[str, Any],
        *,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        flavour: Flavour | None = None,
    ) -> str:
        """A new version of `model` that holds the document; its number.

        `params` and `metrics` go to the run that made it; with a `flavour` it is logged as a model
        that MLflow can load by itself.
        """
        experiment = experiment_id(self.client, EXPERIMENT)
        run = self.client.create_run(experiment, run_name=model, tags=dict(tags or {}))
        run_id = str(run.info.run_id)
        for key, value in (params or {}).items():
            self.client.log_param(run_id, key, str(value)[:6000])
        for key, number in (metrics or {}).items():
            self.client.log_metric(run_id, key, float(number))
        self._make(model)
        with TemporaryDirectory(prefix="gairp-policy-") as scratch:
            text = json.dumps(document, indent=1, sort_keys=True)
            Path(scratch, DOCUMENT).write_text(text, encoding="utf-8")
            if flavour is None:
                self.client.log_artifacts(run_id, scratch, artifact_path=FOLDER)
                model_id, source = None, f"{run.info.artifact_uri}/{FOLDER}"
            else:
                flavour.write(Path(scratch), DOCUMENT)
                model_id, source = self._logged(experiment, model, run_id, scratch)
        self.client.set_terminated(run_id, "FINISHED")
        version = self.client.create_model_version(
            model, source, run_id=run_id, tags=dict(tags or {}), model_id=model_id
        )
        return str(version.version)

    def _logged(self, experiment: str, model: str, run_id: str, folder: str) -> tuple[str, str]:
        """A logged model of the folder: its id, and where it lies."""
        logged = self.client.create_logged_model(experiment, name=model, source_run_id=run_id)
        self.client.log_model_artifacts(logged.model_id, folder)
        self.client.finalize_logged_model(logged.model_id, "READY")
        return str(logged.model_id), str(logged.artifact_location)

    def resolve(self, uri: str) -> tuple[str, str]:
        """Model and version of `models:/MODEL@ALIAS` or `models:/MODEL/VERSION`.

        Raises ConfigError for another form, or where the alias is nobody's.
        """
        match = _URI.fullmatch(uri)
        if match is None:
            raise ConfigError(f"uri is {uri!r}; give models:/MODEL@ALIAS or models:/MODEL/VERSION")
        model, alias, version = match.groups()
        version = version or self.get_alias(model, alias)
        if version is None:
            raise ConfigError(
                f"model registry {self.uri!r}: no version of {model!r} has the alias {alias!r}; "
                "train one (+experiment=train), and point the alias at it (runner.alias=NAME)"
            )
        return model, version

    def set_alias(self, model: str, alias: str, version: str) -> str | None:
        """Point the alias at a version; the version that it pointed at before, if any."""
        before = self.get_alias(model, alias)
        self.client.set_registered_model_alias(model, alias, version)
        return before

    def tag(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        """Say more of a version that is there."""
        for key, value in tags.items():
            self.client.set_model_version_tag(model, version, key, value)

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
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        try:
            with TemporaryDirectory(prefix="gairp-policy-") as scratch:
                # Artifacts of the version's run, or of the model that the run logged.
                place = self.client.get_model_version_download_uri(model, version)
                file = download_artifacts(
                    artifact_uri=f"{place}/{DOCUMENT}", dst_path=scratch, tracking_uri=self.uri
                )
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
