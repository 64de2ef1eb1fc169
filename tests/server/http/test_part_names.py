"""What clients of other languages call their files, in the bytes that they send."""

from pathlib import Path

import pytest

from serving import Server, server, wait_until
from voxcor.server.http.part_names import part_name

__all__ = ["server"]

BOUNDARY = b"----names"

# The parameters as each library writes them, and the name that is meant.
SENT = {
    "curl": ('filename="通话 1.wav"'.encode(), "通话 1.wav"),
    "curl, a quote": (rb'filename="a \"call\".wav"', 'a "call".wav'),
    "Chromium, Firefox": ('filename="a %22call%22 😠.wav"'.encode(), 'a "call" 😠.wav'),
    "a line end": (b'filename="a%0D%0Ab.wav"', "a  b.wav"),
    "a percent sign": (b'filename="100%25 sure.wav"', "100%25 sure.wav"),
    ".NET": (
        b"filename=\"=?utf-8?B?6YCa6K+dIDEud2F2?=\"; filename*=utf-8''%E9%80%9A%E8%AF%9D%201.wav",
        "通话 1.wav",
    ),
    ".NET, unquoted": (
        b"filename==?utf-8?B?6YCa6K+dIDEud2F2?=; filename*=utf-8''%E9%80%9A%E8%AF%9D%201.wav",
        "通话 1.wav",
    ),
    "an encoded word alone": (b'filename="=?utf-8?B?6YCa6K+dIDEud2F2?="', "通话 1.wav"),
    "encoded words": (b'filename="=?UTF-8?Q?caf=C3=A9_?= =?utf-8?b?6YCa?="', "café 通"),
    "one that is none": (b'filename="=?utf-8?B?!!!?="', "=?utf-8?B?!!!?="),
    "of no charset": (b'filename="=?x-klingon?Q?a=2Ewav?="', "a.wav"),
    "Apache HttpClient, extended": (
        b'filename="?? 1.wav"; filename*="UTF-8\'\'%E9%80%9A%E8%AF%9D%201.wav"',
        "通话 1.wav",
    ),
    "requests, urllib3 1": (b"filename*=utf-8''%E9%80%9A%E8%AF%9D%201.wav", "通话 1.wav"),
    "in pieces": (b"filename*0*=utf-8''%E9%80%9A%E8; filename*1*=%AF%9D; filename*2=.w", "通话.w"),
    "in plain pieces": (b'filename*0="a long "; filename*1="name.wav"', "a long name.wav"),
    "Latin-1, declared": (b"filename*=iso-8859-1'fr'caf%E9.wav", "café.wav"),
    "GBK, declared": (b"filename*=GBK''%CD%A8%BB%B0.wav", "通话.wav"),
    "no charset": (b"filename*=''%E9%80%9A.wav", "通.wav"),
    "nothing of it": (b"filename=\"a.wav\"; filename*=utf-8''", "a.wav"),
    "GBK": (b'filename="' + "通话录音.wav".encode("gbk") + b'"', "通话录音.wav"),
    "Latin-1": (b'filename="caf\xe9.wav"', "café.wav"),
    "UTF-8 twice": (b'filename="' + "通话".encode().decode("latin-1").encode() + b'"', "通话"),
    "UTF-8 of Latin-1": ('filename="café.wav"'.encode(), "café.wav"),
    "Internet Explorer": (rb'filename="C:\Users\me\call.wav"', "call.wav"),
    "a path": (b'filename="calls/2024/call.wav"', "call.wav"),
    "a path, encoded": (b"filename*=utf-8''..%2F..%2Fetc%2Fcall%00.wav", "call.wav"),
    "a share": (rb'filename="\\server\calls\call.wav"', "call.wav"),
    "directions of writing": ('filename="a\u202egnp.wav"'.encode(), "agnp.wav"),
    "a semicolon": (b'filename="a; filename=b.wav"', "a; filename=b.wav"),
    "an asterisk": (b'filename="filename*=x.wav"', "filename*=x.wav"),
    "bare": (b"filename=call.wav", "call.wav"),
    "empty": (b'filename=""', "upload"),
    "dots": (b'filename=".."', "upload"),
}


def disposition(parameters: bytes) -> bytes:
    return b'form-data; name="file"' + (b"; " + parameters if parameters else b"")


@pytest.mark.parametrize("client", SENT)
def test_a_name_is_what_its_sender_means(client: str) -> None:
    parameters, name = SENT[client]
    assert part_name(disposition(parameters)) == name
    # .NET names the part after the file, and without quotes.
    assert part_name(b"form-data; " + parameters + b"; name=file") == name


def test_a_number_without_end_is_no_name() -> None:
    assert part_name(disposition(b"filename*" + b"9" * 5000 + b"=x")) is None
    assert part_name(disposition(b"")) is None


def form(*parameters: bytes) -> dict[str, object]:
    parts = [
        b"--" + BOUNDARY + b"\r\nContent-Disposition: " + disposition(of) + b"\r\n\r\nno audio\r\n"
        for of in parameters
    ]
    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    content = b"".join([*parts, b"--" + BOUNDARY + b"--\r\n"])
    return {"content": content, "headers": {"Content-Type": kind}}


def test_recordings_of_a_job_have_the_names_that_were_meant(server: Server) -> None:
    answer = server.post("/v1/jobs", **form(*(parameters for parameters, _ in SENT.values())))
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"]
    wait_until(lambda: server.get(place).json()["state"] == "done")
    items = server.get(f"{place}/items?limit=500").json()["items"]
    assert [item["path"] for item in items] == [name for _, name in SENT.values()]


@pytest.mark.parametrize("client", [".NET", "requests, urllib3 1", "Chromium, Firefox", "empty"])
def test_a_recording_has_the_name_that_was_meant(server: Server, client: str) -> None:
    parameters, name = SENT[client]
    problem = server.post("/v1/recognize", **form(parameters)).json()
    assert (problem["code"], problem["details"]["name"]) == ("not_audio", name)


def test_names_of_files_that_are_no_text_arrive(server: Server, tmp_path: Path) -> None:
    from voxcor import Client

    paths = [tmp_path / name for name in ("50%22.wav", 'a "call"; b.wav', "=?utf-8?B?6YCa?=.wav")]
    for path in paths:
        path.write_bytes(b"no audio")
    with Client(server.url) as client:
        job = client.submit(paths).wait()
        assert [failure.path for failure in job.results()] == [path.name for path in paths]
