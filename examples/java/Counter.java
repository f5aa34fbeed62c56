import java.util.List;

/**
 * A ticket counter: asks about one passenger, then about several.
 *
 *   javac -d out *.java && java -cp out Counter http://127.0.0.1:8701 SCENARIO NUMBER NAME [NUMBER NAME]…
 */
public final class Counter {
    public static void main(String[] args) throws Exception {
        GateClient gate = new GateClient(args[0]);

        GateClient.Query query = new GateClient.Query();
        query.scenario = args[1];
        query.number = args[2];
        query.name = args[3];
        GateClient.Decision decision;
        try {
            decision = gate.screen(query);
        } catch (GateClient.ProblemException e) {
            System.out.println("problem " + e.problem.code);
            return;
        }
        System.out.println(decision.outcome + " as of " + decision.sequence);
        if (decision.reasons != null) {
            for (GateClient.Reason r : decision.reasons) {
                System.out.println(r.code);
            }
        }
        if ("block".equals(decision.outcome)) {
            System.out.println(gate.restriction(decision.reference).state);
        }

        GateClient.BulkQuery many = new GateClient.BulkQuery();
        many.scenario = args[1];
        many.subjects = new java.util.ArrayList<>();
        for (int i = 2; i + 1 < args.length; i += 2) {
            GateClient.Subject s = new GateClient.Subject();
            s.id = "row " + i / 2;
            s.number = args[i];
            s.name = args[i + 1];
            many.subjects.add(s);
        }
        List<GateClient.Answer> answers = gate.screenBulk(many, null, null).answers;
        for (GateClient.Answer a : answers) {
            System.out.println(a.id + " " + a.outcome);
        }
    }
}
