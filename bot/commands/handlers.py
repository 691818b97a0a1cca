"""The front desk: a typed line or a request → a Message, whatever happens."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from bot.commands import catalog
from bot.commands.catalog import Command
from bot.commands.correction import corrected, typed
from bot.commands.desk import Desk
from bot.commands.parsing import Context, parse, parse_form
from bot.commands.requests import BadRequest, Request
from bot.message import answers
from bot.message.blocks import Actions, Message
from bot.model import Actor, Channel

__all__ = ["Desk", "answer_form", "answer_line", "handle"]

_log = structlog.get_logger(__name__)


async def answer_line(
    line: str, desk: Desk, *, channel: Channel, actor: Actor, reply_to: str | None = None
) -> Message:
    """Answer what somebody typed; never raises for anything that is wrong with it or with us."""
    return await _answered(
        line,
        lambda context: parse(line, context, channel=channel, actor=actor, reply_to=reply_to),
        desk,
        channel,
    )


async def answer_form(
    command: str,
    given: Mapping[str, str],
    desk: Desk,
    *,
    channel: Channel,
    actor: Actor,
    reply_to: str | None = None,
) -> Message:
    """Answer a command whose values come apart, each under its parameter's name; never raises either."""
    return await _answered(
        typed(command, given),
        lambda context: parse_form(command, given, context, channel=channel, actor=actor, reply_to=reply_to),
        desk,
        channel,
    )


async def _answered(line: str, read: Callable[[Context], Request], desk: Desk, channel: Channel) -> Message:
    """Read and answer; what was probably meant is offered as the whole line with it in its place."""
    context = Context(desk.knowledge, desk.words, desk.clock.now(), desk.zone_of(channel))
    try:
        request = read(context)
    except BadRequest as error:
        answer = _refusal(error, desk)
    except Exception:  # noqa: BLE001 - the person gets an error id, the log the traceback
        answer = _unexpected("reading a line", desk)
    else:
        answer = await handle(request, desk)
    blocks = (_corrected(block, line) if isinstance(block, Actions) else block for block in answer.blocks)
    return replace(answer, blocks=tuple(blocks))


def _corrected(actions: Actions, line: str) -> Actions:
    if not actions.meant:
        return actions
    return replace(
        actions,
        actions=tuple(replace(one, command=corrected(line, one.command)) for one in actions.actions),
    )


async def handle(request: Request, desk: Desk) -> Message:
    """Answer a request: what the person can mend is explained, what only we can mend gets an error id."""
    try:
        return await _permitted(request, desk).handler(request, desk)
    except BadRequest as error:
        return _refusal(error, desk)
    except Exception:  # noqa: BLE001 - the person gets an error id, the log the traceback
        return _unexpected(request.command, desk)


def _permitted(request: Request, desk: Desk) -> Command:
    """Return the command asked for; raise ``BadRequest`` where there is none or it is not for this person."""
    command = catalog.find(request.command)
    if command is None:
        raise BadRequest(desk.words("error.unknown_command", given=request.command), examples=("help",))
    if command.operator:
        if not request.actor.is_operator:
            raise BadRequest(desk.words("command.error.not_operator", command=command.name))
    elif command.admin and not request.actor.is_admin:
        raise BadRequest(desk.words("command.error.not_admin", command=command.name))
    return command


def _refusal(error: BadRequest, desk: Desk) -> Message:
    examples = (
        [desk.words("command.error.examples", examples=" · ".join(error.examples))] if error.examples else []
    )
    return answers.problem(error.message, examples, error.suggestions, words=desk.words)


def _unexpected(doing: str, desk: Desk) -> Message:
    """Log the exception being handled under an id and tell the person the id; the line itself is not logged."""
    error_id = secrets.token_hex(4)
    _log.exception("command failed", command=doing, error_id=error_id)
    return answers.problem(
        desk.words("command.error.unexpected", id=error_id),
        [desk.words("command.error.unexpected_next", id=error_id)],
        words=desk.words,
    )
