// Searches for the cheapest settings that keep the wait of 95 % of the jobs within a limit: takes the best value of one
// key after the other, until nothing improves any more.

import type { AgentProfile, Settings } from "../core/settings.ts";
import { hoursOf } from "./report.ts";
import { type Outcome, replay } from "./replay.ts";
import type { Trace } from "./trace.ts";
import type { Surroundings } from "./world.ts";

const [secondMs, minuteMs] = [1_000, 60_000] as const;

/** A key of the search, with the values that are tried. */
interface Knob {
  readonly key: string;
  readonly values: readonly number[];
  readonly read: (settings: Settings) => number;
  readonly write: (settings: Settings, value: number) => Settings;
  /** As it is written in framework.conf. */
  readonly say: (value: number) => string;
}

const knobs: readonly Knob[] = [
  {
    key: "poller.interval",
    values: [5, 10, 15, 30, 60, 120].map((each) => each * secondMs),
    read: ({ poller }) => poller.intervalMs,
    write: (settings, intervalMs) => {
      const { poller } = settings;
      return {
        ...settings,
        poller: { ...poller, intervalMs, maxIntervalMs: Math.max(intervalMs, poller.maxIntervalMs) },
      };
    },
    say: (ms) => `${ms / secondMs} seconds`,
  },
  {
    key: "poller.attempts",
    values: [0, 1, 2, 3, 5],
    read: ({ poller }) => poller.attempts,
    write: (settings, attempts) => ({ ...settings, poller: { ...settings.poller, attempts } }),
    say: String,
  },
  {
    key: "scaling.idle-timeout",
    values: [1, 2, 5, 10, 15, 20, 30, 60].map((each) => each * minuteMs),
    read: ({ profiles }) => Math.max(0, ...profiles.map(({ idleTimeoutMs }) => idleTimeoutMs)),
    write: (settings, idleTimeoutMs) => ofProfiles(settings, (profile) => ({ ...profile, idleTimeoutMs })),
    say: (ms) => `${ms / minuteMs} minutes`,
  },
  {
    key: "go-agent.min-idle",
    values: [0, 1, 2, 3, 5, 8, 12],
    read: ({ profiles }) => Math.max(0, ...profiles.map(({ minIdle }) => minIdle)),
    write: (settings, minIdle) =>
      ofProfiles(settings, (profile) => {
        const { minIdleOf: _, ...rest } = profile;
        return { ...rest, minIdle };
      }),
    say: String,
  },
  {
    key: "go-agent.headroom",
    // Percent of the busy agents; a fixed number of agents, which is only read, is negative.
    values: [0, 10, 25, 50],
    read: ({ profiles: [first] }) => headroomOf(first),
    write: (settings, percent) =>
      ofProfiles(settings, (profile) => {
        const { headroom: _, ...rest } = profile;
        return percent === 0 ? rest : { ...rest, headroom: { kind: "share", percent } };
      }),
    say: (value) => value === 0 ? "0" : value > 0 ? `"${value}%"` : `${-value}`,
  },
];

function headroomOf(profile: AgentProfile | undefined): number {
  const headroom = profile?.headroom;
  if (headroom === undefined) return 0;
  return headroom.kind === "share" ? headroom.percent : -headroom.agents;
}

function ofProfiles(settings: Settings, change: (profile: AgentProfile) => AgentProfile): Settings {
  return { ...settings, profiles: settings.profiles.map(change) };
}

/** What to search for, and with what. */
export interface Search {
  readonly trace: Trace;
  readonly settings: Settings;
  readonly surroundings: Surroundings;
  /** The wait that 95 % of the jobs must not exceed. */
  readonly p95MaxMs: number;
  /** Called before each replay with the number of earlier ones. */
  readonly progress?: (replays: number) => void;
}

/** What was found. */
export interface Suggestion {
  readonly settings: Settings;
  readonly outcome: Outcome;
  /** Whether the settings keep the limit. */
  readonly isWithin: boolean;
  /** The keys that differ, as they are written in framework.conf. */
  readonly changes: readonly { readonly key: string; readonly before: string; readonly after: string }[];
  readonly replays: number;
}

/** In practice more rounds change nothing; each takes some twenty replays. */
const roundsMax = 4;

/** Searches for settings; a value applies to all profiles. */
export function suggest({ trace, settings: given, surroundings, p95MaxMs, progress = () => {} }: Search): Suggestion {
  const known = new Map<string, Outcome>();
  const tryOut = (settings: Settings): Outcome => {
    const key = knobs.map(({ read }) => read(settings)).join(" ");
    const found = known.get(key);
    if (found !== undefined) return found;
    progress(known.size);
    const outcome = replay(trace, { kind: "core", name: "suggested", settings }, surroundings);
    known.set(key, outcome);
    return outcome;
  };
  let best = { settings: given, outcome: tryOut(given) };
  for (let round = 0; round < roundsMax; round++) {
    const before = best;
    for (const { values, write } of knobs) {
      for (const value of values) {
        const settings = write(best.settings, value);
        const outcome = tryOut(settings);
        if (isBetter(outcome, best.outcome, p95MaxMs)) best = { settings, outcome };
      }
    }
    if (best === before) break;
  }
  const changes = knobs.flatMap(({ key, read, say }) => {
    const [before, after] = [say(read(given)), say(read(best.settings))];
    return before === after ? [] : [{ key, before, after }];
  });
  return { ...best, isWithin: isWithin(best.outcome, p95MaxMs), changes, replays: known.size };
}

function isWithin({ wait, unbuilt }: Outcome, p95MaxMs: number): boolean {
  return wait.p95Ms <= p95MaxMs && unbuilt === 0;
}

/** Of two outcomes within the limit the cheaper one is better, otherwise the one with the shorter waits. */
function isBetter(one: Outcome, other: Outcome, p95MaxMs: number): boolean {
  const within = isWithin(one, p95MaxMs);
  if (within !== isWithin(other, p95MaxMs)) return within;
  const [mine, theirs] = within ? [hoursOf(one), hoursOf(other)] : [one.wait.p95Ms, other.wait.p95Ms];
  // A difference of less than half a percent is random variation.
  return mine < theirs * 0.995;
}
