from __future__ import annotations

import importlib
import re

import pytest

from gairp.errors import ConfigError, UnknownNameError
from gairp.traces import registry
from gairp.traces.registry import catalogue
from gairp.traces.registry.dataset import DatasetSpec, Size, Source

EXPECTED = {
    "azure_llm_2023",
    "llmperf_latency",
    "llmrouter",
    "local_llm",
    "mmlu_pro",
    "mooncake_fast25",
    "open_bandit_small",
    "paretobandit",
    "prices",
    "routellm",
    "routerarena_sub10",
    "servegen",
}


def test_names_are_those_of_the_yaml_files_that_ship_with_the_package() -> None:
    assert set(registry.names()) == EXPECTED
    assert list(registry.names()) == sorted(registry.names())


def test_unknown_name_lists_the_names_that_exist() -> None:
    with pytest.raises(
        UnknownNameError, match=r"unknown dataset 'mmlu'.*mmlu_pro, mooncake"
    ) as info:
        registry.spec("mmlu")
    assert info.value.known == sorted(EXPECTED)


@pytest.fixture(params=sorted(EXPECTED))
def spec(request: pytest.FixtureRequest) -> DatasetSpec:
    return registry.spec(request.param)


def test_every_dataset_says_where_it_comes_from_and_on_what_terms(spec: DatasetSpec) -> None:
    assert spec.title
    assert spec.about
    assert spec.licence
    assert spec.citation
    assert spec.caveats
    assert spec.embedded or spec.mirror == spec.name
    assert spec.embedded or spec.sources
    assert all(re.fullmatch("[0-9a-f]{40}", source.commit) for source in spec.sources)


def test_every_original_has_a_size_and_a_hash(spec: DatasetSpec) -> None:
    for _, file in spec.originals():
        assert file.bytes
        assert file.bytes > 0
        assert file.blob
        assert re.fullmatch("[0-9a-f]{40}", file.blob)
        assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)


def test_every_mirrored_table_has_a_hash_and_a_shape(spec: DatasetSpec) -> None:
    for table in spec.tables.values() if spec.mirror else ():
        assert table.shape
        assert table.sha256
        assert re.fullmatch("[0-9a-f]{64}", table.sha256)


def test_every_converter_exists(spec: DatasetSpec) -> None:
    if spec.converter is None:
        assert spec.name in {"prices", "local_llm"}
        return
    assert spec.convertible
    assert callable(importlib.import_module(spec.converter).convert)


def test_no_yaml_names_a_path_of_one_machine() -> None:
    for name, file in catalogue._files().items():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(^|[\s\"'])/(home|root|tmp|work)/", text), name


def test_address_is_the_raw_file_at_the_commit() -> None:
    source = Source(repository="a/b", commit="c" * 40, date="2024-01-01")
    assert (
        source.url("x y/(1).zip", "http://host/") == f"http://host/a/b/{'c' * 40}/x%20y/%281%29.zip"
    )


def test_size_reads_as_prompts_by_arms_or_rows() -> None:
    assert str(Size(prompts=12032, arms=29)) == "12,032 prompts × 29"
    assert str(Size(rows=28185)) == "28,185 rows"
    assert str(Size()) == "—"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title: x\nkind: outcomes\n", "missing required field"),
        ("title: [", "while parsing"),
        ("[]", "not a mapping"),
        ("title: x\nlicense: MIT\n", "unknown field `license`|missing required"),
    ],
)
def test_a_wrong_yaml_names_the_file_and_the_key(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"registry file bad.yaml: .*({problem})"):
        catalogue.parse("bad", text)
