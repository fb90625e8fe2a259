"""Who gets in, by what name, to what path; over a real socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.serving import builders
from tests.serving.builders import AT
from tests.serving.running import Running
from tests.serving.test_predict import PATH, error, good_row
from tests.waiting import until

from shopfloor.serving import tokens
from shopfloor.serving.hosts import HostRule, host_of

PATHS = ("/v1/models", "/v1/models/late-arrival", "/metrics", "/openapi.json", "/nowhere")


def raw(server: Running, request: bytes) -> bytes:
    """What the server answers to exact bytes, up to its end or half a second of silence after it began."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as link:
        link.sendall(request)
        answer = b""
        try:
            while chunk := link.recv(65536):
                answer += chunk
                link.settimeout(0.5)
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


@pytest.mark.parametrize("path", [*PATHS, PATH])
@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
    ],
)
def test_nothing_without_a_token(server: Running, path: str, credentials: dict[str, str]) -> None:
    response = httpx.request("POST" if path == PATH else "GET", server.url + path, headers=credentials, json={})
    found = error(response, 401 if response.status_code != 429 else 429)
    assert found["code"] in {"unauthorized", "too_many_failures"}


def test_a_missing_token_says_how_to_get_one(server: Running) -> None:
    response = httpx.get(server.url + "/v1/models")
    assert response.headers["www-authenticate"] == "Bearer"
    assert "shopfloor token create" in error(response, 401)["hint"]


def test_a_revoked_token_is_worthless_at_once(server: Running) -> None:
    secret = builders.token(server.layout, "leaver")
    with server.client(secret) as client:
        until(lambda: client.get("/v1/models").status_code == 200)
        tokens.revoke("leaver", server.layout.tokens, AT)
        until(lambda: client.get("/v1/models").status_code == 401)
        assert client.post(PATH, json={"row": good_row()}).status_code in {401, 429}


def test_two_authorisations_are_none(server: Running) -> None:
    headers = [("Authorization", f"Bearer {server.token}"), ("Authorization", "Bearer x")]
    assert httpx.get(server.url + "/v1/models", headers=headers).status_code == 401


def test_guessing_is_slowed_down_but_never_the_holder(server: Running) -> None:
    with httpx.Client(base_url=server.url, headers={"Authorization": "Bearer x"}) as guesser:
        codes = [guesser.get("/metrics").status_code for _ in range(60)]
    assert set(codes) <= {401, 429}
    assert codes[-1] == 429
    with server.client() as client:
        assert client.get("/metrics").status_code == 200


def test_the_token_file_is_private_and_the_secret_nowhere(server: Running) -> None:
    assert server.layout.tokens.stat().st_mode & 0o777 == 0o600
    process = Path(f"/proc/{server.process.pid}")
    for name in ("cmdline", "environ"):
        assert server.token.encode() not in (process / name).read_bytes()


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:80", "localhost.evil.com", "127.0.0.1.evil.com", "", "localhost:x", "10.0.0.1", "[::1"],
)
def test_foreign_hosts_are_refused(server: Running, host: str) -> None:
    for path in ("/health", "/v1/models"):
        with server.client(Host=host) as client:
            assert error(client.get(path), 403)["code"] == "host_refused"


def test_our_own_hosts_are_not(server: Running) -> None:
    for host in ("localhost", f"LOCALHOST:{server.port}", "127.0.0.1", "[::1]:80", "localhost."):
        with server.client(Host=host) as client:
            assert client.get("/health").status_code == 200


def test_requests_of_web_pages_are_refused(server: Running, client: httpx.Client) -> None:
    for origin in ("http://evil.com", "null", server.url):
        response = client.post(PATH, json={"row": good_row()}, headers={"Origin": origin})
        assert error(response, 403)["code"] == "origin_refused"
        assert "access-control-allow-origin" not in response.headers
    assert error(httpx.get(server.url + "/health", headers={"Origin": "http://evil.com"}), 403)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonx"]
)
def test_only_json_is_read(client: httpx.Client, kind: str) -> None:
    """A page can send these without asking the browser's permission first."""
    content = json.dumps({"row": good_row()}).encode()
    response = client.post(PATH, content=content, headers={"Content-Type": kind})
    assert error(response, 415)["code"] == "media_type"


def test_json_with_a_charset_is_json(client: httpx.Client) -> None:
    content = json.dumps({"row": good_row()}).encode()
    assert client.post(PATH, content=content, headers={"Content-Type": "Application/JSON; charset=utf-8"}).is_success
    zipped = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert error(client.post(PATH, content=content, headers=zipped), 415)


def test_an_unknown_model_names_the_nearest(client: httpx.Client) -> None:
    for response in (
        client.post("/v1/models/late-arival/predict", json={"row": {}}),
        client.get("/v1/models/late-arival"),
    ):
        found = error(response, 404)
        assert found["code"] == "model_not_found"
        assert "'late-arrival'" in found["hint"]


HOSTILE = (
    "..",
    "../../etc/passwd",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%252e%252e%252f",
    "..%5c..%5c",
    "%00",
    "late-arrival%00",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "tokens",
    "TOKENS",
    ".tokens",
    "late-arrival/../tokens",
    "late-arrival.json",
    "%c0%ae%c0%ae",
    "%ff",
    "a" * 5000,
    "é",
    "%0d%0aX:y",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_model_names_reach_no_file(server: Running, name: str) -> None:
    for method, tail in ((b"GET", b""), (b"POST", b"/predict")):
        head = b"%s /v1/models/%s%s HTTP/1.1\r\nHost: localhost\r\n" % (method, name.encode(), tail)
        rest = f"Authorization: Bearer {server.token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        answer = raw(server, head + rest.encode() + b"Connection: close\r\n\r\n{}")
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404")), answer[:200]
        assert b"sha256" not in answer
        assert b"root:" not in answer
        assert b"Traceback" not in answer


segments = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=60, deadline=None)
@given(segments)
@example("late-arrival")
def test_no_name_breaks_the_server(server: Running, name: str) -> None:
    with server.client() as client:
        response = client.get(httpx.URL(server.url).copy_with(raw_path=b"/v1/models/" + quoted(name)))
        expected = {200} if name == "late-arrival" else {400, 404}
        assert response.status_code in expected or (name == "" and response.status_code == 200)


def quoted(name: str) -> bytes:
    from urllib.parse import quote

    return quote(name, safe="").encode()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.com\r\n\r\n",
        (
            b"POST /v1/models/x/predict HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        b"POST /v1/models/x/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /v1/models/x/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_malformed_http_gets_a_4xx(server: Running, request_bytes: bytes) -> None:
    answer = raw(server, request_bytes)
    assert answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert b"Traceback" not in answer


def test_endless_headers_are_cut_off(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as link:
        link.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
        with pytest.raises(OSError):  # noqa: PT011  (reset or broken pipe, as the kernel sees fit)
            send_for_ever(link)


def send_for_ever(link: socket.socket) -> None:
    for _ in range(3000):
        link.sendall(b"a" * 65536)


def test_wrong_methods_and_paths(client: httpx.Client) -> None:
    assert error(client.post("/v1/models/late-arrival"), 405)["code"] == "method"
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = client.request(method, PATH)
        assert error(answer, 405)["code"] == "method"
        assert answer.headers["allow"] == "POST"
    assert error(client.get("/v1/models/nowhere"), 404)["code"] == "model_not_found"
    assert error(client.post("/v1/models/nowhere/predict", json={"row": {}}), 404)["code"] == "model_not_found"
    assert error(client.get("/nowhere"), 404)["code"] == "no_such_path"
    assert error(client.get("/v1/models/"), 400)["code"] == "bad_name"


def test_host_rules() -> None:
    local = HostRule("127.0.0.1", ["Models.Bank.Example"])
    assert local.allows("models.bank.example:8080")
    assert not local.allows("192.168.1.5")
    public = HostRule("0.0.0.0")
    assert public.allows("192.168.1.5:8080")
    assert public.allows("[fe80::1]:80")
    assert not public.allows("evil.com")


@settings(deadline=None)
@given(st.text())
def test_any_host_header_can_be_read(header: str) -> None:
    host = host_of(header)
    assert host == host.lower() or not host.isascii()


def test_listening_is_loopback_by_default(server: Running) -> None:
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert f"0100007F:{server.port:04X}" in listening
    assert f"00000000:{server.port:04X}" not in listening
