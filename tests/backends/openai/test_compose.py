"""Bodies are made from the request and the arm's recipe, and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from gairp.backends.openai.compose import compose
from gairp.errors import ConfigError
from gairp.types import Arm, Request

USER = {"role": "user", "content": "2 + 2?"}


def body(
    *messages: dict[str, Any], recipe: dict[str, Any] | None = None, **params: Any
) -> dict[str, Any]:
    request = Request(
        id="r", messages=messages or (USER,), params=params, examples=(("1 + 1?", "2"), ("x", "y"))
    )
    return compose(request, Arm(name="a", model="m", recipe=recipe or {}), default_max_tokens=9)


def test_a_bare_arm_adds_only_its_model_and_the_limit() -> None:
    assert body() == {"model": "m", "messages": [USER], "max_tokens": 9}


def test_params_of_the_request_win() -> None:
    made = body(recipe={"params": {"temperature": 0.7, "top_p": 0.9}}, temperature=0.0)
    assert (made["temperature"], made["top_p"]) == (0.0, 0.9)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_the_limit_goes_by_any_name(name: str) -> None:
    request = Request(id="r", messages=(USER,), params={name: 3})
    for field in ("max_tokens", "max_completion_tokens"):
        made = compose(
            request,
            Arm(name="a", model="m", recipe={"params": {"max_tokens": 5}}),
            default_max_tokens=9,
            max_tokens_field=field,
        )
        assert made == {"model": "m", "messages": [USER], field: 3}


def test_the_limit_of_the_recipe_goes_before_the_default() -> None:
    assert body(recipe={"params": {"max_completion_tokens": 5}})["max_tokens"] == 5
    assert body(max_tokens=None)["max_tokens"] == 9
    request = Request(id="r", messages=(USER,))
    assert "max_tokens" not in compose(request, Arm(name="a", model="m"))


def test_the_backend_keeps_what_is_its_own() -> None:
    made = body(stream=True, stream_options={"a": 1}, model="other", messages=[])
    assert made == {"model": "m", "messages": [USER], "max_tokens": 9}


def test_unknown_fields_and_extra_body_pass() -> None:
    made = body(recipe={"params": {"extra_body": {"top_k": 4}}}, extra_body={"x": [1]}, y=None)
    assert (made["top_k"], made["x"], made["y"]) == (4, [1], None)
    assert "extra_body" not in made


def test_system_text_only_where_there_is_none() -> None:
    ours = {"role": "system", "content": "Be brief."}
    assert body(recipe={"system": "Be brief."})["messages"] == [ours, USER]
    for role in ("system", "developer"):
        theirs = {"role": role, "content": "Be verbose."}
        assert body(theirs, USER, recipe={"system": "Be brief."})["messages"] == [theirs, USER]
        assert body(USER, theirs, recipe={"system": "Be brief."})["messages"] == [USER, theirs]


def test_shots_come_between_system_and_conversation() -> None:
    system = {"role": "system", "content": "s"}
    made = body(system, USER, recipe={"shots": 1})["messages"]
    assert made == [
        system, {"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "2"}, USER,
    ]  # fmt: skip
    assert len(body(recipe={"shots": 5})["messages"]) == 5


def test_the_last_user_message_is_asked() -> None:
    earlier = {"role": "user", "content": "Hello"}
    said = {"role": "assistant", "content": "Hi"}
    made = body(earlier, said, USER, recipe={"ask": "Q: {prompt}\nThink {first}."})["messages"]
    assert made == [earlier, said, {"role": "user", "content": "Q: 2 + 2?\nThink {first}."}]
    assert USER["content"] == "2 + 2?"


def test_parts_keep_their_images() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts = {"role": "user", "content": [{"type": "text", "text": "What?"}, image]}
    (made,) = body(parts, recipe={"ask": "Q: {prompt}"})["messages"]
    assert made["content"] == [{"type": "text", "text": "Q: What?"}, image]
    (made,) = body({"role": "user", "content": [image]}, recipe={"ask": "Q: {prompt}"})["messages"]
    assert made["content"] == [image]
    tool = {"role": "tool", "content": "3"}
    assert body(tool, recipe={"ask": "{prompt}"})["messages"] == [tool]


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"ask": "no hole"}, "recipe.ask of arm 'a' is 'no hole'"),
        ({"shots": "many"}, "recipe.shots of arm 'a' is 'many'"),
        ({"shots": -1}, "recipe.shots of arm 'a'"),
        ({"params": [1]}, "recipe.params of arm 'a'"),
    ],
)
def test_a_recipe_that_cannot_be_followed(recipe: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        body(recipe=recipe)


def test_a_template_may_name_fields_of_the_request() -> None:
    arm = Arm(name="a", model="m", recipe={"ask": "{question}\nEnd with {hint}, {prompt} {other}"})
    fields = {"question": "2 + {hint}?", "hint": "the number"}
    request = Request(id="r", messages=(USER,), fields=fields)
    (message,) = compose(request, arm)["messages"]
    # What a field holds is no template, and a name that nobody knows stays.
    assert message["content"] == "2 + {hint}?\nEnd with the number, 2 + 2? {other}"


def test_a_conversation_that_goes_on_has_the_recipe_already() -> None:
    recipe = {"system": "Be brief.", "shots": 1, "ask": "Q: {prompt}", "params": {"top_p": 0.5}}
    turns = (USER, {"role": "assistant", "content": "4"}, {"role": "user", "content": "Sure?"})
    arm = Arm(name="a", model="m", recipe=recipe)
    made = compose(Request(id="r", messages=turns, continued=True), arm)
    assert made == {"model": "m", "messages": list(turns), "top_p": 0.5}
