// Tracks jobs from list to list: when each started to wait, when an agent had it, when it ended. Events between two
// lists are observed as far as the second one shows them.

import type { Backlog } from "../core/demand/backlog.ts";
import type { GocdAgent } from "../core/gocd_records.ts";
import { groupOfJob, type PipelineGroups, unknownGroup } from "../core/demand/pipeline_groups.ts";
import { isBuilding } from "../core/life/activity.ts";
import type { NamedJobLife } from "../core/view/history.ts";

/** A job that has left the feed may be shown at its agent only this much later. */
const unseenMs = 60_000;
/** An agent that has just been given a job may be shown as idle for this long: twice the interval of its pings. */
const crossedMs = 10_000;
/** Maximum number of finished builds that are remembered, so that each counts once. */
const directMax = 2_000;
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
  /** The list of agents before that one; absent: there was none. */
  readonly afterMs?: number;
  /** The last list of agents in which it had it. */
  lastMs: number;
  /**
   * The list that does not show it any more after a single one did. The server shows an agent as idle for a moment if
   * its next ping crosses the assignment of a job, so the next list decides whether the build is over.
   */
  missedMs?: number;
}

/** What is known of a build: the agent, since when, and for how long. */
type Build =
  & Omit<Begun, "afterMs" | "lastMs" | "missedMs">
  & Pick<NamedJobLife, "buildMs" | "buildLeastMs" | "buildMostMs">;

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
  /** The last list of agents, and the one before. */
  #listedMs: number | undefined;
  #listedBeforeMs: number | undefined;
  /** Jobs that agents had in the first list: another run may have stored them. */
  #builtBefore: ReadonlySet<string> = new Set();
  /** The last finished builds of jobs that were not seen waiting, with their agents. */
  readonly #direct = new Map<string, string>();
  #revision = 0;

  /** Changes with each job that begins or ends, or seems to. */
  get revision(): number {
    return this.#revision;
  }

  /** Called often; unchanged data costs nothing. */
  look(shown: ShownJobs, atMs: number): void {
    if (shown.backlog === this.#backlog && shown.agents === this.#agents) return;
    const isListed = shown.agents !== this.#agents;
    if (isListed) {
      this.#listedBeforeMs = this.#listedMs;
      this.#listedMs = atMs;
    }
    this.#backlog = shown.backlog;
    this.#agents = shown.agents;
    this.#groups = shown.pipelineGroups;
    for (const open of this.#open.values()) open.waits = false;
    this.#wait(shown, atMs);
    const built = this.#build(shown, atMs, isListed);
    for (const [locator, { life, waits, waitedMs, begun }] of this.#open) {
      if (waits || built.has(locator)) continue;
      if (begun === undefined && atMs - waitedMs < unseenMs) continue;
      if (begun !== undefined && this.#isUndecided(begun, atMs, isListed)) continue;
      this.#open.delete(locator);
      this.#finish({ locator, life }, begun === undefined ? undefined : finishedBuild(begun, atMs));
    }
  }

  /** Whether only the next list of agents will show if a build is over. */
  #isUndecided(begun: Begun, atMs: number, isListed: boolean): boolean {
    if (begun.lastMs !== begun.atMs || atMs - begun.atMs >= crossedMs) return false;
    if (begun.missedMs !== undefined) return !isListed;
    begun.missedMs = atMs;
    this.#revision++;
    return true;
  }

  /** Finished jobs that were not stored yet. */
  finished(): readonly NamedJobLife[] {
    return this.#finished;
  }

  /** Jobs that an agent was seen with at the last look, or at the one before it. */
  building(): readonly NamedJobLife[] {
    return [...this.#open].flatMap(([locator, { life, begun }]) => {
      if (begun === undefined) return [];
      const job = this.#lifeOf({ locator, life }, buildNow(begun));
      return [begun.missedMs === undefined ? { ...job, isBuilding: true as const } : job];
    });
  }

  /** Finished jobs that were not stored yet, and those that are being built, whose end will not be observed. */
  everything(): readonly NamedJobLife[] {
    for (const [locator, { life, begun }] of this.#open) {
      if (begun === undefined) continue;
      this.#open.delete(locator);
      this.#finish({ locator, life }, buildNow(begun));
    }
    return this.#finished;
  }

  /** They are stored. */
  kept(): void {
    this.#finished.splice(0);
  }

  #wait({ backlog, agents, firstSeenMs }: ShownJobs, atMs: number): void {
    const built = new Set(agents.filter(isBuilding).map(({ buildLocator }) => buildLocator));
    for (const { jobs, gocdResources, environment } of backlog.buckets) {
      for (const { locator } of jobs) {
        const known = this.#open.get(locator);
        // The feed was read before its agent was: that build goes on.
        if (known?.begun !== undefined && built.has(locator)) continue;
        // A build that is lost waits again.
        if (known?.begun !== undefined) {
          this.#finish({ locator, life: known.life }, finishedBuild(known.begun, atMs));
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
  #build({ agents, isOurs }: ShownJobs, atMs: number, isListed: boolean): ReadonlySet<string> {
    const built = new Set<string>();
    const isFirst = isListed && this.#listedBeforeMs === undefined;
    for (const gocdAgent of agents) {
      const { uuid, hostname, buildLocator } = gocdAgent;
      if (buildLocator === undefined || !isBuilding(gocdAgent)) continue;
      built.add(buildLocator);
      const open = this.#open.get(buildLocator) ?? (isFirst ? undefined : this.#openDirect(gocdAgent, isOurs, atMs));
      if (open === undefined) continue;
      if (open.begun !== undefined) {
        if (isListed) open.begun.lastMs = atMs;
        if (open.begun.missedMs !== undefined) this.#revision++;
        delete open.begun.missedMs;
        continue;
      }
      const after = this.#listedBeforeMs === undefined ? {} : { afterMs: this.#listedBeforeMs };
      open.begun = { atMs, by: isOurs(uuid) ? "ours" : "others", agent: hostname, ...after, lastMs: atMs };
      open.waits = false;
      this.#revision++;
    }
    if (isFirst) this.#builtBefore = built;
    return built;
  }

  /** A job that an agent of ours got between two polls: it was never seen waiting, so its needs are unknown. */
  #openDirect(
    { uuid, hostname, buildLocator = "" }: GocdAgent,
    isOurs: ShownJobs["isOurs"],
    atMs: number,
  ): Open | undefined {
    if (this.#builtBefore.has(buildLocator) || this.#direct.get(buildLocator) === hostname || !isOurs(uuid)) {
      return undefined;
    }
    this.#direct.set(buildLocator, hostname);
    const [oldest] = this.#direct.size > directMax ? this.#direct.keys() : [];
    if (oldest !== undefined) this.#direct.delete(oldest);
    const life = { atMs, resources: [], isDirect: true } as const;
    const open: Open = { life, waits: false, waitedMs: atMs, begun: undefined };
    this.#open.set(buildLocator, open);
    return open;
  }

  #finish(
    job: { readonly locator: string } & Pick<Open, "life">,
    begun: Build | undefined,
  ): void {
    this.#revision++;
    if (this.#finished.length >= finishedMax) this.#finished.shift();
    this.#finished.push(this.#lifeOf(job, begun));
  }

  #lifeOf(
    { locator, life }: { readonly locator: string } & Pick<Open, "life">,
    begun: Build | undefined,
  ): NamedJobLife {
    const group = groupOfJob(this.#groups, locator);
    const asked = group === unknownGroup ? { ...life, locator } : { ...life, locator, group };
    if (begun === undefined) return { ...asked, by: "unseen" };
    const { atMs: beganMs, ...rest } = begun;
    return { ...asked, beganMs, ...rest };
  }
}

function buildOf({ afterMs: _, lastMs: __, missedMs: ___, ...build }: Begun): Build {
  return build;
}

/** A build as far as it is known now. */
function buildNow(begun: Begun): Build {
  return begun.missedMs === undefined ? buildOf(begun) : finishedBuild(begun, begun.missedMs);
}

/** A build that the list of this moment does not show any more: it ended since the last one, as it began before the first. */
function finishedBuild(begun: Begun, shownMs: number): Build {
  const atMs = begun.missedMs ?? shownMs;
  const most = begun.afterMs === undefined ? {} : { buildMostMs: atMs - begun.afterMs };
  return { ...buildOf(begun), buildMs: atMs - begun.atMs, buildLeastMs: begun.lastMs - begun.atMs, ...most };
}
