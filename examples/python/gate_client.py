"""A client of a gate, made from its OpenAPI document. Do not edit.

Python 3.8 or later, the standard library alone. Bodies and answers are
dictionaries; the TypedDict classes below say what they hold.
"""
from __future__ import annotations

import http.client
import json
import socket
from typing import Any, Dict, List, Optional, TypedDict
from urllib.parse import quote, urlencode, urlsplit


class Problem(Exception):
    """What the gate says is wrong: status, code, and both texts."""

    def __init__(self, status: int, told: Dict[str, Any]):
        self.status = status
        self.code: str = told.get("code", "")
        self.message: Dict[str, str] = told.get("message", {})
        self.mend: Dict[str, str] = told.get("mend", {})
        super().__init__(f"{self.code}: {self.message.get('zh')} / {self.message.get('en')}")


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float):
        super().__init__("gate", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Abnormal(TypedDict, total=False):
    """An Abnormal tells what a gate does not apply until the hub approves it as a batch, or an officer accepts it. Meanwhile the copy of before serves until it is stale."""

    after: int  # always there
    before: int  # always there; in force
    entered: int  # always there
    left: int  # always there
    sequence: int  # always there; to accept
    since: str  # always there


class Reason(TypedDict, total=False):
    """A Reason tells why, with a stable code."""

    code: str  # always there
    en: str  # always there
    zh: str  # always there


class Seen(TypedDict, total=False):
    """Seen says which officer has seen an alert, or that it was closed, and when."""

    at: str  # always there
    by: str  # always there
    remark: str


class Alert(TypedDict, total=False):
    """An Alert tells that a listing in force has the number of a watched subject, or that it had until it was closed."""

    at: str  # always there
    because: Reason  # why it was closed
    closed: str
    closed_sequence: int  # of the list that ended it
    listing: str  # always there
    reference: str  # always there
    scenario: str  # always there; kind of post, licence or honour
    seen: Seen  # by whom, while it was open
    sequence: int  # always there; of the list that led to it
    state: str  # always there; "open" or "closed"
    subject: str  # always there; the department's own reference
    undone: Seen  # by whom, after it was closed
    until: str  # last day of the listing
    what: str  # always there; "block": number and name agree; "refer": the number does, look at the name


class AlertList(TypedDict, total=False):
    alerts: List[Alert]  # always there


class Text(TypedDict, total=False):
    """Text is one sentence in Chinese and in English."""

    en: str  # always there
    zh: str  # always there


class Fact(TypedDict, total=False):
    """A Fact is one thing that was compared between a listing and whoever is asked about, with both values as they were compared. Values that stand for a person's number are masked."""

    about: str  # always there; what was compared: "number", "name", "born", "sex", "region", … (docs/matching.md)
    given: str  # always there
    listed: str  # always there
    verdict: str  # always there; how it came out


class Hit(TypedDict, total=False):
    """A Hit is one listing that a query met, with all that the person concerned and the officer need to know."""

    agrees: List[str]  # always there; which parts agree: "number", "name"
    basis: Text  # always there
    case: str  # always there
    clause: str  # always there
    court: str  # always there
    effect: str  # always there
    evidence: List[Fact]  # what was compared, and how it came out
    hint: bool  # a similar name that was asked for: it decides nothing, and Measure is empty
    listing: str  # always there
    measure: str  # always there; id, such as 3.6.flight
    name: str  # always there; as listed
    number: str  # always there; masked
    published: str  # always there; a day such as 2017-09-01; empty if there is none
    severity: str  # always there
    until: str  # always there; a day such as 2017-09-01; empty if there is none


class Answer(TypedDict, total=False):
    """An Answer is the answer about one Subject: a Decision without what the whole request has in common. Sequence, AsOf and FreshUntil stand in it only where the list moved on while it was recorded."""

    as_of: str
    fresh_until: str
    hits: List[Hit]
    id: str  # as given
    index: int  # place among the subjects, from 0, if not all are answered
    outcome: str  # always there
    reasons: List[Reason]
    reference: str  # quote it when asking for review (3.12)
    remedy: Text  # how to object, to court and to department
    sequence: int


class AnswerBody(TypedDict, total=False):
    by: str  # always there; the officer
    reason: str  # always there
    upheld: bool  # always there; said outright: nothing is rejected because a field is missing


class BulkAnswer(TypedDict, total=False):
    """A BulkAnswer answers a BulkQuery."""

    answers: List[Answer]  # always there; in the order of the subjects
    as_of: str  # always there; time of the last verified checkpoint
    clear: int  # always there; how many of them are clear
    fresh_until: str  # always there; after it the gate restricts nobody
    sequence: int  # always there; the list as of this sequence
    subjects: int  # always there; how many were asked about


class Subject(TypedDict, total=False):
    """A Subject is the person or organisation listed (被执行人)."""

    born: int  # year of birth
    hints: bool  # of a search by name: tell of similar names as well
    id: str  # the caller's own mark, given back with the answer; it is not kept
    masked: str  # number of which only a part is known, * for each character that is not: 3205**********1234
    name: str
    number: str  # identifier, in any writing that identity.Parse reads
    region: str  # address code of GB/T 2260, two, four or six digits
    scenario: str  # id of the catalogue, such as "flight"
    sex: str  # 男 or 女 (GB/T 2261.1)
    subject: str  # the department's own reference of the applicant, for remembered differences; no identifier


class BulkQuery(TypedDict, total=False):
    """A BulkQuery asks about many subjects of one business."""

    scenario: str  # for every subject that names none of its own
    subjects: List[Subject]  # always there; at most 10 000


class ByBody(TypedDict, total=False):
    by: str  # always there; the officer


class Decision(TypedDict, total=False):
    """A Decision is a gate's answer with its grounds. For clear, Remedy and Reference are empty, Hits holds hints at most, and nothing is kept or reported."""

    as_of: str  # always there; time of the last verified checkpoint
    fresh_until: str  # always there; after it the gate restricts nobody
    hits: List[Hit]
    outcome: str  # always there
    reasons: List[Reason]
    reference: str  # quote it when asking for review (3.12)
    remedy: Text  # how to object, to court and to department
    scenario: str  # always there
    sequence: int  # always there; the list as of this sequence


class Difference(TypedDict, total=False):
    """A Difference is one that is on record. It does not say who the applicant is."""

    at: str  # always there
    because: Reason  # why it ended
    by: str  # always there
    ended: str
    ended_by: str
    ended_reason: str
    listing: str  # always there
    reason: str  # always there
    reference: str  # always there
    sequence: int  # always there; of the listing as it stood
    state: str  # always there; "holds" or "ended"


class DifferenceList(TypedDict, total=False):
    differences: List[Difference]  # always there


class Different(TypedDict, total=False):
    """A Different is what an officer says after looking: the applicant is not Listing. The applicant is named by Number, or by Subject where no number is known, and by Name; none of them is kept."""

    by: str  # always there; the officer
    listing: str  # always there
    name: str  # always there
    number: str
    reason: str  # always there; what was looked at
    subject: str  # the department's own reference of the applicant, as queries name it


class Fault(TypedDict, total=False):
    """A Fault is the latest thing that went wrong while following or reporting."""

    at: str  # always there
    code: str  # always there
    en: str  # always there
    zh: str  # always there


class ForgetBody(TypedDict, total=False):
    by: str  # always there; the officer
    reason: str  # always there


class ForkStatus(TypedDict, total=False):
    """A ForkStatus tells of a fork that nobody has acknowledged yet: the hub has signed two states of the list that cannot both be true. Until an officer decides, nobody is restricted and nothing is followed."""

    evidence: str  # always there; file in the gate's directory, for the provincial centre
    sequence: int  # always there; of the checkpoint that contradicts what was verified before
    since: str  # always there


class Health(TypedDict, total=False):
    """A health is the answer of GET /healthz."""

    fresh: bool  # always there; whether the gate also knows


class KeepBody(TypedDict, total=False):
    by: str  # always there; the officer
    ground: str  # always there; the law that allows it
    measure: str  # id of one measure; all of the restriction if empty
    until: str  # always there; last day, such as 2017-09-01


class Kept(TypedDict, total=False):
    """Kept is what the department stated for keeping a restriction on (3.13)."""

    at: str  # always there
    by: str  # always there
    ground: str  # always there
    since: str  # when its listing ended; zero while that is in force
    until: str  # always there; last day; the gate lifts it the day after


class LineSummary(TypedDict, total=False):
    """A LineSummary ends the answer to a body of one subject a line. Without it the gate did not finish."""

    outcomes: Dict[str, int]  # always there; how many of each
    subjects: int  # always there


class Measure(TypedDict, total=False):
    """A Measure is one entry of the catalogue: nothing restricts anyone except through one (1.1)."""

    basis: Text  # always there; the clause in words, for the person who is told
    binds: List[str]  # always there; "subject", "legal_representative", "principal", "responsible_person", "actual_controller"
    clause: str  # always there; such as "3.6"
    departments: List[str]  # always there
    effect: str  # always there
    id: str  # always there; such as "3.6.flight"
    scenario: str  # always there; the business in which it applies, such as "flight"
    title: Text  # always there


class Proposal(TypedDict, total=False):
    """A Proposal is what a department proposes to the court: to look again at a listing. The listing stays in force meanwhile, and the department goes on carrying out its measures; it does not review the merits itself."""

    at: str  # always there
    listing: str  # always there
    reason: str  # always there
    reference: str  # always there
    state: str  # always there; "waiting" for the hub, "delivered", or "refused" by it


class ProposalBody(TypedDict, total=False):
    listing: str  # always there; id, as in a hit
    reason: str  # always there


class Query(TypedDict, total=False):
    """A Query asks whether one person or organisation may go ahead with one business. It is forgotten with the answer. Scenario and Number or Name are needed; the others are what else is known, each left out where it is not."""

    born: int  # year of birth
    hints: bool  # of a search by name: tell of similar names as well
    masked: str  # number of which only a part is known, * for each character that is not: 3205**********1234
    name: str
    number: str  # identifier, in any writing that identity.Parse reads
    region: str  # address code of GB/T 2260, two, four or six digits
    scenario: str  # always there; id of the catalogue, such as "flight"
    sex: str  # 男 or 女 (GB/T 2261.1)
    subject: str  # the department's own reference of the applicant, for remembered differences; no identifier


class RestrictionPart(TypedDict, total=False):
    """A RestrictionPart is one listing under one measure."""

    because: Reason  # why it was lifted, or why its listing does not bind while it is kept on
    clause: str
    kept: Kept  # what was stated for keeping it on after its listing ends
    lifted_at: str
    lifted_sequence: int
    listing: str
    measure: str
    reason: str  # always there
    state: str  # always there
    until: str  # last day of the listing


class Review(TypedDict, total=False):
    """A Review is what a restricted person asked of the department, and its answer. It does not say who that is: the reference does, to those who know it."""

    answer: str  # the department's reasons
    answered: str
    answered_by: str
    by: str  # always there; the officer who took it down
    filed: str  # always there
    listing: str  # behind its first part that restricted; "" where none was met
    reason: str  # always there; the person's
    reference: str  # always there; of the restriction
    state: str  # always there; "open", "upheld" or "rejected"
    upheld: bool  # always there


class Restriction(TypedDict, total=False):
    """A Restriction is what stands under one reference: what a person who asks for review (3.12), and the officer who answers, need. It does not say who was screened."""

    at: str  # always there
    department: str  # always there
    lifted_at: str  # of the last part
    lifted_sequence: int  # sequence at which the last part was lifted
    parts: List[RestrictionPart]  # always there
    reference: str  # always there
    review: Review  # of the department, if one was asked for
    scenario: str  # always there
    sequence: int  # always there; of the list that led to it
    state: str  # always there; "in_force", "kept", "lifted" or "referred"; the first of them that a part is in


class RestrictionList(TypedDict, total=False):
    restrictions: List[Restriction]  # always there


class ReviewBody(TypedDict, total=False):
    by: str  # always there; the officer who takes it down
    reason: str  # always there; the person's


class ReviewList(TypedDict, total=False):
    reviews: List[Review]  # always there


class ScenarioMeasures(TypedDict, total=False):
    id: str  # always there; such as "flight"
    measures: List[Measure]  # always there; what the scenario meets
    title: Text  # always there


class ScenarioList(TypedDict, total=False):
    """A scenarioList is the answer of GET /v1/scenarios."""

    scenarios: List[ScenarioMeasures]  # always there


class SeenBody(TypedDict, total=False):
    by: str  # always there; the officer
    remark: str


class WebhookStatus(TypedDict, total=False):
    """A WebhookStatus tells what the department's system has not taken yet."""

    fault: Fault
    late: bool  # always there; that is more than a day ago: it is tried once an hour
    since: str  # when the oldest of them came about
    waiting: int  # always there


class Status(TypedDict, total=False):
    """A Status says how the gate stands."""

    abnormal: Abnormal
    alerts_open: int  # always there; about watched subjects whose listing is in force
    alerts_waiting: int  # always there; for an officer, open ones and closed ones
    as_of: str  # of the last verified checkpoint
    department: str  # always there
    fork: ForkStatus
    fresh: bool  # always there
    fresh_until: str  # after it the gate only refers
    gate: str  # always there
    hub_key: str  # always there; public key by which it takes checkpoints, after those that were replaced
    hub_reachable: bool  # always there
    last_error: Fault
    lifted: int  # always there
    listings: int  # always there; in force
    outbox: int  # always there; reports that the hub has not taken yet
    receipt_key: str  # always there; public key with which this gate signs receipts
    refused: int  # always there; reports that the hub will not take
    restrictions_kept: int  # always there; on, though their listing has ended (3.13)
    restrictions_open: int  # always there
    reviews_open: int  # always there; asked for and not answered (3.12)
    sequence: int  # always there
    state: str  # always there; "following", "abnormal" or "forked"
    watched: int  # always there; subjects held against the list as it changes (3.4, 3.5)
    watched_lost: int  # of them under another key of this gate: hand them in again
    webhook: WebhookStatus


class Unwatched(TypedDict, total=False):
    removed: int  # always there; rows


class Watch(TypedDict, total=False):
    """A Watch names one subject to be watched by the department's own reference and the kind of what it holds: the same person may hold a licence and a post."""

    name: str
    number: str  # always there; identifier, in any writing that identity.Parse reads
    scenario: str  # always there; kind of post, licence or honour, in the department's words
    subject: str  # always there; the department's own reference; no identifier


class WatchResult(TypedDict, total=False):
    """A WatchResult says what became of one Watch."""

    alerts: int  # open about it now
    because: Reason  # of one that was rejected
    scenario: str  # always there
    state: str  # always there; "watched", "replaced", "unchanged" or "rejected"
    subject: str  # always there


class WatchAnswer(TypedDict, total=False):
    results: List[WatchResult]  # always there; in the order of the subjects
    sequence: int  # always there; of the list against which they were held


class WatchBody(TypedDict, total=False):
    by: str  # always there; the officer
    subjects: List[Watch]  # always there


class WatchedSubject(TypedDict, total=False):
    """A WatchedSubject is one that is watched."""

    at: str  # always there
    by: str  # always there
    lost: bool  # its number was kept under another key of this gate: hand it in again
    scenario: str  # always there
    subject: str  # always there


class WatchedList(TypedDict, total=False):
    subjects: List[WatchedSubject]  # always there


class Client:
    """Asks one gate over one connection: one for each thread."""

    def __init__(self, address: str, timeout: float = 30):
        """address: a URL such as http://127.0.0.1:8701, or unix: and the path of its socket."""
        self._connection: http.client.HTTPConnection
        if address.startswith("unix:"):
            self._connection = _SocketConnection(address[len("unix:"):], timeout)
        else:
            self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=timeout)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _call(self, method: str, path: str, query: Dict[str, Optional[str]], body: Any) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        if given:
            path += "?" + urlencode(given)
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            self._connection.request(method, path, sent, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next call opens another
            raise
        told = json.loads(text)
        if answer.status >= 300:
            raise Problem(answer.status, told)
        return told

    def health(self) -> Health:
        """The process answers."""
        return self._call("GET", "/healthz", {}, None)

    def openapi(self) -> Any:
        """This document."""
        return self._call("GET", "/openapi.json", {}, None)

    def alerts(self, state: Optional[str] = None, after: Optional[str] = None) -> AlertList:
        """Alerts about watched subjects.

        state: which ones; waiting: for an officer
        after: reference of the last one of the page before
        """
        return self._call("GET", "/v1/alerts", {"state": state, "after": after}, None)

    def alert(self, reference: str) -> Alert:
        """One of them."""
        return self._call("GET", f"/v1/alerts/{quote(reference, safe='')}", {}, None)

    def acknowledge_alert(self, reference: str, body: SeenBody) -> Alert:
        """An officer has seen it, or that it was closed."""
        return self._call("POST", f"/v1/alerts/{quote(reference, safe='')}/acknowledge", {}, body)

    def differences(self, listing: Optional[str] = None, after: Optional[str] = None) -> DifferenceList:
        """What was recorded of listings in force.

        listing: id of one listing; all if empty
        after: reference of the last one of the page before
        """
        return self._call("GET", "/v1/differences", {"listing": listing, "after": after}, None)

    def remember_difference(self, body: Different) -> Difference:
        """Record that an applicant is not a listing (5.1)."""
        return self._call("POST", "/v1/differences", {}, body)

    def forget_difference(self, reference: str, body: ForgetBody) -> Difference:
        """Take it back: the listing is told again."""
        return self._call("DELETE", f"/v1/differences/{quote(reference, safe='')}", {}, body)

    def difference(self, reference: str) -> Difference:
        """One of them."""
        return self._call("GET", f"/v1/differences/{quote(reference, safe='')}", {}, None)

    def propose(self, body: ProposalBody) -> Proposal:
        """Propose to the court that it look again (2.4.1)."""
        return self._call("POST", "/v1/proposals", {}, body)

    def restrictions(self, state: Optional[str] = None, after: Optional[str] = None) -> RestrictionList:
        """Restrictions in force, or kept on after their listing ended.

        state: which ones
        after: reference of the last one of the page before
        """
        return self._call("GET", "/v1/restrictions", {"state": state, "after": after}, None)

    def restriction(self, reference: str) -> Restriction:
        """Whether a restriction stands."""
        return self._call("GET", f"/v1/restrictions/{quote(reference, safe='')}", {}, None)

    def keep(self, reference: str, body: KeepBody) -> Restriction:
        """Keep a restriction on after its listing ends (3.13)."""
        return self._call("POST", f"/v1/restrictions/{quote(reference, safe='')}/keep", {}, body)

    def review(self, reference: str, body: ReviewBody) -> Review:
        """The person asks the department to review it (3.12)."""
        return self._call("POST", f"/v1/restrictions/{quote(reference, safe='')}/review", {}, body)

    def answer_review(self, reference: str, body: AnswerBody) -> Review:
        """The department's answer."""
        return self._call("POST", f"/v1/restrictions/{quote(reference, safe='')}/review/answer", {}, body)

    def reviews(self, state: Optional[str] = None, after: Optional[str] = None) -> ReviewList:
        """Reviews that wait for an answer, or have one.

        state: which ones
        after: reference of the last one of the page before
        """
        return self._call("GET", "/v1/reviews", {"state": state, "after": after}, None)

    def scenarios(self) -> ScenarioList:
        """Scenarios with their measures."""
        return self._call("GET", "/v1/scenarios", {}, None)

    def screen(self, body: Query) -> Decision:
        """May one person or organisation go ahead? (4.2)."""
        return self._call("POST", "/v1/screen", {}, body)

    def screen_bulk(self, body: BulkQuery, only: Optional[str] = None, scenario: Optional[str] = None) -> BulkAnswer:
        """The same about up to 10 000 subjects, answered in order (4.2, 5.1).

        only: touched leaves out who is clear with nothing to tell; index says which one an answer is about
        scenario: business at hand, for a body of one subject a line
        """
        return self._call("POST", "/v1/screen/bulk", {"only": only, "scenario": scenario}, body)

    def status(self) -> Status:
        """How the gate stands."""
        return self._call("GET", "/v1/status", {}, None)

    def watched(self, scenario: Optional[str] = None, after: Optional[str] = None, after_scenario: Optional[str] = None) -> WatchedList:
        """Who is watched, by the department's own references.

        scenario: kind of post, licence or honour; all if empty
        after: subject of the last one of the page before
        after_scenario: its scenario
        """
        return self._call("GET", "/v1/watch", {"scenario": scenario, "after": after, "after_scenario": after_scenario}, None)

    def watch(self, body: WatchBody) -> WatchAnswer:
        """Watch holders of posts, licences or honours, up to 10 000 at a time (3.4, 3.5, 4.2)."""
        return self._call("POST", "/v1/watch", {}, body)

    def unwatch(self, subject: str, body: ByBody, scenario: Optional[str] = None) -> Unwatched:
        """Watch a subject no more.

        scenario: kind of post, licence or honour; all if empty
        """
        return self._call("DELETE", f"/v1/watch/{quote(subject, safe='')}", {"scenario": scenario}, body)
