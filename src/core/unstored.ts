// Reduces a frame whose records could not be stored: no launch, kill, acknowledgement or change of an instance, but
// servers are still read, offers declined, ERRORs handled, and a new configuration applied.

import type { Effect } from "./effect.ts";
import type { Event } from "./event.ts";
import type { Frame } from "./frame.ts";
import type { NoteKind } from "./note.ts";
import type { StateRecord } from "./record.ts";
import { endTexts } from "./words/ends.ts";
import { freshRole } from "./placement/roles.ts";
import { answerLost, reportLost } from "./session/reconciliation.ts";
import type { OffersState, ReconciliationState, ServerState, State } from "./state.ts";

/** Maximum refusal time for offers while nothing can be stored: they are wanted again as soon as possible. */
const refuseSeconds = 5;
/** Minimum delay before a session is restarted that ended with something to be stored. */
const subscribeAgainMs = 5_000;

/** Whether a part of the state survives a frame that could not be stored. */
export type Fate =
  /** It was learned from a server, or derived from that only: it survives. */
  | "learned"
  /**
   * It records an action of ours or a decision, e.g. that something was requested. The action was not performed, so it
   * is restored, and decided again when the event is repeated. It survives an event that is not repeated.
   */
  | "acted"
  /** It is the stored state: always restored. */
  | "stored";

/** How each part of {@linkcode State} is treated; `server` and `offers` are split up below. */
export const stateFates: Readonly<Record<keyof State, Fate>> = {
  // The configuration file. Instances of changed profiles are marked by the next tick that can be stored.
  settings: "learned",
  settingsSinceMs: "learned",
  windows: "learned",
  startedMs: "stored",
  lastStepMs: "learned",
  watched: "learned",
  framework: "stored",
  controls: "stored",
  cpuUse: "stored",
  // Including the timers of repeated calls: a KILL that was not sent is sent by the next tick.
  instances: "stored",
  session: "acted",
  server: "learned",
  // The plan is recomputed from the stored instances.
  demand: "learned",
  offers: "acted",
  // The agents are not marked, so Mesos asks again, or the next tick removes the entry.
  maintenanceRequestedMs: "acted",
  // Mesos reports failures again, and they must count only once.
  breakers: "acted",
  failureWindow: "acted",
  canaries: "acted",
  // A response is sent only once: the request is repeated.
  reconciliation: "acted",
  // The jump of the task numbers is stored with the first launch.
  inherited: "acted",
  // The next list also shows which agents have vanished.
  brake: "acted",
  shuttingDown: "learned",
  tearDownRequestedMs: "acted",
};

/** How each part of {@linkcode ServerState} is treated. */
export const serverFates: Readonly<Record<keyof ServerState, Fate>> = {
  info: "learned",
  newestVersion: "learned",
  lastPollMs: "learned",
  reading: "learned",
  serving: "learned",
  nextPollMs: "learned",
  nextAgentsMs: "learned",
  requestedMs: "learned",
  healthySinceMs: "learned",
  failingSinceMs: "learned",
  quietPolls: "learned",
  readFailure: "learned",
  pollTookMs: "learned",
  writeFailure: "learned",
  // Reported with the act that shows it.
  keyOutcomes: "acted",
  findings: "learned",
  missingEnvironments: "learned",
  pipelineGroups: "learned",
  agents: "learned",
  // As the brake is.
  judged: "acted",
  built: "learned",
  begun: "learned",
  idleSinceMs: "learned",
  // Reported agents are drained in the same step: counted again.
  overtaken: "acted",
  appearedMs: "learned",
  unlisted: "learned",
  disabledIdleSinceMs: "learned",
  lostSinceMs: "learned",
  silentSinceMs: "learned",
  disabledSinceMs: "learned",
  inContactSinceMs: "learned",
  enableRequestedMs: "acted",
  lastRequestMs: "acted",
  restartedMs: "learned",
};

/** How each part of {@linkcode OffersState} is treated. */
export const offersFates: Readonly<Record<keyof OffersState, Fate>> = {
  // Except for when offers were seen.
  roles: "acted",
  nearestMiss: "acted",
  hosts: "learned",
  launchTimesMs: "acted",
  // Declines are sent anyway. The resources of hosts are in their next offers, with which the share is evaluated again.
  capacity: "learned",
  shareHeld: "learned",
  undeclined: "learned",
  inverseUnanswered: "learned",
};

/**
 * Notes about state that survives; all others report actions that were not performed. They are reported when the action
 * is repeated.
 */
const toldNotes: ReadonlySet<NoteKind> = new Set([
  "bucket-changed",
  "demand-changed",
  "gocd-answers",
  "gocd-call-failed",
  "gocd-maintenance",
  "gocd-maintenance-over",
  "gocd-version",
  "mesos-call-failed",
  "program-stood-still",
  "settings-changed",
]);

/** Reduces `frame`, the result of `event` for the state `before`. */
export function withoutRecords(before: State, event: Event, frame: Frame): Omit<Frame, "records"> {
  const { state } = frame;
  const fates = { isRepeated: repeated[event.kind] };
  const rest = kept(before, state, { ...fates, of: stateFates });
  return {
    state: {
      ...rest,
      ...toldOnce(before, event, rest),
      server: kept(before.server, state.server, { ...fates, of: serverFates }),
      offers: {
        ...kept(before.offers, state.offers, { ...fates, of: offersFates }),
        ...(fates.isRepeated ? { roles: withOffersSeen(before.offers, state.offers) } : {}),
      },
      demand: { ...state.demand, streaks: streaksAfter(before, event, state), isStale: true },
    },
    effects: [...frame.effects.flatMap(withoutRecord), ...effectsFor(event)],
    notes: frame.notes.filter(({ kind }) => toldNotes.has(kind)),
  };
}

/** What failed commits may have stored all the same, by what it is about. */
export type InDoubt = ReadonlyMap<string, StateRecord>;

/** Interval of attempts to undo a failed commit while nothing else is to be stored, in ms. */
export const undoEveryMs = 10_000;

/** What is in doubt once these records could not be stored either: the commit may have been carried out. */
export function doubtRecords(before: InDoubt, failed: readonly StateRecord[]): InDoubt {
  return new Map([...before, ...failed.map((record) => [placeOf(record), record] as const)]);
}

/** What a record is about. */
function placeOf(record: StateRecord): string {
  if (record.kind === "instance") return `instance ${record.instance.taskId}`;
  return record.kind === "instance-removed" ? `instance ${record.taskId}` : record.kind;
}

/**
 * The records that undo failed commits: what these changed, as it is in memory. Otherwise a command that was reported as
 * failed would take effect after a restart.
 */
export function undoing(
  inDoubt: InDoubt,
  { framework, controls, cpuUse, brake: { gocd }, instances }: State,
): readonly StateRecord[] {
  return [...inDoubt.values()].flatMap((record): readonly StateRecord[] => {
    switch (record.kind) {
      case "framework":
        return [{ kind: "framework", framework }];
      case "controls":
        return [{ kind: "controls", controls }];
      case "cpu-use":
        return cpuUse === undefined ? [] : [{ kind: "cpu-use", cpuUse: cpuUse.record }];
      case "suspicion":
        return [{ kind: "suspicion", ...(gocd === undefined ? {} : { suspicion: gocd }) }];
      case "instance":
      case "instance-removed": {
        const taskId = record.kind === "instance" ? record.instance.taskId : record.taskId;
        const instance = instances.get(taskId);
        return [instance === undefined ? { kind: "instance-removed", taskId } : { kind: "instance", instance }];
      }
    }
  });
}

/** Polls are counted as observed; a wait is waived together with the loss that is the reason, which was not stored. */
function streaksAfter(before: State, { kind }: Event, after: State): State["demand"]["streaks"] {
  return (repeated[kind] && kind !== "gocd-polled" ? before : after).demand.streaks;
}

/**
 * What the master itself reports (without a uuid) is not repeated, so it is requested again; nor is what became of a
 * launch.
 */
function toldOnce({ instances }: State, event: Event, rest: State): Partial<Pick<State, "reconciliation">> {
  if (event.kind === "mesos-call-failed" && event.call.kind === "accept-offers") {
    const ours = event.call.launches.filter(({ taskId }) => instances.get(taskId)?.state === "launching");
    const ask = (reconciliation: ReconciliationState, { taskId }: { readonly taskId: string }): ReconciliationState =>
      reportLost({ ...rest, reconciliation }, taskId);
    return { reconciliation: ours.reduce(ask, rest.reconciliation) };
  }
  if (event.kind !== "task-status-updated" || (event.status.uuid ?? "") !== "") return {};
  const { taskId } = event.status;
  // Of a task that is gone nothing is requested by its id.
  const isLiving = (instances.get(taskId)?.state ?? "gone") !== "gone";
  return { reconciliation: isLiving ? reportLost(rest, taskId) : answerLost(rest) };
}

function kept<T extends object>(
  before: T,
  after: T,
  { of, isRepeated }: { readonly of: Readonly<Record<keyof T, Fate>>; readonly isRepeated: boolean },
): T {
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(of) as (string & keyof T)[]) {
    const survives = of[key] === "learned" || of[key] === "acted" && !isRepeated;
    const from = survives ? after : before;
    if (Object.hasOwn(from, key)) entries.push([key, from[key]]);
  }
  return Object.fromEntries(entries) as T;
}

function withOffersSeen(before: OffersState, { roles }: OffersState): OffersState["roles"] {
  const seen = new Map(before.roles);
  for (const [role, { lastOfferMs }] of roles) {
    if (lastOfferMs !== undefined) seen.set(role, { ...(seen.get(role) ?? freshRole), lastOfferMs });
  }
  return seen;
}

/** Whether the input of an event will reach us again: sent, requested, or observed again. */
const repeated: Readonly<Record<Event["kind"], boolean>> = {
  // Mesos repeats an update until it is acknowledged, sends offers again, and we subscribe and read again.
  "subscribed": true,
  "heartbeat": true,
  "offers-received": true,
  "inverse-offers-received": true,
  "task-status-updated": true,
  "framework-torn-down": true,
  "gocd-polled": true,
  "gocd-agents-read": true,
  "gocd-poll-failed": true,
  "tick": true,
  // The operator gets an error that it had no effect.
  "launching-frozen": true,
  "launching-resumed": true,
  "drain-requested": true,
  "profile-drain-requested": true,
  "agent-drain-requested": true,
  "canary-requested": true,
  "teardown-requested": true,
  "loss-accepted": true,
  "disconnected": false,
  "offer-rescinded": false,
  "inverse-offer-rescinded": false,
  "mesos-agent-failed": false,
  "executor-failed": false,
  "framework-error": false,
  "mesos-call-failed": false,
  "gocd-call-done": false,
  "gocd-call-failed": false,
  "sandbox-read": false,
  "settings-changed": false,
  "shutdown-started": false,
};

const asItIs = (effect: Effect): readonly Effect[] => [effect];
/** Decided again from the remaining state, or sent again by the other side. */
const notAtAll = (): readonly Effect[] => [];
const briefly = (seconds: number): number => Math.min(seconds, refuseSeconds);

/** How the effects of each kind are performed. */
const leaves: { readonly [K in Effect["kind"]]: (effect: Extract<Effect, { readonly kind: K }>) => readonly Effect[] } =
  {
    "poll-gocd": asItIs,
    "read-gocd-agents": asItIs,
    "step-down": asItIs,
    "end-session": ({ retryMs, ...effect }) => [
      { ...effect, ...(retryMs === undefined ? {} : { retryMs: Math.max(retryMs, subscribeAgainMs) }) },
    ],
    "decline-offers": (effect) => [{ ...effect, refuseSeconds: briefly(effect.refuseSeconds) }],
    "decline-inverse-offers": (effect) => [{ ...effect, refuseSeconds: briefly(effect.refuseSeconds) }],
    "accept-offers": ({ offerIds }) => [{ kind: "decline-offers", offerIds, refuseSeconds }],
    "accept-inverse-offers": ({ offerIds }) => [{ kind: "decline-inverse-offers", offerIds, refuseSeconds }],
    "suppress-offers": notAtAll,
    "revive-offers": notAtAll,
    "acknowledge-status": notAtAll,
    "reconcile-tasks": notAtAll,
    "kill-task": notAtAll,
    "teardown-framework": notAtAll,
    "enable-gocd-agent": notAtAll,
    "correct-gocd-agent": notAtAll,
    "disable-gocd-agents": notAtAll,
    "delete-gocd-agents": notAtAll,
    "read-sandbox": notAtAll,
    "exit": notAtAll,
  };

/** The part of an effect that may be performed. */
function withoutRecord(effect: Effect): readonly Effect[] {
  // The table maps each kind to effects of that kind, which the compiler cannot infer through the union.
  const leave = leaves[effect.kind] as (effect: Effect) => readonly Effect[];
  return leave(effect);
}

/** A framework id that is not stored would orphan every agent, so there is no session without a stored id. */
function effectsFor({ kind }: Event): readonly Effect[] {
  if (kind !== "subscribed") return [];
  return [{ kind: "end-session", message: endTexts.idUnstored, retryMs: subscribeAgainMs }];
}
