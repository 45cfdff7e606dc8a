// The real core in the world of a replay: every effect of core/step.ts acts on the world, and the responses of the two
// servers come back as events.

import { windowReader } from "../config/cron.ts";
import type { Effect, GocdEffect, MesosEffect } from "../core/effect.ts";
import type { Event, GocdProblem } from "../core/event.ts";
import type { GocdAgent, GocdServerInfo, ScheduledJob } from "../core/gocd_records.ts";
import type { Offer } from "../core/placement/offer.ts";
import type { StoredState } from "../core/record.ts";
import type { PipelineGroups } from "../core/demand/pipeline_groups.ts";
import type { Settings } from "../core/settings.ts";
import type { State } from "../core/state.ts";
import { initialState, step } from "../core/step.ts";
import { locatorOf, mesosAgentIdOf, offerOf, pipelineOf, recordOf } from "./listed.ts";
import type { Trace } from "./trace.ts";
import type { Container, Job, World } from "./world.ts";

/** One-way latency between the program and a server. */
const hopMs = 50;
/** How long the server takes for a full poll, and for the list of agents alone. */
const [pollMs, readMs] = [200, 100] as const;
/** From KILL to the end of an idle container. */
const stopMs = 1_000;
/** Allocation interval of Mesos. */
const allocateMs = 1_000;
/** Interval of ticks while something changes, and otherwise. */
const [busyTickMs, idleTickMs] = [1_000, 10_000] as const;

const server: GocdServerInfo = {
  version: "26.1.0",
  resourceCase: "insensitive",
  slowRegistration: false,
  maintenance: "off",
};

const outage: GocdProblem = {
  code: "gocd-unreachable",
  kind: "unreachable",
  message: "the GoCD server does not answer",
  hint: "the trace has an outage at this time",
};

const emptyStore: StoredState = {
  framework: { lineage: "replay", nextTaskNumber: 1 },
  instances: [],
  controls: { frozen: false, frozenProfiles: [], mode: "run" },
};

const plainProfile = { role: "*", constraints: [], registerKey: "go-agent.auto-register-key" };

/**
 * The settings for a replay: one cluster without roles and attributes, jobs without names, and a key; without groups if
 * the trace has none.
 */
export function replaySettings(settings: Settings, { jobs }: Pick<Trace, "jobs">): Settings {
  const plain = {
    ...settings,
    poller: { ...settings.poller, ignore: [] },
    profiles: settings.profiles.map((profile) => ({ ...profile, ...plainProfile })),
  };
  if (jobs.some(({ group }) => group !== undefined)) return plain;
  const { fairShare: share, ...scaling } = settings.scaling;
  return {
    ...plain,
    scaling: share?.by === "pipeline-group" ? scaling : settings.scaling,
    profiles: plain.profiles.map(({ pipelineGroups: _, ...profile }) => profile),
  };
}

/**
 * Starts the core in a world; it acts on its own as time passes. `settings` must be those of {@linkcode
 * replaySettings}.
 */
export function startCore(world: World, settings: Settings): void {
  new CoreFleet(world, settings).start();
}

/** A record on the GoCD server as it was last listed. */
interface Listed {
  readonly changes: number;
  readonly record: GocdAgent;
}

/** A class, because it has the state of both servers for one program. */
class CoreFleet {
  readonly #world: World;
  readonly #windowsNow = windowReader();
  #state: State;
  readonly #tasks = new Map<string, Container>();
  /** Records as the GoCD server last listed them, by task id. */
  readonly #records = new Map<string, Listed>();
  /** Task ids of agents that have registered at least once; the server does not know the others. */
  readonly #known = new Set<string>();
  readonly #feed = new Map<number, ScheduledJob>();
  /** A pipeline for each group. */
  readonly #groups: PipelineGroups;
  #isSuppressed = false;
  #isAllocating = false;
  /** Until when each host is refused, and its outstanding offer. */
  readonly #refusedUntilMs: number[];
  readonly #offered: (string | undefined)[];
  #offers = 0;

  constructor(world: World, settings: Settings) {
    this.#world = world;
    this.#state = initialState(emptyStore, settings, world.epochMs);
    this.#groups = new Map(
      world.classes.all.flatMap((each) => each.group === undefined ? [] : [[pipelineOf(each), each.group]]),
    );
    this.#refusedUntilMs = Array.from({ length: world.surroundings.hosts }, () => 0);
    this.#offered = Array.from({ length: world.surroundings.hosts }, () => undefined);
  }

  start(): void {
    this.#handle({ kind: "subscribed", frameworkId: "replay", master: "replay", masterVersion: "1.12.0" });
    this.#allocate();
    this.#tick();
  }

  #tick(): void {
    const windows = this.#windowsNow(this.#state.settings, this.#nowMs());
    this.#handle({ kind: "tick", ...(windows === undefined ? {} : { windows }) });
    const toPollMs = this.#state.server.nextPollMs - this.#nowMs();
    const gapMs = this.#isBusy() ? busyTickMs : Math.max(busyTickMs, Math.min(idleTickMs, toPollMs));
    this.#world.plan(this.#world.nowMs + gapMs, () => this.#tick());
  }

  #isBusy(): boolean {
    const { demand, reconciliation, instances, offers } = this.#state;
    if (demand.wanted.length > 0 || demand.isStale || reconciliation.pending.size > 0) return true;
    return offers.undeclined.length > 0 || [...instances.values()].some(({ state }) => state !== "registered");
  }

  #nowMs(): number {
    return this.#world.epochMs + this.#world.nowMs;
  }

  #handle(event: Event): void {
    const frame = step(this.#state, { atMs: this.#nowMs(), random: this.#world.random(), event });
    this.#state = frame.state;
    for (const effect of frame.effects) this.#after(hopMs, () => this.#perform(effect));
  }

  #after(ms: number, act: () => void): void {
    this.#world.plan(this.#world.nowMs + ms, act);
  }

  #answer(ms: number, event: () => Event): void {
    const made = event();
    this.#after(ms, () => this.#handle(made));
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "poll-gocd":
      case "read-gocd-agents":
      case "enable-gocd-agent":
      case "correct-gocd-agent":
      case "disable-gocd-agents":
      case "delete-gocd-agents":
        return this.#gocd(effect);
      case "read-sandbox":
        return;
      case "step-down":
      case "end-session":
      case "exit":
        throw new Error(`the core ended in a replay: ${effect.kind}`);
      default:
        return this.#mesos(effect);
    }
  }

  #gocd(effect: GocdEffect): void {
    if (this.#world.isDown) {
      const isRead = effect.kind === "poll-gocd" || effect.kind === "read-gocd-agents";
      return this.#answer(
        hopMs,
        () =>
          isRead
            ? { kind: "gocd-poll-failed", problem: outage }
            : { kind: "gocd-call-failed", call: effect, problem: outage },
      );
    }
    const agentsRequestedMs = this.#nowMs() - hopMs;
    switch (effect.kind) {
      case "poll-gocd":
        return this.#answer(hopMs + pollMs, () => ({
          kind: "gocd-polled",
          server,
          jobs: this.#world.waiting().map((job) => this.#feedEntry(job)),
          agents: this.#list(),
          findings: [],
          pipelineGroups: this.#groups,
          tookMs: 2 * hopMs + pollMs,
          agentsRequestedMs,
        }));
      case "read-gocd-agents":
        return this.#answer(hopMs + readMs, () => ({
          kind: "gocd-agents-read",
          agents: this.#list(),
          tookMs: 2 * hopMs + readMs,
          agentsRequestedMs,
        }));
      case "enable-gocd-agent":
        this.#enable(effect.taskId, true);
        break;
      case "correct-gocd-agent":
        break;
      case "disable-gocd-agents":
        for (const { taskId } of effect.agents) this.#enable(taskId, false);
        break;
      case "delete-gocd-agents":
        for (const { taskId } of effect.agents) this.#delete(taskId);
        break;
      default:
        effect satisfies never;
    }
    this.#answer(hopMs, () => ({ kind: "gocd-call-done", call: effect }));
  }

  /** Nothing is left of a container that has ended. */
  #delete(taskId: string): void {
    this.#known.delete(taskId);
    if (this.#tasks.get(taskId)?.phase !== "ended") return;
    this.#tasks.delete(taskId);
    this.#records.delete(taskId);
  }

  #enable(taskId: string, isEnabled: boolean): void {
    const task = this.#tasks.get(taskId);
    if (task !== undefined) this.#world.enable(task, isEnabled);
  }

  #feedEntry(job: Job): ScheduledJob {
    const { index, class: { resources, environment } } = job;
    const found = this.#feed.get(index) ?? {
      locator: locatorOf(job),
      name: "job",
      gocdResources: resources,
      ...(environment === undefined ? {} : { environment }),
    };
    this.#feed.set(index, found);
    return found;
  }

  #list(): readonly GocdAgent[] {
    const agents: GocdAgent[] = [];
    for (const task of this.#tasks.values()) {
      const known = this.#records.get(task.id);
      if (known === undefined && task.phase !== "booting" && task.phase !== "ended") this.#known.add(task.id);
      if (!this.#known.has(task.id)) continue;
      if (known?.changes === task.changes) {
        agents.push(known.record);
        continue;
      }
      const record = recordOf(task);
      this.#records.set(task.id, { changes: task.changes, record });
      agents.push(record);
    }
    return agents;
  }

  #mesos(effect: MesosEffect): void {
    switch (effect.kind) {
      case "accept-offers": {
        const host = this.#hostOf(effect.mesosAgentId);
        this.#offered[host] = undefined;
        this.#refuse(host, effect.refuseSeconds);
        for (const launch of effect.launches) {
          const { taskId: id, profile, gocdResources, environment } = launch;
          const registration = { gocdResources, ...(environment === undefined ? {} : { environment }) };
          const task = this.#world.launch({ id, profile, registration, host }, () => this.#update(id, "TASK_RUNNING"));
          this.#tasks.set(id, task);
        }
        return;
      }
      case "decline-offers":
        for (const id of effect.offerIds) {
          const host = this.#offered.indexOf(id);
          if (host < 0) continue;
          this.#offered[host] = undefined;
          this.#refuse(host, effect.refuseSeconds);
        }
        return this.#allocateSoon();
      case "suppress-offers":
        this.#isSuppressed = true;
        return;
      case "revive-offers":
        this.#isSuppressed = false;
        this.#refusedUntilMs.fill(0);
        return this.#allocateSoon();
      case "reconcile-tasks": {
        const asked = effect.tasks.length > 0
          ? effect.tasks.map(({ taskId }) => taskId)
          : [...this.#tasks.values()].flatMap(({ id, phase }) => phase === "ended" ? [] : [id]);
        for (const taskId of asked) this.#update(taskId, this.#taskState(taskId), "REASON_RECONCILIATION");
        return;
      }
      case "kill-task":
        return this.#after(stopMs, () => this.#kill(effect.taskId));
      case "acknowledge-status":
      case "accept-inverse-offers":
      case "decline-inverse-offers":
      case "teardown-framework":
        return;
      default:
        effect satisfies never;
    }
  }

  #kill(taskId: string): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    this.#world.end(task);
    this.#update(taskId, "TASK_KILLED");
    if (!this.#known.has(taskId)) this.#delete(taskId);
    this.#allocateSoon();
  }

  #taskState(taskId: string): string {
    const task = this.#tasks.get(taskId);
    return task === undefined || task.phase === "ended" ? "TASK_UNKNOWN" : "TASK_RUNNING";
  }

  #update(taskId: string, state: string, reason?: string): void {
    const host = this.#tasks.get(taskId)?.host;
    this.#answer(hopMs, () => ({
      kind: "task-status-updated",
      status: {
        taskId,
        state,
        message: "",
        ...(host === undefined ? {} : { mesosAgentId: mesosAgentIdOf(host) }),
        ...(reason === undefined ? { uuid: "cmVwbGF5" } : { reason }),
      },
    }));
  }

  #hostOf(mesosAgentId: string): number {
    return Number(mesosAgentId.slice("host-".length));
  }

  #refuse(host: number, forSeconds: number): void {
    this.#refusedUntilMs[host] = this.#world.nowMs + forSeconds * 1_000;
  }

  #allocateSoon(): void {
    if (this.#isAllocating || this.#isSuppressed) return;
    this.#isAllocating = true;
    const nextMs = (Math.floor(this.#world.nowMs / allocateMs) + 1) * allocateMs;
    this.#world.plan(nextMs, () => this.#allocate());
  }

  /** Offers every host that has something free and is not refused. */
  #allocate(): void {
    this.#isAllocating = false;
    if (this.#isSuppressed) return;
    const offers: Offer[] = [];
    this.#offered.forEach((out, host) => {
      const { cpusMilli, memMbMilli } = this.#world.freeOn(host);
      if (out !== undefined || cpusMilli <= 0 || memMbMilli <= 0) return;
      if ((this.#refusedUntilMs[host] ?? 0) > this.#world.nowMs) return;
      const id = `offer-${++this.#offers}`;
      this.#offered[host] = id;
      offers.push(offerOf(id, host, { cpusMilli, memMbMilli }));
    });
    if (offers.length > 0) this.#answer(hopMs, () => ({ kind: "offers-received", offers }));
    this.#allocateLater();
  }

  /** Refused hosts are offered again once the filter expires. */
  #allocateLater(): void {
    const { nowMs } = this.#world;
    const next = Math.min(...this.#refusedUntilMs.filter((untilMs) => untilMs > nowMs));
    if (Number.isFinite(next) && next - nowMs < 60_000) this.#world.plan(next, () => this.#allocateSoon());
  }
}
