// A worker of `deno task sim`: runs seeds and reports the results.

import { makeScenario, type Weather } from "../tests/world/scenario.ts";
import { type Outcome, play } from "../tests/world/world.ts";

/** The seeds to run, consecutive. */
export interface SimOrder {
  readonly from: number;
  readonly count: number;
  /** Absent: that of each seed. */
  readonly weather?: Weather | undefined;
  /** Ends with the first seed that breaks a law. */
  readonly untilBroken: boolean;
}

/** The result of a request. */
export interface SimReport {
  readonly played: number;
  readonly simulatedMs: number;
  readonly launches: number;
  readonly builds: number;
  readonly crashes: number;
  readonly failed: readonly Outcome[];
}

function carryOut({ from, count, weather, untilBroken }: SimOrder): SimReport {
  let [simulatedMs, launches, builds, crashes] = [0, 0, 0, 0];
  const failed: Outcome[] = [];
  let played = 0;
  for (let seed = from; seed < from + count; seed++) {
    const outcome = play(makeScenario(seed, weather));
    simulatedMs += outcome.lastedMs;
    launches += outcome.launches;
    builds += outcome.builds;
    crashes += outcome.crashes;
    played++;
    if (outcome.violation === undefined) continue;
    failed.push(outcome);
    if (untilBroken) break;
  }
  return { played, simulatedMs, launches, builds, crashes, failed };
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<SimOrder>) => void;
  postMessage(report: SimReport): void;
};
scope.onmessage = ({ data }) => scope.postMessage(carryOut(data));
