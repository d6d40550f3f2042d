"""The application answers what it promises, and hostile requests with one line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

from motiflens.analyses.serve.app import make_app
from motiflens.analyses.serve.guard_requests import HEADERS
from motiflens.analyses.serve.limits import Limits
from motiflens.analyses.serve.served_run import ServedRun, open_runs
from motiflens.models.data.one_hot import encode, one_hot

SEQUENCE = "ACGTTGCATTGACCAGGTACCATTGCAACGGTACCAGTTTGCATGCAATTGGCCAACGTT"  # 60 bases
LIMITS = Limits(body_bytes=20_000, sequences=10, bases=5_000, per_client=4, waiting=3)


class Client:
    """Asks an application in this process, each request in a loop of its own."""

    def __init__(self, app: Any, base_url: str = "http://localhost:8000") -> None:
        self._app, self._base_url = app, base_url

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, path, **content)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self._send("GET", path)

    def post(self, path: str, **content: Any) -> httpx.Response:
        return self._send("POST", path, **content)


@pytest.fixture(scope="module")
def runs(run_folders: list[Path]) -> dict[str, ServedRun]:
    """The opened runs."""
    return open_runs(run_folders)


@pytest.fixture(scope="module")
def client(runs: dict[str, ServedRun]) -> Client:
    """A client of the application."""
    return Client(make_app(runs, limits=LIMITS))


def _ask(client: Client, **content: Any) -> Any:
    return client.post("/api/predict", json={"run": "tbinet", "sequences": f">a\n{SEQUENCE}", **content})


def test_page_health_and_headers(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ready", "runs": 2}
    page = client.get("/")
    assert page.status_code == 200
    assert "Try a sequence" in page.text
    for name, value in HEADERS.items():
        assert page.headers[name] == value
    assert "http://" not in page.text.replace("http://www.w3.org", "")  # nothing from elsewhere
    for name in ("page.css", "page.js"):
        assert client.get(f"/static/{name}").status_code == 200


def test_runs_are_listed(client: Client) -> None:
    described = client.get("/api/runs").json()["runs"]
    assert [run["name"] for run in described] == ["tbinet", "deepbind"]
    assert described[0]["tasks"] == ["CTCF", "<b>REST</b>"]
    assert described[0]["attention"] == ["attention"]
    assert "attention_x_gradient" not in described[1]["methods"]


def test_predict_equals_the_model(client: Client, runs: dict[str, ServedRun]) -> None:
    """rtol 1e-5 in float32: six digits are sent."""
    (entry,) = _ask(client).json()
    with torch.no_grad():
        logits = runs["tbinet"].run.model(torch.from_numpy(one_hot(encode(SEQUENCE))[None]))
    expected = torch.sigmoid(logits.double())[0].tolist()
    assert entry["name"] == "a"
    np.testing.assert_allclose(list(entry["probabilities"].values()), expected, rtol=1e-5)
    assert list(entry["probabilities"]) == ["CTCF", "<b>REST</b>"]


def test_reverse_strand_is_the_reverse_complements(client: Client) -> None:
    turned = SEQUENCE[::-1].translate(str.maketrans("ACGT", "TGCA"))
    entry, other = _ask(client, sequences=f">a\n{SEQUENCE}\n>b\n{turned}").json()
    assert entry["strands"]["CTCF"]["minus"] == pytest.approx(other["strands"]["CTCF"]["plus"], rel=1e-5)


def test_long_and_short_sequences(client: Client) -> None:
    """Windows start every half window, the last one ends where the sequence ends; short ones lie amid N."""
    long, short = _ask(client, sequences=f">long\n{SEQUENCE * 2}ACGTA\n>short\nacgu n\n").json()
    assert (long["windows"], long["bases"]) == (4, 125)
    assert (short["windows"], short["bases"]) == (1, 5)


def test_stream_tells_how_far_it_is(runs: dict[str, ServedRun]) -> None:
    client = Client(make_app(runs))
    answer = _ask(client, sequences=f">a\n{SEQUENCE * 40}\n>b\n{SEQUENCE}", stream=True)
    steps = [json.loads(line) for line in answer.text.splitlines()]
    assert [step["windows"] for step in steps if "progress" in step] == [64]
    assert [step["name"] for step in steps if "name" in step] == ["a", "b"]


def test_explain_adds_up_to_the_bases_that_were_sent(client: Client) -> None:
    content = {"run": "tbinet", "sequence": SEQUENCE[:51], "task": "CTCF", "method": "input_x_gradient"}
    found = client.post("/api/explain", json=content).json()
    assert len(found["scores"]) == 51
    assert found["letters"] == SEQUENCE[:51]
    attention = found["attention"]
    assert sum(attention["weight"]) == pytest.approx(1, rel=1e-4)
    assert np.diff(attention["start"]).tolist() == [5] * (len(attention["start"]) - 1)
    assert attention["start"][0] == -4  # 51 bases lie four bases into the window of 60
    assert found["command"].startswith("interpret attribute tbinet --method input_x_gradient")


def test_explain_finds_a_planted_motif(client: Client) -> None:
    planted = SEQUENCE[:20] + "TGGCCACCAGGGGGCGCTA" + SEQUENCE[39:]
    found = client.post("/api/explain", json={"run": "tbinet", "sequence": planted}).json()
    best = found["motifs"][0]
    assert best["name"] == "CTCF"
    assert 15 <= best["start"] < best["end"] <= 45


def test_a_mutation_changes_the_logit_as_the_model_does(client: Client, runs: dict[str, ServedRun]) -> None:
    changed = SEQUENCE[:30] + ("A" if SEQUENCE[30] != "A" else "C") + SEQUENCE[31:]
    logits = [
        client.post("/api/explain", json={"run": "tbinet", "sequence": letters}).json()["logit"]
        for letters in (SEQUENCE, changed)
    ]
    with torch.no_grad():
        x = np.stack([one_hot(encode(letters)) for letters in (SEQUENCE, changed)])
        expected = runs["tbinet"].run.model(torch.from_numpy(x))[:, 0]
    assert logits[1] - logits[0] == pytest.approx(float(expected[1] - expected[0]), abs=1e-5)


HOSTILE: list[tuple[Any, int]] = [
    (b"", 400),
    (b"\x00\x01\xff", 400),
    (b"[]", 400),
    (b"null", 400),
    (b"{", 400),
    (b"[" * 10_000, 400),
    (b'{"run": "tbinet"}', 400),
    (b'{"run": 3, "sequences": "ACGT"}', 400),
    (b'{"run": null, "sequences": "ACGT"}', 400),
    (b'{"run": "../tbinet", "sequences": "ACGT"}', 404),
    (b'{"run": "/etc/passwd", "sequences": "ACGT"}', 404),
    (b'{"run": "tbinet\\u0000", "sequences": "ACGT"}', 404),
    (b'{"run": "<script>alert(1)</script>", "sequences": "ACGT"}', 404),
    (b'{"run": "tbinet", "sequences": 7}', 400),
    (b'{"run": "tbinet", "sequences": ["ACGT"]}', 400),
    ({"run": "tbinet", "sequences": ""}, 400),
    ({"run": "tbinet", "sequences": "   \n\n"}, 400),
    ({"run": "tbinet", "sequences": ">a\n"}, 400),
    ({"run": "tbinet", "sequences": ">a\n>b\nACGT"}, 400),
    ({"run": "tbinet", "sequences": "ACGT!"}, 400),
    ({"run": "tbinet", "sequences": "ACG\x00T"}, 400),
    ({"run": "tbinet", "sequences": "<img src=x onerror=alert(1)>"}, 400),
    ({"run": "tbinet", "sequences": "ACGÄ"}, 400),
    ({"run": "tbinet", "sequences": "😀"}, 400),
    ({"run": "tbinet", "sequences": "../../etc/passwd"}, 400),
    ({"run": "tbinet", "sequences": "A" * 5_001}, 413),
    ({"run": "tbinet", "sequences": ">a\nACGT\n" * 11}, 413),
    ({"run": "tbinet", "sequences": "A" * 30_000}, 413),
]
EXPLAIN: list[tuple[Any, int]] = [
    ({}, 400),
    ({"run": "tbinet", "sequence": "ACGT", "method": "rm -rf"}, 400),
    ({"run": "tbinet", "sequence": "ACGT", "method": 1}, 400),
    ({"run": "deepbind", "sequence": "ACGT", "method": "attention_x_gradient"}, 400),
    ({"run": "tbinet", "sequence": "ACGT", "task": "none"}, 404),
    ({"run": "tbinet", "sequence": "ACGT", "start": -1}, 400),
    ({"run": "tbinet", "sequence": "ACGT", "start": 1e99}, 400),
    ({"run": "tbinet", "sequence": "ACGT", "start": True}, 400),
    ({"run": "tbinet", "sequence": "ACGT", "start": "0"}, 400),
    ({"run": "tbinet", "sequence": ">a\nACGT\n>b\nACGT"}, 400),
    ({"run": "tbinet", "sequence": "ACGT", "name": 5}, 400),
]
LOCUS: list[tuple[Any, int]] = [
    ({"run": "tbinet", "locus": "chr1"}, 400),
    ({"run": "tbinet", "locus": "chr1:9-1"}, 400),
    ({"run": "tbinet", "locus": "chr1:0-99999999"}, 413),
    ({"run": "tbinet", "locus": "../../etc:1-20"}, 404),
]


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [("/api/predict", *case) for case in HOSTILE]
    + [("/api/explain", *case) for case in EXPLAIN]
    + [("/api/locus", *case) for case in LOCUS],
)
def test_hostile_requests_get_one_line(client: Client, path: str, content: Any, status: int) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = client.post(path, content=body)
    assert answer.status_code == status
    message = answer.json()["error"]
    assert message
    assert "\n" not in message
    assert "Traceback" not in answer.text


def test_path_like_names_reach_no_file(client: Client) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e%2fapp.py", "/static/page.html", "/../../etc/passwd"):
        assert client.get(path).status_code in (404, 405)


def test_foreign_host_names_are_refused(runs: dict[str, ServedRun]) -> None:
    assert Client(make_app(runs), "http://evil.example").get("/healthz").status_code == 421
    assert Client(make_app(runs, hosts=None), "http://evil.example").get("/healthz").status_code == 200


def test_names_are_cut_and_cleaned(client: Client) -> None:
    (entry,) = _ask(client, sequences=">" + "x" * 500 + "\nACGT").json()
    assert entry["name"] == "x" * 120
    (entry,) = _ask(client, sequences=">\x1b[31mred\nACGT").json()
    assert entry["name"] == "[31mred"


def test_many_clients_at_once_are_served_or_told_to_wait(runs: dict[str, ServedRun]) -> None:
    """Each of 50 gets its own answer, or 429 or 503 at once; nothing hangs and nothing is mixed up."""
    app = make_app(runs, limits=Limits(per_client=30, waiting=5))
    sequences = ["ACGT"[i % 4] * 10 + SEQUENCE[: 20 + i % 30] for i in range(50)]

    async def all_of_them() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            asks = [
                client.post("/api/predict", json={"run": "tbinet", "sequences": f">n{i}\n{letters}"})
                for i, letters in enumerate(sequences)
            ]
            return list(await asyncio.gather(*asks))

    answers = asyncio.run(all_of_them())
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {200, 429, 503}
    assert 200 in statuses
    assert 503 in statuses
    for number, answer in enumerate(answers):
        if answer.status_code == 200:
            assert answer.json()[0]["name"] == f"n{number}"
        else:
            assert answer.json()["error"]


def test_a_slow_body_is_given_up(runs: dict[str, ServedRun]) -> None:
    app = make_app(runs, limits=Limits(read_seconds=0.05))

    async def slowly() -> Any:
        yield b'{"run": '
        await asyncio.sleep(1)
        yield b'"tbinet"}'

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/api/predict", content=slowly())

    assert asyncio.run(ask()).status_code == 408


def test_long_work_is_stopped_in_time(runs: dict[str, ServedRun]) -> None:
    answer = _ask(Client(make_app(runs, limits=Limits(seconds=1e-9))), sequences=SEQUENCE * 400)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_limits_must_allow_something(value: float) -> None:
    with pytest.raises(ValueError, match="expected a number above 0"):
        Limits(seconds=value)


def test_runs_of_one_name_are_numbered(run_folders: list[Path]) -> None:
    assert list(open_runs([run_folders[0], run_folders[0]])) == ["tbinet", "tbinet-2"]
    with pytest.raises(ValueError, match="no run is given"):
        open_runs([])
