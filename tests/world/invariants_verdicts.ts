// The laws of verdicts: each observed waiting job has one, and the capacity that they count on exists.

import type { Event } from "../../src/core/event.ts";
import type { ScheduledJob } from "../../src/core/gocd_records.ts";
import { isSame } from "./same.ts";
import { demand } from "./violation.ts";
import type { Program, World } from "./world_state.ts";

/** The data of a successful poll. */
export interface ShownFeed {
  readonly jobs: readonly ScheduledJob[];
  /** Locators of observed builds since its request. */
  readonly built: ReadonlySet<string>;
}

/** The feed as now observed by the program. */
export function shownBy(event: Event, before: ShownFeed | undefined): ShownFeed | undefined {
  if (event.kind !== "gocd-polled" && event.kind !== "gocd-agents-read") return before;
  const building = event.agents.flatMap(({ agentState, buildLocator }) =>
    agentState === "Building" && buildLocator !== undefined ? [buildLocator] : []
  );
  if (event.kind === "gocd-polled") return { jobs: event.jobs, built: new Set(building) };
  return before === undefined ? undefined : { ...before, built: new Set([...before.built, ...building]) };
}

/** Each waiting job of a successful poll has one verdict, or an agent by then; and counted capacity exists. */
export function checkVerdicts(world: World, program: Program, event: Event): void {
  const { demand: judged, instances } = program.state;
  const verdicts = judged.jobs.map((job) => job.locator).sort();
  const judgedOn = new Set(verdicts);
  const { jobs, built } = world.watch.feed ?? { jobs: [], built: new Set() };
  const shown = jobs.map((job) => job.locator)
    .filter((locator) => judgedOn.has(locator) || !built.has(locator)).sort();
  if (event.kind === "gocd-polled" || judged.madeMs !== undefined) {
    demand(isSame(verdicts, shown), "verdicts", () => `shown: ${shown.join(" ")}; judged: ${verdicts.join(" ")}`);
  }
  if (event.kind !== "gocd-polled") return;
  const coming = judged.jobs.filter((job) => job.verdict === "coming").length;
  const supply =
    [...instances.values()].filter((instance) =>
      instance.state === "launching" || instance.state === "starting" ||
      (instance.state === "registered" && (instance.activity.kind === "unsure" || instance.gap !== undefined)) ||
      // The drain may have started in this step, after the verdicts.
      (instance.state === "draining" && (instance.step.kind === "enabling" || instance.sinceMs === judged.madeMs))
    ).length;
  demand(coming <= supply, "supply", () => `${coming} jobs wait for agents that are starting, but only ${supply} are`);
}
