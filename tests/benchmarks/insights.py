"""What looking back costs: 100,000 executions, activities, events and notifications of the last thirty days.

Asked of the web server of `up`; caller, server and database share this machine's processors. The statements of an
answer are counted in this process. An organization that ran 100,000 executions today is looked at besides.
"""

import http.client
import statistics
import time
from collections.abc import Callable

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import User
from nocode.insights.days import today
from nocode.insights.services import metrics
from tests.benchmarks._past import ROWS, Past, make_past
from tests.benchmarks._server import web_server
from tests.benchmarks.harness import Bench, Sample, goal, measurement

REQUESTS = 40  # for one sample
WARM_UP = 6  # requests before the clock runs
MOST_MILLISECONDS = 80
LIVE, HOME, ANALYTICS = "/admin/live/", "/admin/", "/admin/analytics/"
ACTIVITIES, EXECUTIONS, WORKFLOWS, EVENTS, NOTIFICATIONS = (
    reverse(f"admin:{name}_changelist")
    for name in (
        "insights_useractivity",
        "automation_workflowexecution",
        "automation_workflow",
        "foundation_outboxevent",
        "foundation_notification",
    )
)
DAY = (timezone.localdate() - timezone.timedelta(days=20)).isoformat()
PERIOD = f"?created_at_from_0={DAY}&created_at_to_0={DAY}"

# What is measured → its address; the parts in braces are ids of the past.
PAGES = {
    "overview": HOME,
    "overview, 7 days": f"{HOME}?range=7d",
    "live": LIVE,
    "live, failed": f"{LIVE}?status=failed",
    "live, cancelled (few)": f"{LIVE}?status=cancelled",
    "live, a workflow": LIVE + "?workflow={workflow}",
    "live, words of an error": f"{LIVE}?text=call+{ROWS // 2}",
    "executions": EXECUTIONS,
    "executions, page 2": f"{EXECUTIONS}?p=2",
    "executions, page 100": f"{EXECUTIONS}?p=100",
    "executions, failed": f"{EXECUTIONS}?status__exact=failed",
    "executions, cancelled (few)": f"{EXECUTIONS}?status__exact=cancelled",
    "executions, a workflow": EXECUTIONS + "?workflow__id__exact={workflow}",
    "executions, a period": EXECUTIONS + PERIOD,
    "executions, a name": f"{EXECUTIONS}?q=Workflow+7",
    "executions, words of one error": f"{EXECUTIONS}?q=call+{ROWS // 2}",
    "activities": ACTIVITIES,
    "activities, page 2": f"{ACTIVITIES}?p=2",
    "activities, page 100": f"{ACTIVITIES}?p=100",
    "activities, a person": ACTIVITIES + "?user__id__exact={colleague}",
    "activities, a kind": f"{ACTIVITIES}?group=apps",
    "activities, an organization": ACTIVITIES + "?organization__id__exact={organization}",
    "activities, a period": f"{ACTIVITIES}?created_at_from={DAY}&created_at_to={DAY}",
    "activities, a name": f"{ACTIVITIES}?q=Project+{ROWS // 2}",
    "activities, nothing found": f"{ACTIVITIES}?q=nothing+like+it",
    "analytics, 30 days": ANALYTICS,
    "analytics, 90 days": f"{ANALYTICS}?days=90",
    "workflows": WORKFLOWS,
    "workflows, a name": f"{WORKFLOWS}?q=Workflow+7",
    "history of a workflow": WORKFLOWS + "{workflow}/history/",
    "notifications": NOTIFICATIONS,
    "notifications, page 2": f"{NOTIFICATIONS}?p=2",
    "events": EVENTS,
    "events, page 2": f"{EVENTS}?p=2",
    "events, given up": f"{EVENTS}?state=gave_up",
    "events, a period": EVENTS + PERIOD,
    "events, an object": f"{EVENTS}?q=thing:{ROWS // 2}",
}


class Visitor:
    """Somebody who is logged in, and asks the server over one connection."""

    def __init__(self, user: User, port: int):
        self.client = Client(SERVER_NAME="localhost")
        self.client.force_login(user)
        self.cookies = "; ".join(f"{name}={each.value}" for name, each in self.client.cookies.items())
        self.kept = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def fetch(self, url: str) -> tuple[float, bytes]:
        """The milliseconds until the whole answer is here, and the answer."""
        began = time.perf_counter()
        self.kept.request("GET", url, headers={"Cookie": self.cookies})
        answer = self.kept.getresponse()
        content = answer.read()
        taken = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise NoCodeError(f"{url} answered {answer.status}")
        return taken, content

    def page(self, bench: Bench, url: str) -> dict[str, Sample]:
        """How long an address takes to be answered."""
        for _number in range(WARM_UP):
            _taken, content = self.fetch(url)
        with bench.statements() as count:
            self.client.get(url)
        taken = [self.fetch(url)[0] for _number in range(REQUESTS // 4 if bench.quick else REQUESTS)]
        cuts = statistics.quantiles(taken, n=20, method="inclusive")
        return {"p50": Sample(cuts[9]), "p95": Sample(cuts[18], statements=count.total, bytes=len(content))}


def past(bench: Bench) -> Past:
    """Made with the first measurement; the server runs until this process ends."""
    if "past" not in bench.shared:
        bench.shared["past"] = made = make_past(ROWS // 20 if bench.quick else ROWS)
        port = bench.running.enter_context(web_server())
        bench.shared["person"], bench.shared["busy"] = Visitor(made.person, port), Visitor(made.owner_of_busy, port)
    return bench.shared["past"]


def measured(name: str, url: str) -> Callable[[Bench], dict[str, Sample]]:
    """A measurement of one page."""

    def look(bench: Bench) -> dict[str, Sample]:
        known = past(bench)
        ids = {"workflow": known.workflow.pk, "colleague": known.colleague.pk, "organization": known.organization.pk}
        return bench.shared["person"].page(bench, url.format(**ids))

    goal(f"{name}, p95", at_most=MOST_MILLISECONDS)
    return measurement(name, unit="ms")(look)


for _name, _url in PAGES.items():
    measured(_name, _url)


@measurement("overview, 100,000 executions today", unit="ms")
def busy_overview(bench: Bench) -> dict[str, Sample]:
    past(bench)
    return bench.shared["busy"].page(bench, HOME)


@measurement("analytics, 100,000 executions today", unit="ms")
def busy_analytics(bench: Bench) -> dict[str, Sample]:
    past(bench)
    return bench.shared["busy"].page(bench, ANALYTICS)


@measurement("counting a day of 100,000 executions", unit="s")
def roll_up(bench: Bench) -> Sample:
    past(bench)
    with bench.statements() as count, bench.clock() as clock:
        metrics.roll_up(today())
    return Sample(clock.seconds, statements=count.total)


@measurement("exporting all activities", unit="s")
def export(bench: Bench) -> Sample:
    past(bench)
    with bench.clock() as clock:
        _taken, content = bench.shared["person"].fetch(f"{ACTIVITIES}export.csv")
    return Sample(clock.seconds, bytes=len(content))
