// A client of a gate, made from its OpenAPI document. Do not edit.
// Java 17 or later, the standard library alone; Json.java stands beside it.

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Asks one gate. It may be used by any number of threads. */
public final class GateClient {
    private final String url;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();

    /** @param url of the gate, such as http://127.0.0.1:8701 */
    public GateClient(String url) {
        this.url = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    /** What the gate says is wrong. */
    public static final class ProblemException extends IOException {
        private static final long serialVersionUID = 1;
        public final transient Problem problem;

        ProblemException(Problem problem) {
            super(problem.code + ": " + problem.message.zh + " / " + problem.message.en);
            this.problem = problem;
        }
    }

    private Object call(String method, String path, Map<String, String> query, Object body) throws IOException, InterruptedException {
        StringBuilder at = new StringBuilder(url).append(path);
        char separator = '?';
        for (Map.Entry<String, String> e : query.entrySet()) {
            if (e.getValue() != null) {
                at.append(separator).append(e.getKey()).append('=').append(escape(e.getValue()));
                separator = '&';
            }
        }
        HttpRequest.BodyPublisher sent = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(Json.write(body));
        HttpRequest request = HttpRequest.newBuilder(URI.create(at.toString())).timeout(Duration.ofSeconds(30))
                .header("Content-Type", "application/json").method(method, sent).build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        Object told = Json.read(answer.body());
        if (answer.statusCode() >= 300) {
            throw new ProblemException(Problem.from(told));
        }
        return told;
    }

    private static Map<String, String> query(String... pairs) {
        Map<String, String> q = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            q.put(pairs[i], pairs[i + 1]);
        }
        return q;
    }

    private static String escape(String s) {
        return URLEncoder.encode(s, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static <T> List<T> list(Object value, Function<Object, T> each) {
        if (value == null) {
            return null;
        }
        List<T> out = new ArrayList<>();
        for (Object one : (List<?>) value) {
            out.add(each.apply(one));
        }
        return out;
    }

    private static void put(Map<String, Object> m, String name, Object value) {
        if (value != null) {
            m.put(name, value);
        }
    }

    /** The process answers. */
    public Health health() throws IOException, InterruptedException {
        return Health.from(call("GET", "/healthz", query(), null));
    }

    /** This document. */
    public Object openapi() throws IOException, InterruptedException {
        return call("GET", "/openapi.json", query(), null);
    }

    /** 
     * Alerts about watched subjects.
     * @param state which ones; waiting: for an officer; null for none
     * @param after reference of the last one of the page before; null for none
     */
    public AlertList alerts(String state, String after) throws IOException, InterruptedException {
        return AlertList.from(call("GET", "/v1/alerts", query("state", state, "after", after), null));
    }

    /** One of them. */
    public Alert alert(String reference) throws IOException, InterruptedException {
        return Alert.from(call("GET", "/v1/alerts/" + escape(reference), query(), null));
    }

    /** An officer has seen it, or that it was closed. */
    public Alert acknowledgeAlert(String reference, SeenBody body) throws IOException, InterruptedException {
        return Alert.from(call("POST", "/v1/alerts/" + escape(reference) + "/acknowledge", query(), body.json()));
    }

    /** 
     * What was recorded of listings in force.
     * @param listing id of one listing; all if empty; null for none
     * @param after reference of the last one of the page before; null for none
     */
    public DifferenceList differences(String listing, String after) throws IOException, InterruptedException {
        return DifferenceList.from(call("GET", "/v1/differences", query("listing", listing, "after", after), null));
    }

    /** Record that an applicant is not a listing (5.1). */
    public Difference rememberDifference(Different body) throws IOException, InterruptedException {
        return Difference.from(call("POST", "/v1/differences", query(), body.json()));
    }

    /** Take it back: the listing is told again. */
    public Difference forgetDifference(String reference, ForgetBody body) throws IOException, InterruptedException {
        return Difference.from(call("DELETE", "/v1/differences/" + escape(reference), query(), body.json()));
    }

    /** One of them. */
    public Difference difference(String reference) throws IOException, InterruptedException {
        return Difference.from(call("GET", "/v1/differences/" + escape(reference), query(), null));
    }

    /** Propose to the court that it look again (2.4.1). */
    public Proposal propose(ProposalBody body) throws IOException, InterruptedException {
        return Proposal.from(call("POST", "/v1/proposals", query(), body.json()));
    }

    /** 
     * Restrictions in force, or kept on after their listing ended.
     * @param state which ones; null for none
     * @param after reference of the last one of the page before; null for none
     */
    public RestrictionList restrictions(String state, String after) throws IOException, InterruptedException {
        return RestrictionList.from(call("GET", "/v1/restrictions", query("state", state, "after", after), null));
    }

    /** Whether a restriction stands. */
    public Restriction restriction(String reference) throws IOException, InterruptedException {
        return Restriction.from(call("GET", "/v1/restrictions/" + escape(reference), query(), null));
    }

    /** Keep a restriction on after its listing ends (3.13). */
    public Restriction keep(String reference, KeepBody body) throws IOException, InterruptedException {
        return Restriction.from(call("POST", "/v1/restrictions/" + escape(reference) + "/keep", query(), body.json()));
    }

    /** The person asks the department to review it (3.12). */
    public Review review(String reference, ReviewBody body) throws IOException, InterruptedException {
        return Review.from(call("POST", "/v1/restrictions/" + escape(reference) + "/review", query(), body.json()));
    }

    /** The department's answer. */
    public Review answerReview(String reference, AnswerBody body) throws IOException, InterruptedException {
        return Review.from(call("POST", "/v1/restrictions/" + escape(reference) + "/review/answer", query(), body.json()));
    }

    /** 
     * Reviews that wait for an answer, or have one.
     * @param state which ones; null for none
     * @param after reference of the last one of the page before; null for none
     */
    public ReviewList reviews(String state, String after) throws IOException, InterruptedException {
        return ReviewList.from(call("GET", "/v1/reviews", query("state", state, "after", after), null));
    }

    /** Scenarios with their measures. */
    public ScenarioList scenarios() throws IOException, InterruptedException {
        return ScenarioList.from(call("GET", "/v1/scenarios", query(), null));
    }

    /** May one person or organisation go ahead? (4.2). */
    public Decision screen(Query body) throws IOException, InterruptedException {
        return Decision.from(call("POST", "/v1/screen", query(), body.json()));
    }

    /** 
     * The same about up to 10 000 subjects, answered in order (4.2, 5.1).
     * @param only touched leaves out who is clear with nothing to tell; index says which one an answer is about; null for none
     * @param scenario business at hand, for a body of one subject a line; null for none
     */
    public BulkAnswer screenBulk(BulkQuery body, String only, String scenario) throws IOException, InterruptedException {
        return BulkAnswer.from(call("POST", "/v1/screen/bulk", query("only", only, "scenario", scenario), body.json()));
    }

    /** How the gate stands. */
    public Status status() throws IOException, InterruptedException {
        return Status.from(call("GET", "/v1/status", query(), null));
    }

    /** 
     * Who is watched, by the department's own references.
     * @param scenario kind of post, licence or honour; all if empty; null for none
     * @param after subject of the last one of the page before; null for none
     * @param afterScenario its scenario; null for none
     */
    public WatchedList watched(String scenario, String after, String afterScenario) throws IOException, InterruptedException {
        return WatchedList.from(call("GET", "/v1/watch", query("scenario", scenario, "after", after, "after_scenario", afterScenario), null));
    }

    /** Watch holders of posts, licences or honours, up to 10 000 at a time (3.4, 3.5, 4.2). */
    public WatchAnswer watch(WatchBody body) throws IOException, InterruptedException {
        return WatchAnswer.from(call("POST", "/v1/watch", query(), body.json()));
    }

    /** 
     * Watch a subject no more.
     * @param scenario kind of post, licence or honour; all if empty; null for none
     */
    public Unwatched unwatch(String subject, ByBody body, String scenario) throws IOException, InterruptedException {
        return Unwatched.from(call("DELETE", "/v1/watch/" + escape(subject), query("scenario", scenario), body.json()));
    }

    /** An Abnormal tells what a gate does not apply until the hub approves it as a batch, or an officer accepts it. Meanwhile the copy of before serves until it is stale. */
    public static final class Abnormal {
        public Long after;
        public Long before; // in force
        public Long entered;
        public Long left;
        public Long sequence; // to accept
        public String since;

        static Abnormal from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Abnormal x = new Abnormal();
            x.after = (Long) m.get("after");
            x.before = (Long) m.get("before");
            x.entered = (Long) m.get("entered");
            x.left = (Long) m.get("left");
            x.sequence = (Long) m.get("sequence");
            x.since = (String) m.get("since");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "after", after);
            put(m, "before", before);
            put(m, "entered", entered);
            put(m, "left", left);
            put(m, "sequence", sequence);
            put(m, "since", since);
            return m;
        }
    }

    /** An Alert tells that a listing in force has the number of a watched subject, or that it had until it was closed. */
    public static final class Alert {
        public String at;
        public Reason because; // why it was closed
        public String closed;
        public Long closedSequence; // of the list that ended it
        public String listing;
        public String reference;
        public String scenario; // kind of post, licence or honour
        public Seen seen; // by whom, while it was open
        public Long sequence; // of the list that led to it
        public String state; // "open" or "closed"
        public String subject; // the department's own reference
        public Seen undone; // by whom, after it was closed
        public String until; // last day of the listing
        public String what; // "block": number and name agree; "refer": the number does, look at the name

        static Alert from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Alert x = new Alert();
            x.at = (String) m.get("at");
            x.because = Reason.from(m.get("because"));
            x.closed = (String) m.get("closed");
            x.closedSequence = (Long) m.get("closed_sequence");
            x.listing = (String) m.get("listing");
            x.reference = (String) m.get("reference");
            x.scenario = (String) m.get("scenario");
            x.seen = Seen.from(m.get("seen"));
            x.sequence = (Long) m.get("sequence");
            x.state = (String) m.get("state");
            x.subject = (String) m.get("subject");
            x.undone = Seen.from(m.get("undone"));
            x.until = (String) m.get("until");
            x.what = (String) m.get("what");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "at", at);
            put(m, "because", because == null ? null : because.json());
            put(m, "closed", closed);
            put(m, "closed_sequence", closedSequence);
            put(m, "listing", listing);
            put(m, "reference", reference);
            put(m, "scenario", scenario);
            put(m, "seen", seen == null ? null : seen.json());
            put(m, "sequence", sequence);
            put(m, "state", state);
            put(m, "subject", subject);
            put(m, "undone", undone == null ? null : undone.json());
            put(m, "until", until);
            put(m, "what", what);
            return m;
        }
    }

    /** AlertList is sent or answered. */
    public static final class AlertList {
        public List<Alert> alerts;

        static AlertList from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            AlertList x = new AlertList();
            x.alerts = list(m.get("alerts"), Alert::from);
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "alerts", alerts == null ? null : list(alerts, one -> ((Alert) one).json()));
            return m;
        }
    }

    /** An Answer is the answer about one Subject: a Decision without what the whole request has in common. Sequence, AsOf and FreshUntil stand in it only where the list moved on while it was recorded. */
    public static final class Answer {
        public String asOf;
        public String freshUntil;
        public List<Hit> hits;
        public String id; // as given
        public Long index; // place among the subjects, from 0, if not all are answered
        public String outcome;
        public List<Reason> reasons;
        public String reference; // quote it when asking for review (3.12)
        public Text remedy; // how to object, to court and to department
        public Long sequence;

        static Answer from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Answer x = new Answer();
            x.asOf = (String) m.get("as_of");
            x.freshUntil = (String) m.get("fresh_until");
            x.hits = list(m.get("hits"), Hit::from);
            x.id = (String) m.get("id");
            x.index = (Long) m.get("index");
            x.outcome = (String) m.get("outcome");
            x.reasons = list(m.get("reasons"), Reason::from);
            x.reference = (String) m.get("reference");
            x.remedy = Text.from(m.get("remedy"));
            x.sequence = (Long) m.get("sequence");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "as_of", asOf);
            put(m, "fresh_until", freshUntil);
            put(m, "hits", hits == null ? null : list(hits, one -> ((Hit) one).json()));
            put(m, "id", id);
            put(m, "index", index);
            put(m, "outcome", outcome);
            put(m, "reasons", reasons == null ? null : list(reasons, one -> ((Reason) one).json()));
            put(m, "reference", reference);
            put(m, "remedy", remedy == null ? null : remedy.json());
            put(m, "sequence", sequence);
            return m;
        }
    }

    /** AnswerBody is sent or answered. */
    public static final class AnswerBody {
        public String by; // the officer
        public String reason;
        public Boolean upheld; // said outright: nothing is rejected because a field is missing

        static AnswerBody from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            AnswerBody x = new AnswerBody();
            x.by = (String) m.get("by");
            x.reason = (String) m.get("reason");
            x.upheld = (Boolean) m.get("upheld");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "by", by);
            put(m, "reason", reason);
            put(m, "upheld", upheld);
            return m;
        }
    }

    /** A BulkAnswer answers a BulkQuery. */
    public static final class BulkAnswer {
        public List<Answer> answers; // in the order of the subjects
        public String asOf; // time of the last verified checkpoint
        public Long clear; // how many of them are clear
        public String freshUntil; // after it the gate restricts nobody
        public Long sequence; // the list as of this sequence
        public Long subjects; // how many were asked about

        static BulkAnswer from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            BulkAnswer x = new BulkAnswer();
            x.answers = list(m.get("answers"), Answer::from);
            x.asOf = (String) m.get("as_of");
            x.clear = (Long) m.get("clear");
            x.freshUntil = (String) m.get("fresh_until");
            x.sequence = (Long) m.get("sequence");
            x.subjects = (Long) m.get("subjects");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "answers", answers == null ? null : list(answers, one -> ((Answer) one).json()));
            put(m, "as_of", asOf);
            put(m, "clear", clear);
            put(m, "fresh_until", freshUntil);
            put(m, "sequence", sequence);
            put(m, "subjects", subjects);
            return m;
        }
    }

    /** A BulkQuery asks about many subjects of one business. */
    public static final class BulkQuery {
        public String scenario; // for every subject that names none of its own
        public List<Subject> subjects; // at most 10 000

        static BulkQuery from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            BulkQuery x = new BulkQuery();
            x.scenario = (String) m.get("scenario");
            x.subjects = list(m.get("subjects"), Subject::from);
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "scenario", scenario);
            put(m, "subjects", subjects == null ? null : list(subjects, one -> ((Subject) one).json()));
            return m;
        }
    }

    /** ByBody is sent or answered. */
    public static final class ByBody {
        public String by; // the officer

        static ByBody from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            ByBody x = new ByBody();
            x.by = (String) m.get("by");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "by", by);
            return m;
        }
    }

    /** A Decision is a gate's answer with its grounds. For clear, Remedy and Reference are empty, Hits holds hints at most, and nothing is kept or reported. */
    public static final class Decision {
        public String asOf; // time of the last verified checkpoint
        public String freshUntil; // after it the gate restricts nobody
        public List<Hit> hits;
        public String outcome;
        public List<Reason> reasons;
        public String reference; // quote it when asking for review (3.12)
        public Text remedy; // how to object, to court and to department
        public String scenario;
        public Long sequence; // the list as of this sequence

        static Decision from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Decision x = new Decision();
            x.asOf = (String) m.get("as_of");
            x.freshUntil = (String) m.get("fresh_until");
            x.hits = list(m.get("hits"), Hit::from);
            x.outcome = (String) m.get("outcome");
            x.reasons = list(m.get("reasons"), Reason::from);
            x.reference = (String) m.get("reference");
            x.remedy = Text.from(m.get("remedy"));
            x.scenario = (String) m.get("scenario");
            x.sequence = (Long) m.get("sequence");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "as_of", asOf);
            put(m, "fresh_until", freshUntil);
            put(m, "hits", hits == null ? null : list(hits, one -> ((Hit) one).json()));
            put(m, "outcome", outcome);
            put(m, "reasons", reasons == null ? null : list(reasons, one -> ((Reason) one).json()));
            put(m, "reference", reference);
            put(m, "remedy", remedy == null ? null : remedy.json());
            put(m, "scenario", scenario);
            put(m, "sequence", sequence);
            return m;
        }
    }

    /** A Difference is one that is on record. It does not say who the applicant is. */
    public static final class Difference {
        public String at;
        public Reason because; // why it ended
        public String by;
        public String ended;
        public String endedBy;
        public String endedReason;
        public String listing;
        public String reason;
        public String reference;
        public Long sequence; // of the listing as it stood
        public String state; // "holds" or "ended"

        static Difference from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Difference x = new Difference();
            x.at = (String) m.get("at");
            x.because = Reason.from(m.get("because"));
            x.by = (String) m.get("by");
            x.ended = (String) m.get("ended");
            x.endedBy = (String) m.get("ended_by");
            x.endedReason = (String) m.get("ended_reason");
            x.listing = (String) m.get("listing");
            x.reason = (String) m.get("reason");
            x.reference = (String) m.get("reference");
            x.sequence = (Long) m.get("sequence");
            x.state = (String) m.get("state");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "at", at);
            put(m, "because", because == null ? null : because.json());
            put(m, "by", by);
            put(m, "ended", ended);
            put(m, "ended_by", endedBy);
            put(m, "ended_reason", endedReason);
            put(m, "listing", listing);
            put(m, "reason", reason);
            put(m, "reference", reference);
            put(m, "sequence", sequence);
            put(m, "state", state);
            return m;
        }
    }

    /** DifferenceList is sent or answered. */
    public static final class DifferenceList {
        public List<Difference> differences;

        static DifferenceList from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            DifferenceList x = new DifferenceList();
            x.differences = list(m.get("differences"), Difference::from);
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "differences", differences == null ? null : list(differences, one -> ((Difference) one).json()));
            return m;
        }
    }

    /** A Different is what an officer says after looking: the applicant is not Listing. The applicant is named by Number, or by Subject where no number is known, and by Name; none of them is kept. */
    public static final class Different {
        public String by; // the officer
        public String listing;
        public String name;
        public String number;
        public String reason; // what was looked at
        public String subject; // the department's own reference of the applicant, as queries name it

        static Different from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Different x = new Different();
            x.by = (String) m.get("by");
            x.listing = (String) m.get("listing");
            x.name = (String) m.get("name");
            x.number = (String) m.get("number");
            x.reason = (String) m.get("reason");
            x.subject = (String) m.get("subject");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "by", by);
            put(m, "listing", listing);
            put(m, "name", name);
            put(m, "number", number);
            put(m, "reason", reason);
            put(m, "subject", subject);
            return m;
        }
    }

    /** A Fact is one thing that was compared between a listing and whoever is asked about, with both values as they were compared. Values that stand for a person's number are masked. */
    public static final class Fact {
        public String about; // what was compared: "number", "name", "born", "sex", "region", … (docs/matching.md)
        public String given;
        public String listed;
        public String verdict; // how it came out

        static Fact from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Fact x = new Fact();
            x.about = (String) m.get("about");
            x.given = (String) m.get("given");
            x.listed = (String) m.get("listed");
            x.verdict = (String) m.get("verdict");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "about", about);
            put(m, "given", given);
            put(m, "listed", listed);
            put(m, "verdict", verdict);
            return m;
        }
    }

    /** A Fault is the latest thing that went wrong while following or reporting. */
    public static final class Fault {
        public String at;
        public String code;
        public String en;
        public String zh;

        static Fault from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Fault x = new Fault();
            x.at = (String) m.get("at");
            x.code = (String) m.get("code");
            x.en = (String) m.get("en");
            x.zh = (String) m.get("zh");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "at", at);
            put(m, "code", code);
            put(m, "en", en);
            put(m, "zh", zh);
            return m;
        }
    }

    /** ForgetBody is sent or answered. */
    public static final class ForgetBody {
        public String by; // the officer
        public String reason;

        static ForgetBody from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            ForgetBody x = new ForgetBody();
            x.by = (String) m.get("by");
            x.reason = (String) m.get("reason");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "by", by);
            put(m, "reason", reason);
            return m;
        }
    }

    /** A ForkStatus tells of a fork that nobody has acknowledged yet: the hub has signed two states of the list that cannot both be true. Until an officer decides, nobody is restricted and nothing is followed. */
    public static final class ForkStatus {
        public String evidence; // file in the gate's directory, for the provincial centre
        public Long sequence; // of the checkpoint that contradicts what was verified before
        public String since;

        static ForkStatus from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            ForkStatus x = new ForkStatus();
            x.evidence = (String) m.get("evidence");
            x.sequence = (Long) m.get("sequence");
            x.since = (String) m.get("since");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "evidence", evidence);
            put(m, "sequence", sequence);
            put(m, "since", since);
            return m;
        }
    }

    /** A health is the answer of GET /healthz. */
    public static final class Health {
        public Boolean fresh; // whether the gate also knows

        static Health from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Health x = new Health();
            x.fresh = (Boolean) m.get("fresh");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "fresh", fresh);
            return m;
        }
    }

    /** A Hit is one listing that a query met, with all that the person concerned and the officer need to know. */
    public static final class Hit {
        public List<String> agrees; // which parts agree: "number", "name"
        public Text basis;
        public String caseNumber;
        public String clause;
        public String court;
        public String effect;
        public List<Fact> evidence; // what was compared, and how it came out
        public Boolean hint; // a similar name that was asked for: it decides nothing, and Measure is empty
        public String listing;
        public String measure; // id, such as 3.6.flight
        public String name; // as listed
        public String number; // masked
        public String published; // a day such as 2017-09-01; empty if there is none
        public String severity;
        public String until; // a day such as 2017-09-01; empty if there is none

        static Hit from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Hit x = new Hit();
            x.agrees = list(m.get("agrees"), one -> (String) one);
            x.basis = Text.from(m.get("basis"));
            x.caseNumber = (String) m.get("case");
            x.clause = (String) m.get("clause");
            x.court = (String) m.get("court");
            x.effect = (String) m.get("effect");
            x.evidence = list(m.get("evidence"), Fact::from);
            x.hint = (Boolean) m.get("hint");
            x.listing = (String) m.get("listing");
            x.measure = (String) m.get("measure");
            x.name = (String) m.get("name");
            x.number = (String) m.get("number");
            x.published = (String) m.get("published");
            x.severity = (String) m.get("severity");
            x.until = (String) m.get("until");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "agrees", agrees);
            put(m, "basis", basis == null ? null : basis.json());
            put(m, "case", caseNumber);
            put(m, "clause", clause);
            put(m, "court", court);
            put(m, "effect", effect);
            put(m, "evidence", evidence == null ? null : list(evidence, one -> ((Fact) one).json()));
            put(m, "hint", hint);
            put(m, "listing", listing);
            put(m, "measure", measure);
            put(m, "name", name);
            put(m, "number", number);
            put(m, "published", published);
            put(m, "severity", severity);
            put(m, "until", until);
            return m;
        }
    }

    /** KeepBody is sent or answered. */
    public static final class KeepBody {
        public String by; // the officer
        public String ground; // the law that allows it
        public String measure; // id of one measure; all of the restriction if empty
        public String until; // last day, such as 2017-09-01

        static KeepBody from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            KeepBody x = new KeepBody();
            x.by = (String) m.get("by");
            x.ground = (String) m.get("ground");
            x.measure = (String) m.get("measure");
            x.until = (String) m.get("until");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "by", by);
            put(m, "ground", ground);
            put(m, "measure", measure);
            put(m, "until", until);
            return m;
        }
    }

    /** Kept is what the department stated for keeping a restriction on (3.13). */
    public static final class Kept {
        public String at;
        public String by;
        public String ground;
        public String since; // when its listing ended; zero while that is in force
        public String until; // last day; the gate lifts it the day after

        static Kept from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Kept x = new Kept();
            x.at = (String) m.get("at");
            x.by = (String) m.get("by");
            x.ground = (String) m.get("ground");
            x.since = (String) m.get("since");
            x.until = (String) m.get("until");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "at", at);
            put(m, "by", by);
            put(m, "ground", ground);
            put(m, "since", since);
            put(m, "until", until);
            return m;
        }
    }

    /** A LineSummary ends the answer to a body of one subject a line. Without it the gate did not finish. */
    public static final class LineSummary {
        public Map<?, ?> outcomes; // how many of each
        public Long subjects;

        static LineSummary from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            LineSummary x = new LineSummary();
            x.outcomes = (Map<?, ?>) m.get("outcomes");
            x.subjects = (Long) m.get("subjects");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "outcomes", outcomes);
            put(m, "subjects", subjects);
            return m;
        }
    }

    /** A Measure is one entry of the catalogue: nothing restricts anyone except through one (1.1). */
    public static final class Measure {
        public Text basis; // the clause in words, for the person who is told
        public List<String> binds; // "subject", "legal_representative", "principal", "responsible_person", "actual_controller"
        public String clause; // such as "3.6"
        public List<String> departments;
        public String effect;
        public String id; // such as "3.6.flight"
        public String scenario; // the business in which it applies, such as "flight"
        public Text title;

        static Measure from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Measure x = new Measure();
            x.basis = Text.from(m.get("basis"));
            x.binds = list(m.get("binds"), one -> (String) one);
            x.clause = (String) m.get("clause");
            x.departments = list(m.get("departments"), one -> (String) one);
            x.effect = (String) m.get("effect");
            x.id = (String) m.get("id");
            x.scenario = (String) m.get("scenario");
            x.title = Text.from(m.get("title"));
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "basis", basis == null ? null : basis.json());
            put(m, "binds", binds);
            put(m, "clause", clause);
            put(m, "departments", departments);
            put(m, "effect", effect);
            put(m, "id", id);
            put(m, "scenario", scenario);
            put(m, "title", title == null ? null : title.json());
            return m;
        }
    }

    /** A problem is an RFC 9457 answer, in the form that the hub gives as well. */
    public static final class Problem {
        public String code;
        public String detail;
        public Text mend;
        public Text message;
        public Long status;
        public String title;
        public String type;

        static Problem from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Problem x = new Problem();
            x.code = (String) m.get("code");
            x.detail = (String) m.get("detail");
            x.mend = Text.from(m.get("mend"));
            x.message = Text.from(m.get("message"));
            x.status = (Long) m.get("status");
            x.title = (String) m.get("title");
            x.type = (String) m.get("type");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "code", code);
            put(m, "detail", detail);
            put(m, "mend", mend == null ? null : mend.json());
            put(m, "message", message == null ? null : message.json());
            put(m, "status", status);
            put(m, "title", title);
            put(m, "type", type);
            return m;
        }
    }

    /** A Proposal is what a department proposes to the court: to look again at a listing. The listing stays in force meanwhile, and the department goes on carrying out its measures; it does not review the merits itself. */
    public static final class Proposal {
        public String at;
        public String listing;
        public String reason;
        public String reference;
        public String state; // "waiting" for the hub, "delivered", or "refused" by it

        static Proposal from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Proposal x = new Proposal();
            x.at = (String) m.get("at");
            x.listing = (String) m.get("listing");
            x.reason = (String) m.get("reason");
            x.reference = (String) m.get("reference");
            x.state = (String) m.get("state");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "at", at);
            put(m, "listing", listing);
            put(m, "reason", reason);
            put(m, "reference", reference);
            put(m, "state", state);
            return m;
        }
    }

    /** ProposalBody is sent or answered. */
    public static final class ProposalBody {
        public String listing; // id, as in a hit
        public String reason;

        static ProposalBody from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            ProposalBody x = new ProposalBody();
            x.listing = (String) m.get("listing");
            x.reason = (String) m.get("reason");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "listing", listing);
            put(m, "reason", reason);
            return m;
        }
    }

    /** A Query asks whether one person or organisation may go ahead with one business. It is forgotten with the answer. Scenario and Number or Name are needed; the others are what else is known, each left out where it is not. */
    public static final class Query {
        public Long born; // year of birth
        public Boolean hints; // of a search by name: tell of similar names as well
        public String masked; // number of which only a part is known, * for each character that is not: 3205**********1234
        public String name;
        public String number; // identifier, in any writing that identity.Parse reads
        public String region; // address code of GB/T 2260, two, four or six digits
        public String scenario; // id of the catalogue, such as "flight"
        public String sex; // 男 or 女 (GB/T 2261.1)
        public String subject; // the department's own reference of the applicant, for remembered differences; no identifier

        static Query from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Query x = new Query();
            x.born = (Long) m.get("born");
            x.hints = (Boolean) m.get("hints");
            x.masked = (String) m.get("masked");
            x.name = (String) m.get("name");
            x.number = (String) m.get("number");
            x.region = (String) m.get("region");
            x.scenario = (String) m.get("scenario");
            x.sex = (String) m.get("sex");
            x.subject = (String) m.get("subject");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "born", born);
            put(m, "hints", hints);
            put(m, "masked", masked);
            put(m, "name", name);
            put(m, "number", number);
            put(m, "region", region);
            put(m, "scenario", scenario);
            put(m, "sex", sex);
            put(m, "subject", subject);
            return m;
        }
    }

    /** A Reason tells why, with a stable code. */
    public static final class Reason {
        public String code;
        public String en;
        public String zh;

        static Reason from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Reason x = new Reason();
            x.code = (String) m.get("code");
            x.en = (String) m.get("en");
            x.zh = (String) m.get("zh");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "code", code);
            put(m, "en", en);
            put(m, "zh", zh);
            return m;
        }
    }

    /** A Restriction is what stands under one reference: what a person who asks for review (3.12), and the officer who answers, need. It does not say who was screened. */
    public static final class Restriction {
        public String at;
        public String department;
        public String liftedAt; // of the last part
        public Long liftedSequence; // sequence at which the last part was lifted
        public List<RestrictionPart> parts;
        public String reference;
        public Review review; // of the department, if one was asked for
        public String scenario;
        public Long sequence; // of the list that led to it
        public String state; // "in_force", "kept", "lifted" or "referred"; the first of them that a part is in

        static Restriction from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Restriction x = new Restriction();
            x.at = (String) m.get("at");
            x.department = (String) m.get("department");
            x.liftedAt = (String) m.get("lifted_at");
            x.liftedSequence = (Long) m.get("lifted_sequence");
            x.parts = list(m.get("parts"), RestrictionPart::from);
            x.reference = (String) m.get("reference");
            x.review = Review.from(m.get("review"));
            x.scenario = (String) m.get("scenario");
            x.sequence = (Long) m.get("sequence");
            x.state = (String) m.get("state");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "at", at);
            put(m, "department", department);
            put(m, "lifted_at", liftedAt);
            put(m, "lifted_sequence", liftedSequence);
            put(m, "parts", parts == null ? null : list(parts, one -> ((RestrictionPart) one).json()));
            put(m, "reference", reference);
            put(m, "review", review == null ? null : review.json());
            put(m, "scenario", scenario);
            put(m, "sequence", sequence);
            put(m, "state", state);
            return m;
        }
    }

    /** RestrictionList is sent or answered. */
    public static final class RestrictionList {
        public List<Restriction> restrictions;

        static RestrictionList from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            RestrictionList x = new RestrictionList();
            x.restrictions = list(m.get("restrictions"), Restriction::from);
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "restrictions", restrictions == null ? null : list(restrictions, one -> ((Restriction) one).json()));
            return m;
        }
    }

    /** A RestrictionPart is one listing under one measure. */
    public static final class RestrictionPart {
        public Reason because; // why it was lifted, or why its listing does not bind while it is kept on
        public String clause;
        public Kept kept; // what was stated for keeping it on after its listing ends
        public String liftedAt;
        public Long liftedSequence;
        public String listing;
        public String measure;
        public String reason;
        public String state;
        public String until; // last day of the listing

        static RestrictionPart from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            RestrictionPart x = new RestrictionPart();
            x.because = Reason.from(m.get("because"));
            x.clause = (String) m.get("clause");
            x.kept = Kept.from(m.get("kept"));
            x.liftedAt = (String) m.get("lifted_at");
            x.liftedSequence = (Long) m.get("lifted_sequence");
            x.listing = (String) m.get("listing");
            x.measure = (String) m.get("measure");
            x.reason = (String) m.get("reason");
            x.state = (String) m.get("state");
            x.until = (String) m.get("until");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "because", because == null ? null : because.json());
            put(m, "clause", clause);
            put(m, "kept", kept == null ? null : kept.json());
            put(m, "lifted_at", liftedAt);
            put(m, "lifted_sequence", liftedSequence);
            put(m, "listing", listing);
            put(m, "measure", measure);
            put(m, "reason", reason);
            put(m, "state", state);
            put(m, "until", until);
            return m;
        }
    }

    /** A Review is what a restricted person asked of the department, and its answer. It does not say who that is: the reference does, to those who know it. */
    public static final class Review {
        public String answer; // the department's reasons
        public String answered;
        public String answeredBy;
        public String by; // the officer who took it down
        public String filed;
        public String listing; // behind its first part that restricted; "" where none was met
        public String reason; // the person's
        public String reference; // of the restriction
        public String state; // "open", "upheld" or "rejected"
        public Boolean upheld;

        static Review from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Review x = new Review();
            x.answer = (String) m.get("answer");
            x.answered = (String) m.get("answered");
            x.answeredBy = (String) m.get("answered_by");
            x.by = (String) m.get("by");
            x.filed = (String) m.get("filed");
            x.listing = (String) m.get("listing");
            x.reason = (String) m.get("reason");
            x.reference = (String) m.get("reference");
            x.state = (String) m.get("state");
            x.upheld = (Boolean) m.get("upheld");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "answer", answer);
            put(m, "answered", answered);
            put(m, "answered_by", answeredBy);
            put(m, "by", by);
            put(m, "filed", filed);
            put(m, "listing", listing);
            put(m, "reason", reason);
            put(m, "reference", reference);
            put(m, "state", state);
            put(m, "upheld", upheld);
            return m;
        }
    }

    /** ReviewBody is sent or answered. */
    public static final class ReviewBody {
        public String by; // the officer who takes it down
        public String reason; // the person's

        static ReviewBody from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            ReviewBody x = new ReviewBody();
            x.by = (String) m.get("by");
            x.reason = (String) m.get("reason");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "by", by);
            put(m, "reason", reason);
            return m;
        }
    }

    /** ReviewList is sent or answered. */
    public static final class ReviewList {
        public List<Review> reviews;

        static ReviewList from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            ReviewList x = new ReviewList();
            x.reviews = list(m.get("reviews"), Review::from);
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "reviews", reviews == null ? null : list(reviews, one -> ((Review) one).json()));
            return m;
        }
    }

    /** A scenarioList is the answer of GET /v1/scenarios. */
    public static final class ScenarioList {
        public List<ScenarioMeasures> scenarios;

        static ScenarioList from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            ScenarioList x = new ScenarioList();
            x.scenarios = list(m.get("scenarios"), ScenarioMeasures::from);
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "scenarios", scenarios == null ? null : list(scenarios, one -> ((ScenarioMeasures) one).json()));
            return m;
        }
    }

    /** ScenarioMeasures is sent or answered. */
    public static final class ScenarioMeasures {
        public String id; // such as "flight"
        public List<Measure> measures; // what the scenario meets
        public Text title;

        static ScenarioMeasures from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            ScenarioMeasures x = new ScenarioMeasures();
            x.id = (String) m.get("id");
            x.measures = list(m.get("measures"), Measure::from);
            x.title = Text.from(m.get("title"));
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "id", id);
            put(m, "measures", measures == null ? null : list(measures, one -> ((Measure) one).json()));
            put(m, "title", title == null ? null : title.json());
            return m;
        }
    }

    /** Seen says which officer has seen an alert, or that it was closed, and when. */
    public static final class Seen {
        public String at;
        public String by;
        public String remark;

        static Seen from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Seen x = new Seen();
            x.at = (String) m.get("at");
            x.by = (String) m.get("by");
            x.remark = (String) m.get("remark");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "at", at);
            put(m, "by", by);
            put(m, "remark", remark);
            return m;
        }
    }

    /** SeenBody is sent or answered. */
    public static final class SeenBody {
        public String by; // the officer
        public String remark;

        static SeenBody from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            SeenBody x = new SeenBody();
            x.by = (String) m.get("by");
            x.remark = (String) m.get("remark");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "by", by);
            put(m, "remark", remark);
            return m;
        }
    }

    /** A Status says how the gate stands. */
    public static final class Status {
        public Abnormal abnormal;
        public Long alertsOpen; // about watched subjects whose listing is in force
        public Long alertsWaiting; // for an officer, open ones and closed ones
        public String asOf; // of the last verified checkpoint
        public String department;
        public ForkStatus fork;
        public Boolean fresh;
        public String freshUntil; // after it the gate only refers
        public String gate;
        public String hubKey; // public key by which it takes checkpoints, after those that were replaced
        public Boolean hubReachable;
        public Fault lastError;
        public Long lifted;
        public Long listings; // in force
        public Long outbox; // reports that the hub has not taken yet
        public String receiptKey; // public key with which this gate signs receipts
        public Long refused; // reports that the hub will not take
        public Long restrictionsKept; // on, though their listing has ended (3.13)
        public Long restrictionsOpen;
        public Long reviewsOpen; // asked for and not answered (3.12)
        public Long sequence;
        public String state; // "following", "abnormal" or "forked"
        public Long watched; // subjects held against the list as it changes (3.4, 3.5)
        public Long watchedLost; // of them under another key of this gate: hand them in again
        public WebhookStatus webhook;

        static Status from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Status x = new Status();
            x.abnormal = Abnormal.from(m.get("abnormal"));
            x.alertsOpen = (Long) m.get("alerts_open");
            x.alertsWaiting = (Long) m.get("alerts_waiting");
            x.asOf = (String) m.get("as_of");
            x.department = (String) m.get("department");
            x.fork = ForkStatus.from(m.get("fork"));
            x.fresh = (Boolean) m.get("fresh");
            x.freshUntil = (String) m.get("fresh_until");
            x.gate = (String) m.get("gate");
            x.hubKey = (String) m.get("hub_key");
            x.hubReachable = (Boolean) m.get("hub_reachable");
            x.lastError = Fault.from(m.get("last_error"));
            x.lifted = (Long) m.get("lifted");
            x.listings = (Long) m.get("listings");
            x.outbox = (Long) m.get("outbox");
            x.receiptKey = (String) m.get("receipt_key");
            x.refused = (Long) m.get("refused");
            x.restrictionsKept = (Long) m.get("restrictions_kept");
            x.restrictionsOpen = (Long) m.get("restrictions_open");
            x.reviewsOpen = (Long) m.get("reviews_open");
            x.sequence = (Long) m.get("sequence");
            x.state = (String) m.get("state");
            x.watched = (Long) m.get("watched");
            x.watchedLost = (Long) m.get("watched_lost");
            x.webhook = WebhookStatus.from(m.get("webhook"));
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "abnormal", abnormal == null ? null : abnormal.json());
            put(m, "alerts_open", alertsOpen);
            put(m, "alerts_waiting", alertsWaiting);
            put(m, "as_of", asOf);
            put(m, "department", department);
            put(m, "fork", fork == null ? null : fork.json());
            put(m, "fresh", fresh);
            put(m, "fresh_until", freshUntil);
            put(m, "gate", gate);
            put(m, "hub_key", hubKey);
            put(m, "hub_reachable", hubReachable);
            put(m, "last_error", lastError == null ? null : lastError.json());
            put(m, "lifted", lifted);
            put(m, "listings", listings);
            put(m, "outbox", outbox);
            put(m, "receipt_key", receiptKey);
            put(m, "refused", refused);
            put(m, "restrictions_kept", restrictionsKept);
            put(m, "restrictions_open", restrictionsOpen);
            put(m, "reviews_open", reviewsOpen);
            put(m, "sequence", sequence);
            put(m, "state", state);
            put(m, "watched", watched);
            put(m, "watched_lost", watchedLost);
            put(m, "webhook", webhook == null ? null : webhook.json());
            return m;
        }
    }

    /** A Subject is the person or organisation listed (被执行人). */
    public static final class Subject {
        public Long born; // year of birth
        public Boolean hints; // of a search by name: tell of similar names as well
        public String id; // the caller's own mark, given back with the answer; it is not kept
        public String masked; // number of which only a part is known, * for each character that is not: 3205**********1234
        public String name;
        public String number; // identifier, in any writing that identity.Parse reads
        public String region; // address code of GB/T 2260, two, four or six digits
        public String scenario; // id of the catalogue, such as "flight"
        public String sex; // 男 or 女 (GB/T 2261.1)
        public String subject; // the department's own reference of the applicant, for remembered differences; no identifier

        static Subject from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Subject x = new Subject();
            x.born = (Long) m.get("born");
            x.hints = (Boolean) m.get("hints");
            x.id = (String) m.get("id");
            x.masked = (String) m.get("masked");
            x.name = (String) m.get("name");
            x.number = (String) m.get("number");
            x.region = (String) m.get("region");
            x.scenario = (String) m.get("scenario");
            x.sex = (String) m.get("sex");
            x.subject = (String) m.get("subject");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "born", born);
            put(m, "hints", hints);
            put(m, "id", id);
            put(m, "masked", masked);
            put(m, "name", name);
            put(m, "number", number);
            put(m, "region", region);
            put(m, "scenario", scenario);
            put(m, "sex", sex);
            put(m, "subject", subject);
            return m;
        }
    }

    /** Text is one sentence in Chinese and in English. */
    public static final class Text {
        public String en;
        public String zh;

        static Text from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Text x = new Text();
            x.en = (String) m.get("en");
            x.zh = (String) m.get("zh");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "en", en);
            put(m, "zh", zh);
            return m;
        }
    }

    /** Unwatched is sent or answered. */
    public static final class Unwatched {
        public Long removed; // rows

        static Unwatched from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Unwatched x = new Unwatched();
            x.removed = (Long) m.get("removed");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "removed", removed);
            return m;
        }
    }

    /** A Watch names one subject to be watched by the department's own reference and the kind of what it holds: the same person may hold a licence and a post. */
    public static final class Watch {
        public String name;
        public String number; // identifier, in any writing that identity.Parse reads
        public String scenario; // kind of post, licence or honour, in the department's words
        public String subject; // the department's own reference; no identifier

        static Watch from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            Watch x = new Watch();
            x.name = (String) m.get("name");
            x.number = (String) m.get("number");
            x.scenario = (String) m.get("scenario");
            x.subject = (String) m.get("subject");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "name", name);
            put(m, "number", number);
            put(m, "scenario", scenario);
            put(m, "subject", subject);
            return m;
        }
    }

    /** WatchAnswer is sent or answered. */
    public static final class WatchAnswer {
        public List<WatchResult> results; // in the order of the subjects
        public Long sequence; // of the list against which they were held

        static WatchAnswer from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            WatchAnswer x = new WatchAnswer();
            x.results = list(m.get("results"), WatchResult::from);
            x.sequence = (Long) m.get("sequence");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "results", results == null ? null : list(results, one -> ((WatchResult) one).json()));
            put(m, "sequence", sequence);
            return m;
        }
    }

    /** WatchBody is sent or answered. */
    public static final class WatchBody {
        public String by; // the officer
        public List<Watch> subjects;

        static WatchBody from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            WatchBody x = new WatchBody();
            x.by = (String) m.get("by");
            x.subjects = list(m.get("subjects"), Watch::from);
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "by", by);
            put(m, "subjects", subjects == null ? null : list(subjects, one -> ((Watch) one).json()));
            return m;
        }
    }

    /** A WatchResult says what became of one Watch. */
    public static final class WatchResult {
        public Long alerts; // open about it now
        public Reason because; // of one that was rejected
        public String scenario;
        public String state; // "watched", "replaced", "unchanged" or "rejected"
        public String subject;

        static WatchResult from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            WatchResult x = new WatchResult();
            x.alerts = (Long) m.get("alerts");
            x.because = Reason.from(m.get("because"));
            x.scenario = (String) m.get("scenario");
            x.state = (String) m.get("state");
            x.subject = (String) m.get("subject");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "alerts", alerts);
            put(m, "because", because == null ? null : because.json());
            put(m, "scenario", scenario);
            put(m, "state", state);
            put(m, "subject", subject);
            return m;
        }
    }

    /** WatchedList is sent or answered. */
    public static final class WatchedList {
        public List<WatchedSubject> subjects;

        static WatchedList from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            WatchedList x = new WatchedList();
            x.subjects = list(m.get("subjects"), WatchedSubject::from);
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "subjects", subjects == null ? null : list(subjects, one -> ((WatchedSubject) one).json()));
            return m;
        }
    }

    /** A WatchedSubject is one that is watched. */
    public static final class WatchedSubject {
        public String at;
        public String by;
        public Boolean lost; // its number was kept under another key of this gate: hand it in again
        public String scenario;
        public String subject;

        static WatchedSubject from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            WatchedSubject x = new WatchedSubject();
            x.at = (String) m.get("at");
            x.by = (String) m.get("by");
            x.lost = (Boolean) m.get("lost");
            x.scenario = (String) m.get("scenario");
            x.subject = (String) m.get("subject");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "at", at);
            put(m, "by", by);
            put(m, "lost", lost);
            put(m, "scenario", scenario);
            put(m, "subject", subject);
            return m;
        }
    }

    /** A WebhookStatus tells what the department's system has not taken yet. */
    public static final class WebhookStatus {
        public Fault fault;
        public Boolean late; // that is more than a day ago: it is tried once an hour
        public String since; // when the oldest of them came about
        public Long waiting;

        static WebhookStatus from(Object value) {
            if (value == null) {
                return null;
            }
            Map<?, ?> m = (Map<?, ?>) value;
            WebhookStatus x = new WebhookStatus();
            x.fault = Fault.from(m.get("fault"));
            x.late = (Boolean) m.get("late");
            x.since = (String) m.get("since");
            x.waiting = (Long) m.get("waiting");
            return x;
        }

        Map<String, Object> json() {
            Map<String, Object> m = new LinkedHashMap<>();
            put(m, "fault", fault == null ? null : fault.json());
            put(m, "late", late);
            put(m, "since", since);
            put(m, "waiting", waiting);
            return m;
        }
    }
}
