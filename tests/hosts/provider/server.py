"""The fake provider as an HTTP/1.1 server on loopback: asyncio, so that a thousand slow calls wait in one thread."""

import asyncio
import contextlib
import json
import threading
from http import HTTPStatus
from typing import Any, Self

from tests.hosts.provider import faults
from tests.hosts.provider.answers import Response, answer, error, json_response, judged, text_in
from tests.hosts.provider.rules import DIALECTS, Dialect, fault_of
from tests.hosts.provider.state import State

_BACKLOG = 2048
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class FakeProvider:
    """A running fake provider; `state` tells it what to do and what it saw."""

    def __init__(self, state: State | None = None, port: int = 0) -> None:
        self.state = state or State()
        self._port = port
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fake provider", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the fake provider did not start"
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def port(self) -> int:
        return self._port

    def base_url(self, dialect: str) -> str:
        """What `--base-url` takes for this dialect."""
        return f"http://127.0.0.1:{self._port}{_named(dialect).base}"

    def _run(self) -> None:
        self._loop.run_until_complete(self.serve())
        self._loop.close()

    async def serve(self) -> None:
        """Serves until `__exit__`."""
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self._port, backlog=_BACKLOG)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        calls = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection is done with."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if path.startswith("/_"):
            await _send(writer, self._control(path, body))
            return True
        state = self.state
        state.requests.append({"method": method, "path": path, "headers": headers, "body": body})
        state.calls += 1
        state.in_flight += 1
        state.most_in_flight = max(state.most_in_flight, state.in_flight)
        try:
            return await self._call(method, path, headers, body, writer)
        finally:
            state.in_flight -= 1

    async def _call(
        self, method: str, path: str, headers: dict[str, str], raw: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        fault = self.state.fault()
        dialect = next((each for each in DIALECTS if path == each.base + each.path), None)
        response = self._respond(method, dialect, headers, raw, fault)
        if self.state.latency:
            await asyncio.sleep(self.state.latency)
        while self.state.held:
            await asyncio.sleep(0.1)
        self.state.answers[fault or str(response.status)] += 1
        if response.scored is not None and fault not in ("hang", "blank_forever", "closed"):
            self.state.scored[response.scored] += 1
        match fault:
            case "hang":
                await asyncio.Event().wait()
            case "blank_forever" | "blank_lines":
                await _blank_lines(writer, forever=fault == "blank_forever")
                writer.write(response.body)
            case "closed":
                return False
            case "cut_off":
                writer.write(_head(response) + response.body[:20])
            case _:
                await _send(writer, response)
        await writer.drain()
        return fault not in faults.ON_THE_WIRE

    def _respond(
        self, method: str, dialect: Dialect | None, headers: dict[str, str], raw: bytes, fault: str | None
    ) -> Response:
        if dialect is None or method != "POST":
            return json_response(404, {"error": {"message": "Not Found"}})
        if refused := self._refused(dialect, headers):
            return refused
        try:
            body: dict[str, Any] = json.loads(raw)
        except ValueError:
            return error(dialect, 400, "We could not parse the JSON body of your request.")
        if body.get("model") not in dialect.models - self.state.retired:
            return faults.failed("bad_model", self.state, dialect, body)
        if problem := fault_of(dialect, body):
            return error(dialect, 400, problem)
        if self.state.over_limit():
            return faults.failed("rate_limited", self.state, dialect, body)
        if fault is not None and fault not in faults.ON_THE_WIRE:
            return faults.failed(fault, self.state, dialect, body)
        text = text_in(body)
        if len(text) > self.state.longest:
            return faults.failed("too_long", self.state, dialect, body)
        scripted = next((reply for phrase, reply in self.state.replies.items() if phrase in text), None)
        if scripted is not None:
            return answer(dialect, body, scripted)
        good = answer(dialect, body, json.dumps(judged(self.state, text)), scored=text)
        limit = self.state.requests_per_minute
        if limit is not None:
            name = "anthropic-ratelimit-requests-limit" if dialect.is_anthropic else "x-ratelimit-limit-requests"
            good.headers[name] = str(limit)
        return good

    def _refused(self, dialect: Dialect, headers: dict[str, str]) -> Response | None:
        key = headers.get("x-api-key") if dialect.is_anthropic else None
        key = key or headers.get("authorization", "").removeprefix("Bearer ")
        if key not in self.state.keys and (dialect.key_needed or key):
            return faults.failed("bad_key", self.state, dialect, {})
        if headers.get("content-type", "").split(";")[0] != "application/json":
            return error(dialect, 415, "Expected request with `Content-Type: application/json`")
        if dialect.is_anthropic and headers.get("anthropic-version") not in ("2023-06-01", "2026-10-21"):
            return error(dialect, 400, "anthropic-version: header is required")
        return None

    def _control(self, path: str, body: bytes) -> Response:
        """For a fake provider in a process of its own: GET /_state, POST /_state with values to set."""
        for name, value in json.loads(body or b"{}").items():
            setattr(self.state, name, value)
        seen = {name: getattr(self.state, name) for name in ("calls", "in_flight", "most_in_flight", "answers")}
        scored = self.state.scored
        return json_response(200, {**seen, "scored": scored.total(), "texts": len(scored)})


def _named(name: str) -> Dialect:
    return next(dialect for dialect in DIALECTS if dialect.name == name)


def _head(response: Response) -> bytes:
    reason = _REASONS.get(response.status, "Overloaded")
    lines = [f"HTTP/1.1 {response.status} {reason}", f"content-length: {len(response.body)}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _send(writer: asyncio.StreamWriter, response: Response) -> None:
    writer.write(_head(response) + response.body)
    await writer.drain()


async def _blank_lines(writer: asyncio.StreamWriter, forever: bool) -> None:
    """What DeepSeek sends while it is busy: the head at once, then a blank line now and then."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n")
    while True:
        for _ in range(3):
            writer.write(b"\n")
            await writer.drain()
            await asyncio.sleep(0.02)
        if not forever:
            return
