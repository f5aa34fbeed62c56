"""A ticket counter: asks about one passenger, then about several.

    python3 counter.py http://127.0.0.1:8701 SCENARIO NUMBER NAME [NUMBER NAME]...
"""
import sys

from gate_client import Client, Problem


def main(address, scenario, *people):
    pairs = list(zip(people[::2], people[1::2]))
    with Client(address) as gate:
        number, name = pairs[0]
        try:
            decision = gate.screen({"scenario": scenario, "number": number, "name": name})
        except Problem as problem:
            print("problem", problem.code)
            return
        print(decision["outcome"], "as of", decision["sequence"])
        for reason in decision.get("reasons", []):
            print(reason["code"])
        if decision["outcome"] == "block":
            print(gate.restriction(decision["reference"])["state"])

        subjects = [{"id": f"row {i + 1}", "number": number, "name": name} for i, (number, name) in enumerate(pairs)]
        for answer in gate.screen_bulk({"scenario": scenario, "subjects": subjects})["answers"]:
            print(answer["id"], answer["outcome"])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main(*sys.argv[1:])
