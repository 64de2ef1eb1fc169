"""Ray Serve on a local Ray: the same recogniser behind several replicas."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from places import VOICE
from serving import TIMEOUT_S, wait_until
from voxcor.recognizer import Recognizer

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
serve = pytest.importorskip("ray.serve", reason="the extra `ray` is not installed")

# Ray leaves sockets and files of its own to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from voxcor.server.ray_serve import build

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOXCOR_HOME", str(tmp_path_factory.mktemp("replicas")))
        patch.setenv("VOXCOR_THREADS", "1")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        try:
            serve.start(http_options={"host": "127.0.0.1", "port": 18_000})
            serve.run(build({"replicas": "2"}), name="voxcor", route_prefix="/")
            yield "http://127.0.0.1:18000"
        finally:
            serve.shutdown()
            ray.shutdown()


def test_replicas_answer_as_the_recognizer_does(url: str) -> None:
    files = {"file": ("call.flac", VOICE.read_bytes())}

    def ask(_: int) -> httpx2.Response:
        return httpx2.post(f"{url}/v1/recognize", files=files, timeout=TIMEOUT_S, trust_env=False)

    wait_until(lambda: httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200, "ready")
    expected = Recognizer(threads=1).recognize(VOICE)
    with ThreadPoolExecutor(6) as threads:
        for response in threads.map(ask, range(12)):
            assert response.status_code == 200
            assert response.json()["scores"] == pytest.approx(dict(expected.scores), abs=1e-4)


def test_errors_are_those_of_one_machine(url: str) -> None:
    files = {"file": ("call.txt", b"text")}
    response = httpx2.post(f"{url}/v1/recognize", files=files, timeout=TIMEOUT_S, trust_env=False)
    assert (response.status_code, response.json()["code"]) == (415, "not_audio")
    wanted = {"embedding": "true"}
    files = {"file": ("call.flac", VOICE.read_bytes())}
    response = httpx2.post(
        f"{url}/v1/recognize", files=files, data=wanted, timeout=TIMEOUT_S, trust_env=False
    )
    assert (response.status_code, response.json()["code"]) == (422, "usage")
