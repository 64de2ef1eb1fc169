"""The call itself is wrong: no input could make it right."""

from voxcor.errors.base import VoxcorError


class UsageError(VoxcorError):
    """An option or argument that no input could make right."""

    code = "usage"
    en = "{reason_en}"
    zh = "{reason_zh}"


class ExtraMissing(UsageError):
    """Packages of `extra` are not installed; `command` brings them, about `megabytes` of them, 0
    where that is little.
    """

    code = "extra_missing"


class RuleInvalid(UsageError):
    """A rule that cannot be read: `found` is what is wrong, at `column` of `rule`, from 1."""

    code = "rule_invalid"
    en = 'Rule "{rule}", column {column}, at "{found}": {reason_en}'
    zh = '规则 "{rule}" 第 {column} 列 "{found}" 处：{reason_zh}'


class CorrectionsInvalid(UsageError):
    """Corrections that do not fit their result: `segment` is the one that is wrong, from 0."""

    code = "corrections_invalid"
    en = "Correction of segment {segment}: {reason_en}"
    zh = "对语段 {segment} 的更正：{reason_zh}"


class ModelExists(UsageError):
    """A folder that holds something already. `path` is where a training was to write."""

    code = "model_exists"
    en = (
        "{path} holds a model already, and training would put another in its place. "
        "Choose another --out, or add --replace."
    )
    zh = "{path} 中已有模型，继续训练会将其替换。请用 --out 指定其他文件夹，或加上 --replace。"


class ProxyInvalid(UsageError):
    """A proxy that the environment's `variable` names, shown without its password."""

    code = "proxy_invalid"
    en = (
        "{variable} is {proxy}, which is no proxy that can be used: http, https, socks5 or "
        "socks5h, then a host and a port, such as socks5h://127.0.0.1:1080. Correct or unset it."
    )
    zh = (
        "{variable} 的值 {proxy} 不是可用的代理：应为 http、https、socks5 或 socks5h，"
        "加主机与端口，例如 socks5h://127.0.0.1:1080。请更正或取消该变量。"
    )


class HomeInUse(UsageError):
    """Two servers for one `home`; the first is at `url`."""

    code = "home_in_use"
    en = (
        "{home}: a server works with this folder already, at {url}. Use that one, or set "
        "VOXCOR_HOME to another folder."
    )
    zh = "{home}：已有服务器正在使用该文件夹（{url}）。请使用它，或把 VOXCOR_HOME 设为别的文件夹。"


class TooManyRules(UsageError):
    code = "too_many_rules"
    en = "Up to {most} rules can be saved; delete one first."
    zh = "最多可保存 {most} 条规则，请先删除一条。"


class WordsNotUnderstood(UsageError):
    """A description without a word that can be read: `text` is empty, or digits, signs, emoji of no
    emotion, or in a script that the encoder has not learnt.
    """

    code = "words_not_understood"
    en = (
        "{text!r}: there is no word in this that can be read. Describe an emotion in English or "
        "Chinese, such as: furious but controlled"
    )
    zh = "{text!r}：其中没有可识别的文字。请用中文或英文描述一种情感，例如：强颜欢笑"
