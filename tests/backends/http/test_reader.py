"""However the bytes of an answer are cut, the same response comes of them."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.backends.http.errors import BadResponseError
from gairp.backends.http.outgoing import Header
from gairp.backends.http.reader import Reader
from gairp.backends.http.response import Response

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1)
VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
FRAMES = ("length", "chunked", "end", "none")


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: list[Header]
    body: bytes
    frame: str
    wire: bytes
    bodiless: bool = False


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    frame = draw(st.sampled_from(FRAMES))
    status = draw(st.sampled_from((204, 304)) if frame == "none" else st.sampled_from((200, 404)))
    names = draw(st.lists(st.tuples(TOKEN, VALUE), max_size=4))
    headers = [(f"X-{name}".encode(), value.encode()) for name, value in names]
    parts = [] if frame == "none" else draw(st.lists(st.binary(min_size=1, max_size=300)))
    size = draw(st.sampled_from((0, 0, 0, 70_000)))  # at times past what the parser is shown
    if size and frame != "none":
        parts.append(b"z" * size)
    wire, body = _framed(frame, parts, headers, extension=draw(st.booleans()))
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * draw(st.integers(0, 2))
    head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    start = b"HTTP/1.1 %d Some Words\r\n" % status
    return Answer(status, headers, body, frame, early + start + head + b"\r\n" + wire)


def _framed(
    frame: str, parts: list[bytes], headers: list[Header], *, extension: bool
) -> tuple[bytes, bytes]:
    """The bytes after the head, and the body in them; adds the header that says so."""
    body = b"".join(parts)
    if frame == "length":
        headers.append((b"content-Length", b"%d" % len(body)))
    if frame != "chunked":
        return body, body
    headers.append((b"Transfer-Encoding", b"Chunked"))
    more = b";a=b" if extension else b""
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(part), more, part) for part in parts)
    return chunks + b"0\r\n" + (b"Trailer: x\r\n" if extension else b"") + b"\r\n", body


def read(wire: bytes, cuts: list[int], *, bodiless: bool = False) -> tuple[Reader, Response]:
    response = Response()
    reader = Reader(response, bodiless=bodiless, largest_head=65536, largest_body=2**20)
    edges = sorted({0, len(wire), *(cut % (len(wire) + 1) for cut in cuts)})
    for start, stop in pairwise(edges):
        reader.feed(wire[start:stop])
    return reader, response


def body_of(response: Response) -> bytes:
    return b"".join(response._pieces)


@settings(max_examples=300, deadline=None)
@given(answers(), st.lists(st.integers(0, 10**6), max_size=30), st.booleans())
def test_any_cut_gives_the_same_response(answer: Answer, cuts: list[int], every: bool) -> None:
    if every and len(answer.wire) < 2000:
        cuts = list(range(len(answer.wire)))
    reader, response = read(answer.wire, cuts)
    assert reader.complete is (answer.frame != "end")
    assert reader.end()
    assert (response.status, response.headers) == (answer.status, answer.headers)
    assert body_of(response) == answer.body
    assert response.received == len(answer.body)
    assert reader.reusable is (answer.frame != "end")


@settings(max_examples=100, deadline=None)
@given(answers(), st.lists(st.integers(0, 10**6), max_size=8), st.data())
def test_an_answer_cut_short_is_never_whole(
    answer: Answer, cuts: list[int], data: st.DataObject
) -> None:
    """But for one that ends with its connection, which cannot be told."""
    kept = data.draw(st.integers(0, len(answer.wire) - 1))
    reader, response = read(answer.wire[:kept], cuts)
    whole = reader.end()
    assert whole is (answer.frame == "end" and response.status > 0)
    assert answer.body.startswith(body_of(response))


@settings(max_examples=100, deadline=None)
@given(answers(), st.lists(st.integers(0, 10**6), max_size=8), st.binary(min_size=3, max_size=50))
def test_what_follows_an_answer_is_not_part_of_it(
    answer: Answer, cuts: list[int], more: bytes
) -> None:
    if answer.frame == "end" or not more.strip(b"\r\n"):
        return
    reader, response = read(answer.wire + more, [cut % len(answer.wire) for cut in cuts])
    assert (reader.complete, reader.reusable) == (True, False)
    assert body_of(response) == answer.body


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_noise_is_refused_or_waits_for_more(noise: bytes, cuts: list[int]) -> None:
    try:
        reader, response = read(noise, cuts)
    except BadResponseError:
        return
    assert response.status == 0
    assert not reader.end()


@pytest.mark.parametrize("cuts", [[], list(range(200))])
def test_an_answer_to_head_ends_with_its_head(cuts: list[int]) -> None:
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    reader, response = read(wire, cuts, bodiless=True)
    assert (reader.complete, reader.reusable, response.received) == (True, True, 0)
    reader, response = read(wire + b"0123456789", cuts, bodiless=True)
    assert (reader.complete, reader.reusable, body_of(response)) == (True, False, b"")
