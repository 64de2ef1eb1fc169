"""`/v1/rules`: the saved rules, and what watches by them while the server runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from voxcor.errors import NoSuchRule, UsageError, WebhookInvalid
from voxcor.rules.book import RuleBook, SavedRule
from voxcor.rules.grammar import parse
from voxcor.rules.watching import Rule
from voxcor.rules.webhooks import LONGEST_URL, Webhook, new_secret
from voxcor.server.rules.engine import RuleEngine, rule_engine_of
from voxcor.server.schemas import problems
from voxcor.server.service import Service, service_of


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = RuleEngine(app.state.service.settings)
    app.state.engine = engine
    service: Service = app.state.service
    service.listeners.append(engine.evaluate_result)
    service.in_background(_end_feed(engine, service.draining))
    try:
        yield
    finally:
        await asyncio.to_thread(engine.close)


async def _end_feed(engine: RuleEngine, draining: asyncio.Event) -> None:
    await draining.wait()
    engine.firings.close()


router = APIRouter(prefix="/v1", tags=["rules"], lifespan=_lifespan)


class WebhookForm(BaseModel):
    """Where firings go. Only who may write rules says where: nothing in a recording can."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        max_length=LONGEST_URL,
        description="http or https；redirects are not followed. · 不跟随重定向。",
    )
    secret: str | None = Field(
        None,
        max_length=LONGEST_URL,
        description="whsec_ and base64 of 24-64 bytes; without, the old one is kept or one is "
        "made. · 不提供则沿用原密钥，或自动生成。",
    )


class RuleForm(BaseModel):
    """A rule, and where its firings go beside GET /v1/events."""

    model_config = ConfigDict(extra="forbid")

    rule: str = Field(
        description="Such as angry > 0.6 for 3 s; docs/rules.md has the grammar. · "
        "如 angry > 0.6 for 3 s；语法见 docs/rules.zh.md。"
    )
    webhook: WebhookForm | None = None


class RuleText(BaseModel):
    """A rule to be read."""

    model_config = ConfigDict(extra="forbid")

    rule: str


class RuleRead(BaseModel):
    """A rule as it was understood."""

    name: str
    rule: str
    condition: str
    labels: list[str]


class WebhookShown(BaseModel):
    """A webhook; its secret only in the answer to the request that made it."""

    url: str
    secret: str | None


class RuleShown(RuleRead):
    """A saved rule."""

    webhook: WebhookShown | None


class RuleList(BaseModel):
    """The saved rules, by name."""

    rules: list[RuleShown]


RuleName = Annotated[
    str,
    PathParameter(
        description="Letters, digits, - and _. · 字母、汉字、数字、- 和 _。",
        pattern=r"^[\w-]{1,64}$",
    ),
]


@router.get("/rules", summary="The saved rules · 已保存的规则", responses=problems(500))
async def list_rules(request: Request) -> RuleList:
    """By name. Secrets are not shown. · 按名称排序；不显示密钥。"""
    rules = await asyncio.to_thread(rule_engine_of(request).book.all)
    return RuleList(rules=[_shown(saved) for saved in rules])


@router.post("/rules/check", summary="Read a rule · 检查规则", responses=problems(422, 500))
async def check_rule(request: Request, text: RuleText) -> RuleRead:
    """What it was understood as; 422 says what is wrong and at which column.
    · 返回规则的解析结果；有误时返回 422，说明错误及所在列。
    """
    labels = await _labels(request)
    return await asyncio.to_thread(lambda: _read(parse(text.rule, labels)))


@router.get("/rules/{name}", summary="A saved rule · 一条规则", responses=problems(404, 422, 500))
async def get_rule(request: Request, name: RuleName) -> RuleShown:
    """Its secret is not shown. · 不显示密钥。"""
    return _shown(await asyncio.to_thread(rule_engine_of(request).book.get, name))


@router.put(
    "/rules/{name}",
    summary="Save a rule · 保存规则",
    responses={201: {"model": RuleShown}, **problems(422, 500, 507)},
)
async def put_rule(
    request: Request, response: Response, name: RuleName, form: RuleForm
) -> RuleShown:
    """Adds or replaces it; sessions that begin and results that come from now on are watched.
    · 新增或替换规则；此后开始的会话和得到的结果都会受其监测。

    Where a secret was made, the answer shows it, this once.
    · 若生成了密钥，仅在本次响应中显示。
    """
    labels = await _labels(request)
    engine = rule_engine_of(request)
    shown, is_new = await asyncio.to_thread(_save, engine, name, form, labels)
    response.status_code = 201 if is_new else 200
    return shown


@router.delete(
    "/rules/{name}",
    status_code=204,
    summary="Delete a rule · 删除规则",
    responses=problems(404, 422, 500),
)
async def delete_rule(request: Request, name: RuleName) -> None:
    """With its webhook and secret. · 连同其 webhook 和密钥一并删除。"""
    await asyncio.to_thread(rule_engine_of(request).book.delete, name)


async def _labels(request: Request) -> Sequence[str]:
    """Those of the default model, which the rules are checked against."""
    recognizers = service_of(request).recognizers
    return (await asyncio.to_thread(recognizers.get)).labels


def _save(
    engine: RuleEngine, name: str, form: RuleForm, labels: Sequence[str]
) -> tuple[RuleShown, bool]:
    """The rule as it was saved, and whether it is new."""
    book = engine.book
    rule = parse(form.rule, labels)
    if rule.name not in (name, rule.condition):
        raise UsageError(
            reason_en=f"The rule is named {rule.name}, its address {name}.",
            reason_zh=f"规则名为 {rule.name}，而地址中为 {name}。",
        )
    webhook, made = None, None
    if form.webhook is not None:
        secret = form.webhook.secret or _secret_of(book, name, form.webhook.url)
        if secret is None:
            secret = made = new_secret()
        webhook = Webhook(form.webhook.url, secret)
        if engine.allowed.refuses(urlsplit(webhook.url).hostname or ""):
            raise WebhookInvalid(
                url=webhook.url,
                reason_en="is no public address; whoever runs the server allows others with "
                "VOXCOR_WEBHOOK_HOSTS.",
                reason_zh="不是公网地址；服务器管理员可通过 VOXCOR_WEBHOOK_HOSTS 允许其他地址。",
            )
    saved = SavedRule(replace(rule, name=name), webhook)
    is_new = book.put(saved)
    return _shown(saved, made), is_new


def _secret_of(book: RuleBook, name: str, url: str) -> str | None:
    """The secret that the rule has already for this address."""
    try:
        webhook = book.get(name).webhook
    except NoSuchRule:
        return None
    return webhook.secret if webhook is not None and webhook.url == url else None


def _read(rule: Rule) -> RuleRead:
    return RuleRead(name=rule.name, rule=str(rule), condition=rule.condition, labels=[*rule.labels])


def _shown(saved: SavedRule, secret: str | None = None) -> RuleShown:
    webhook = WebhookShown(url=saved.webhook.url, secret=secret) if saved.webhook else None
    return RuleShown(**_read(saved.rule).model_dump(), webhook=webhook)
