// Tracks jobs from list to list: when each started to wait, when an agent had it, when it ended. Events between two
// lists are observed as far as the second one shows them.

import type { Backlog } from "../core/demand/backlog.ts";
import type { GocdAgent } from "../core/gocd_records.ts";
import { groupOfJob, type PipelineGroups, unknownGroup } from "../core/demand/pipeline_groups.ts";
import { isBuilding } from "../core/life/activity.ts";
import type { NamedJobLife } from "../core/view/history.ts";

/** A job that has left the feed may be shown at its agent only this much later. */
const unseenMs = 60_000;
/** Maximum number of finished jobs waiting to be stored, if storing fails. */
const finishedMax = 20_000;

/** The data of the GoCD server. */
export interface ShownJobs {
  /** Waiting jobs that we can serve. */
  readonly backlog: Backlog;
  readonly agents: readonly GocdAgent[];
  /** Absent: none were read. */
  readonly pipelineGroups?: PipelineGroups | undefined;
  /** When a job was first seen; absent: now. */
  readonly firstSeenMs: (locator: string) => number | undefined;
  /** Whether an agent was launched by us. */
  readonly isOurs: (uuid: string) => boolean;
}

/** An agent was seen with it. */
interface Begun {
  readonly atMs: number;
  readonly by: "ours" | "others";
  readonly agent: string;
}

/** An unfinished job. */
interface Open {
  readonly life: Omit<NamedJobLife, "by" | "group" | "locator" | "agent">;
  /** Whether the last list has it. */
  waits: boolean;
  /** When it was last in the feed. */
  waitedMs: number;
  begun: Begun | undefined;
}

/** The current jobs. A class, because it has state. */
export class JobBook {
  readonly #open = new Map<string, Open>();
  readonly #finished: NamedJobLife[] = [];
  #backlog: Backlog | undefined;
  #agents: readonly GocdAgent[] | undefined;
  #groups: PipelineGroups | undefined;

  /** Called often; unchanged data costs nothing. */
  look(shown: ShownJobs, atMs: number): void {
    if (shown.backlog === this.#backlog && shown.agents === this.#agents) return;
    this.#backlog = shown.backlog;
    this.#agents = shown.agents;
    this.#groups = shown.pipelineGroups;
    for (const open of this.#open.values()) open.waits = false;
    this.#wait(shown, atMs);
    const built = this.#build(shown, atMs);
    for (const [locator, { life, waits, waitedMs, begun }] of this.#open) {
      if (waits || built.has(locator)) continue;
      if (begun === undefined && atMs - waitedMs < unseenMs) continue;
      this.#open.delete(locator);
      this.#finish({ locator, life }, begun === undefined ? undefined : { ...begun, buildMs: atMs - begun.atMs });
    }
  }

  /** Finished jobs that were not stored yet. */
  finished(): readonly NamedJobLife[] {
    return this.#finished;
  }

  /** Jobs that an agent was seen with at the last look. */
  building(): readonly NamedJobLife[] {
    return [...this.#open].flatMap(([locator, { life, begun }]) =>
      begun === undefined ? [] : [{ ...this.#lifeOf({ locator, life }, begun), isBuilding: true as const }]
    );
  }

  /** Finished jobs that were not stored yet, and those that are being built, whose end will not be observed. */
  everything(): readonly NamedJobLife[] {
    for (const [locator, { life, begun }] of this.#open) {
      if (begun === undefined) continue;
      this.#open.delete(locator);
      this.#finish({ locator, life }, begun);
    }
    return this.#finished;
  }

  /** They are stored. */
  kept(): void {
    this.#finished.splice(0);
  }

  #wait({ backlog, firstSeenMs }: ShownJobs, atMs: number): void {
    for (const { jobs, gocdResources, environment } of backlog.buckets) {
      for (const { locator } of jobs) {
        const known = this.#open.get(locator);
        // A build that is lost waits again.
        if (known?.begun !== undefined) {
          this.#finish({ locator, life: known.life }, { ...known.begun, buildMs: atMs - known.begun.atMs });
        } else if (known !== undefined) {
          known.waits = true;
          known.waitedMs = atMs;
          continue;
        }
        const since = known === undefined ? firstSeenMs(locator) ?? atMs : atMs;
        const life = { atMs: since, resources: gocdResources, ...(environment === undefined ? {} : { environment }) };
        this.#open.set(locator, { life, waits: true, waitedMs: atMs, begun: undefined });
      }
    }
  }

  /** Locators that agents have. */
  #build({ agents, isOurs }: ShownJobs, atMs: number): ReadonlySet<string> {
    const built = new Set<string>();
    for (const gocdAgent of agents) {
      const { uuid, hostname, buildLocator } = gocdAgent;
      if (buildLocator === undefined || !isBuilding(gocdAgent)) continue;
      built.add(buildLocator);
      const open = this.#open.get(buildLocator);
      if (open === undefined || open.begun !== undefined) continue;
      open.begun = { atMs, by: isOurs(uuid) ? "ours" : "others", agent: hostname };
      open.waits = false;
    }
    return built;
  }

  #finish(
    job: { readonly locator: string } & Pick<Open, "life">,
    begun: Begun & { readonly buildMs?: number } | undefined,
  ): void {
    if (this.#finished.length >= finishedMax) this.#finished.shift();
    this.#finished.push(this.#lifeOf(job, begun));
  }

  #lifeOf(
    { locator, life }: { readonly locator: string } & Pick<Open, "life">,
    begun: Begun & { readonly buildMs?: number } | undefined,
  ): NamedJobLife {
    const group = groupOfJob(this.#groups, locator);
    const asked = group === unknownGroup ? { ...life, locator } : { ...life, locator, group };
    if (begun === undefined) return { ...asked, by: "unseen" };
    const { atMs: beganMs, ...rest } = begun;
    return { ...asked, beganMs, ...rest };
  }
}
