"""What stands between a server and its clients."""

from voxcor.errors.base import VoxcorError


class RequestError(VoxcorError):
    """A server does not take a request."""

    code = "request_error"


class MalformedRequest(RequestError):
    code = "malformed_request"
    en = "The request cannot be read: {reason_en}"
    zh = "无法读取请求：{reason_zh}"


class HeadTooLarge(RequestError):
    code = "head_too_large"
    en = "The address or the headers of the request are too long; {maximum_bytes} bytes are taken."
    zh = "请求的地址或请求头过长，最多 {maximum_bytes} 字节。"


class WrongContentType(RequestError):
    code = "wrong_content_type"
    en = "The body must be {expected}, not {found}."
    zh = "请求体应为 {expected}，而不是 {found}。"


class UploadTooLarge(RequestError):
    code = "upload_too_large"
    en = "The request is larger than this server takes here, {maximum_mb:g} MB."
    zh = "请求内容超过本服务器在此允许的大小（{maximum_mb:g} MB）。"


class UploadTooSlow(RequestError):
    code = "upload_too_slow"
    retryable = True
    en = "The request came too slowly, so it was given up."
    zh = "请求传输过慢，已放弃。"


class Unauthorized(RequestError):
    code = "unauthorized"
    en = "This server wants an API key, in the header Authorization: Bearer KEY."
    zh = "本服务器需要 API 密钥，请放在请求头 `Authorization: Bearer KEY` 中。"


class TooManyAttempts(RequestError):
    code = "too_many_attempts"
    retryable = True
    en = "Too many wrong keys came from there. Try again in {retry_after_s} s."
    zh = "来自该地址的错误密钥过多。请在 {retry_after_s} 秒后重试。"


class HostRefused(RequestError):
    code = "host_refused"
    en = "This server is not {host}. A name it shall answer to goes into VOXCOR_ALLOWED_HOSTS."
    zh = "本服务器不是 {host}。如需以该名称访问，请将其加入 VOXCOR_ALLOWED_HOSTS。"


class OriginRefused(RequestError):
    code = "origin_refused"
    en = "Requests from pages of {origin} are not taken."
    zh = "不接受来自 {origin} 页面的请求。"


class NoSuchRoute(RequestError):
    code = "no_such_route"
    en = "There is no {method} {path} here; /docs lists what there is."
    zh = "没有 {method} {path} 这一接口；可用接口见 /docs。"


class NoSuchResult(RequestError):
    code = "no_such_result"
    en = "There is no result {id}, or it has no such file."
    zh = "没有结果 {id}，或其中没有该文件。"


class CorrectionsChanged(RequestError):
    """`revision` is what they are at now, empty where there are none."""

    code = "corrections_changed"
    en = (
        "Somebody else has changed these corrections in the meantime, so yours were not saved. "
        "Load what is there, then correct again."
    )
    zh = "这些更正已被他人修改，您的更正未保存。请先载入现有的更正，再行修改。"


class NoSuchJob(RequestError):
    code = "no_such_job"
    en = "There is no job {id}, or it has no such file."
    zh = "没有任务 {id}，或其中没有该文件。"


class SourceRefused(RequestError):
    code = "source_refused"
    en = (
        "{source}: nothing is read there for a request. Whoever runs the server allows folders "
        "with VOXCOR_JOB_SOURCES."
    )
    zh = "{source}：不允许通过请求读取该位置。服务器管理员可通过 VOXCOR_JOB_SOURCES 开放文件夹。"


class NoSuchRule(RequestError):
    code = "no_such_rule"
    en = "There is no rule {rule}."
    zh = "没有规则 {rule}。"


class WebhookInvalid(RequestError):
    code = "webhook_invalid"
    en = "Webhook {url}: {reason_en}"
    zh = "Webhook {url}：{reason_zh}"


class QueueFull(RequestError):
    code = "queue_full"
    retryable = True
    en = "The server is busy: {waiting} requests wait already. Try again in {retry_after_s} s."
    zh = "服务器繁忙：已有 {waiting} 个请求在等待。请在 {retry_after_s} 秒后重试。"


class TooManyConnections(RequestError):
    code = "too_many_connections"
    retryable = True
    en = "The server has as many connections as it can have. Try again in {retry_after_s} s."
    zh = "服务器的连接数已达上限。请在 {retry_after_s} 秒后重试。"


class NotReady(RequestError):
    code = "not_ready"
    retryable = True
    en = "The server is starting or stopping. Try again in {retry_after_s} s."
    zh = "服务器正在启动或停止。请在 {retry_after_s} 秒后重试。"


class ServerError(VoxcorError):
    """A server and its clients do not come together. `url` is what was asked for."""

    code = "server_error"
    en = "{url}: {reason}"
    zh = "{url}：{reason}"


class ServerUnreachable(ServerError):
    code = "server_unreachable"
    retryable = True
    en = "{url} cannot be reached ({reason}). Is the server running? Start it with: {voxcor} serve"
    zh = "无法连接 {url}（{reason}）。服务器在运行吗？启动命令：{voxcor} serve"


class AddressUnavailable(ServerError):
    code = "address_unavailable"
    en = "Cannot listen on {host}:{port} ({reason}). Choose another port with --port."
    zh = "无法监听 {host}:{port}（{reason}）。请用 --port 换一个端口。"
