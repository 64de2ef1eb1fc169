"""`voxcor serve`."""

import sys
from typing import Annotated

import typer

from voxcor.extras import require_extra
from voxcor.language import say

HELP = say("Serve the page and the API.", "启动网页与 API 服务。")


def serve(
    host: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help=say(
                "The address to listen on; others than this machine need VOXCOR_API_KEY.",
                "监听地址；对本机以外开放时须设置 VOXCOR_API_KEY。",
            ),
            show_default="127.0.0.1",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=65535,
            help=say("The port; 0 takes a free one.", "端口；0 表示任意空闲端口。"),
            show_default="7860",
        ),
    ] = None,
) -> None:
    from voxcor.settings import Settings

    require_extra("server", ("fastapi",), "The server", "服务器")
    from voxcor.server.process import run

    given = {"host": host, "port": port}
    given = {name: value for name, value in given.items() if value is not None}
    run(Settings().model_copy(update=given), _announce)


def _announce(url: str) -> None:
    print(say(f"Voxcor is at {url}", f"心声已启动：{url}"), file=sys.stderr)
    print(say("Stop it with Ctrl+C.", "按 Ctrl+C 停止。"), file=sys.stderr)
