"""The dated tables and the price map, on small tables in the original layout."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gairp.errors import BadRowError, ConfigError, DatasetAbsentError, PriceError
from gairp.pricing import load_catalogue

LITELLM = """\
snapshot_date,litellm_version,model,provider,mode,input_usd_per_mtok,output_usd_per_mtok,cache_read_usd_per_mtok,max_input_tokens
2024-01-01,1.0,orca,openai,chat,10.0,30.0,,8192.0
2024-01-01,1.0,pool/otter,pool,chat,0.6,0.6,,
2024-01-01,1.0,freebie,openai,chat,0.0,0.0,,
2024-01-01,1.0,per-request,openai,chat,0.0,2.0,,
2024-01-01,1.0,vec,openai,embedding,0.1,0.0,,
2025-01-01,1.1,orca,openai,chat,5.0,15.0,0.0,8192.0
"""
MODELSDEV = """\
commit_date,commit,provider,model,input_usd_per_mtok,output_usd_per_mtok,cache_read_usd_per_mtok,release_date
2025-06-30,abc,openai,orca,4.0,12.0,2.0,2024-01-01
2025-06-30,abc,reseller,orca,44.0,44.0,,
2025-06-30,abc,reseller,seal,1.0,1.0,,
"""
MIRROR = """\
commit_date,commit,model,provider,input_usd_per_mtok,output_usd_per_mtok
2025-06-30T11:28:11+08:00,def,orca,openai,99.0,99.0
2025-07-01T00:00:00+00:00,def,orca,openai,3.0,9.0
"""
MAP = """\
benchmark,model,price_key,price_date,input_usd_per_mtok,output_usd_per_mtok
alpha,Otter-Instruct,pool/otter,2024-01-01,0.6,0.6
beta,Otter-Instruct,pool/otter,2024-01-01,0.6,0.6
alpha,Heron,pool/otter,2024-01-01,0.6,0.6
beta,Heron,somebody's list,2025-12-04,0.2,0.3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("litellm_snapshots.csv.gz", LITELLM),
        ("modelsdev_monthly.csv.gz", MODELSDEV),
        ("weishaw_litellm_mirror_changes.csv.gz", MIRROR),
    ):
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    (tmp_path / "model_price_map.csv").write_text(MAP)
    return tmp_path


@pytest.mark.parametrize(
    ("day", "usd", "source"),
    [
        ("2024-06-01", 10.0, "litellm"),
        ("2025-01-01", 5.0, "litellm"),
        ("2025-06-30", 4.0, "models.dev"),
        ("2025-07-01", 3.0, "litellm-mirror"),
    ],
)
def test_tables_are_merged_by_day(folder: Path, day: str, usd: float, source: str) -> None:
    found = load_catalogue(tables_dir=folder, genai=False).price("orca", as_of=day)
    assert (found.input_usd_per_mtok, found.source) == (usd, source)
    assert found == load_catalogue(tables_dir=folder, genai=False).price("openai/orca", as_of=day)


def test_a_reseller_is_reached_by_its_qualified_name_only(folder: Path) -> None:
    prices = load_catalogue(tables_dir=folder, genai=False, as_of="2025-08-01")
    assert prices.price("reseller/orca").input_usd_per_mtok == 44.0
    with pytest.raises(PriceError, match="Near matches: reseller/seal"):
        prices.price("seal")


@pytest.mark.parametrize("model", ["freebie", "per-request"])
def test_a_zero_in_a_public_table_is_not_a_price(folder: Path, model: str) -> None:
    prices = load_catalogue(tables_dir=folder, genai=False, as_of="2025-08-01")
    with pytest.raises(PriceError, match=rf"'{model}' stands at \$0 in litellm 2024-01-01"):
        prices.price(model)


def test_an_embedding_has_no_output_and_a_zero_discount_is_none(folder: Path) -> None:
    prices = load_catalogue(tables_dir=folder, genai=False, as_of="2025-02-01")
    assert prices.price("vec").output_usd_per_mtok == 0.0
    assert prices.price("orca").cached_input_usd_per_mtok is None


def test_the_map_follows_its_key_into_the_tables(folder: Path) -> None:
    prices = load_catalogue(tables_dir=folder, genai=False, as_of="2025-12-31")
    found = prices.price("Otter-Instruct")
    assert (found.model, found.source, found.input_usd_per_mtok) == ("pool/otter", "litellm", 0.6)


def test_the_map_has_a_price_of_its_own_where_the_tables_lack_the_key(folder: Path) -> None:
    prices = load_catalogue(tables_dir=folder, genai=False, benchmark="beta", as_of="2025-12-04")
    found = prices.price("Heron")
    assert (found.input_usd_per_mtok, found.output_usd_per_mtok) == (0.2, 0.3)
    assert found.source == "price map (beta: somebody's list)"
    with pytest.raises(PriceError, match="is from 2025-12-04"):
        prices.price("Heron", as_of="2025-12-03")


def test_a_name_that_two_benchmarks_price_differently_is_never_guessed(folder: Path) -> None:
    prices = load_catalogue(tables_dir=folder, genai=False, as_of="2025-12-31")
    with pytest.raises(PriceError, match=r"set prices\.benchmark.*'alpha/Heron', 'beta/Heron'"):
        prices.price("Heron")
    assert prices.price("alpha/Heron").input_usd_per_mtok == 0.6
    assert prices.price("beta/Heron").input_usd_per_mtok == 0.2


def test_an_unknown_benchmark_is_refused_with_those_that_exist(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"'gamma'.*\['alpha', 'beta'\]"):
        load_catalogue(tables_dir=folder, benchmark="gamma")
    with pytest.raises(ConfigError, match="tables_dir"):
        load_catalogue(benchmark="alpha")


def test_a_folder_without_tables_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(DatasetAbsentError, match=r"gairp\.data fetch prices"):
        load_catalogue(tables_dir=tmp_path)


def test_a_benchmark_needs_the_map(folder: Path) -> None:
    (folder / "model_price_map.csv").unlink()
    assert load_catalogue(tables_dir=folder, genai=False, as_of="2025-02-01").price("orca")
    with pytest.raises(DatasetAbsentError, match="model_price_map"):
        load_catalogue(tables_dir=folder, benchmark="alpha")


def test_a_table_that_is_cut_off_is_refused(folder: Path) -> None:
    path = folder / "litellm_snapshots.csv.gz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BadRowError, match="cut off"):
        load_catalogue(tables_dir=folder)


def test_a_malformed_row_is_named(folder: Path) -> None:
    path = folder / "litellm_snapshots.csv.gz"
    path.write_bytes(gzip.compress(LITELLM.replace("5.0,15.0", "5.0,lots").encode()))
    with pytest.raises(BadRowError, match=r"row 6.*lots"):
        load_catalogue(tables_dir=folder)


def test_a_malformed_map_row_is_named(folder: Path) -> None:
    (folder / "model_price_map.csv").write_text(MAP + "alpha,Ibis,key,2024-01-01,cheap,0.1\n")
    with pytest.raises(BadRowError, match=r"row 5.*cheap"):
        load_catalogue(tables_dir=folder)
