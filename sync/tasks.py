"""Thin entry points for the queue. A task takes one id and may run twice."""

from common import requests
from connectors import subscribing
from connectors.models import Connection
from sync import creating, hearing, judging, paying, pulling, pushing
from sync.models import Judging


def pull_step(step_id: int) -> None:
    requests.begin("pull")
    pulling.pull_step(step_id)


def push(push_id: int) -> None:
    requests.begin("push")
    pushing.push(push_id)


def hear(event_id: int) -> None:
    requests.begin("hear")
    hearing.hear(event_id)


def ask_for_news(connection_id: int) -> None:
    requests.begin("ask-for-news")
    subscribing.ask(Connection.objects.get(pk=connection_id))


def judge(judging_id: int) -> None:
    requests.begin("judge")
    judging.judge(Judging.objects.select_related("company__settings").get(pk=judging_id))


def tell_paid(notice_id: int) -> None:
    requests.begin("tell_paid")
    paying.tell(notice_id)


def create_record(creation_id: int) -> None:
    requests.begin("create_record")
    creating.work(creation_id)


def heartbeat() -> None:
    """Does nothing: that it started shows that the queue moves."""
