// Faults of single requests by kind: lost, response lost, late (so that others overtake them), duplicated.

import type { GocdEffect, MesosEffect } from "../../src/core/effect.ts";
import type { Dice } from "./scenario_dice.ts";

/** A request of the program. */
export type RequestKind = MesosEffect["kind"] | GocdEffect["kind"];

/** Fault probabilities of one kind of request. */
export interface RequestOdds {
  /** It never arrives. */
  readonly lost: number;
  /** It takes effect, but the response is lost. */
  readonly answerLost: number;
  /** It arrives after its caller has given up, and after later requests. */
  readonly late: number;
  /** It arrives twice. */
  readonly twice: number;
  /** Its response is slow: its data is old when it arrives. */
  readonly slowBack: number;
}

/** Probabilities by kind; kinds without an entry have no faults. */
export type RequestFaults = ReadonlyMap<RequestKind, RequestOdds>;

/** No faults by kind. */
export const noRequestFaults: RequestFaults = new Map();

/** Duration of the list of agents, in addition to message latency. */
export interface ListTimes {
  /** Always (10 to 15 s were seen on GoCD 20.7). */
  readonly usualMs: number;
  /** Probability of a longer duration, up to the timeout, while faults are on. */
  readonly slow: number;
}

/** A server that responds immediately. */
export const promptLists: ListTimes = { usualMs: 0, slow: 0 };

/** Draws the duration of lists; zero for most seeds. */
export function drawListTimes(draw: Dice): ListTimes {
  if (draw.chance(0.7)) return promptLists;
  return { usualMs: draw.pick([0, 0, 5_000, 15_000]), slow: draw.pick([0.1, 0.5]) };
}

/** The outcome of one request. */
export type RequestFate = "fine" | keyof RequestOdds;

/** All kinds that may have faults. */
export const requestKinds: readonly RequestKind[] = [
  "accept-offers",
  "decline-offers",
  "suppress-offers",
  "revive-offers",
  "acknowledge-status",
  "reconcile-tasks",
  "kill-task",
  "accept-inverse-offers",
  "decline-inverse-offers",
  "poll-gocd",
  "read-gocd-agents",
  "enable-gocd-agent",
  "disable-gocd-agents",
  "delete-gocd-agents",
  "correct-gocd-agent",
];

/** Draws probabilities for some kinds; for most seeds for none. */
export function drawRequestFaults(draw: Dice): RequestFaults {
  const isOn = draw.pick([0, 0, 0.1, 0.4]);
  const odds = (most: number): number => draw.chance(0.4) ? draw.random() * most : 0;
  return new Map(requestKinds.flatMap((kind): [RequestKind, RequestOdds][] => {
    if (!draw.chance(isOn)) return [];
    return [[kind, { lost: odds(0.3), answerLost: odds(0.3), late: odds(0.3), twice: odds(0.3), slowBack: odds(0.3) }]];
  }));
}

/** Draws the outcome of one request. */
export function fateOf(draw: Dice, odds: RequestOdds | undefined): RequestFate {
  if (odds === undefined) return "fine";
  for (const fate of ["lost", "answerLost", "late", "twice", "slowBack"] as const) {
    if (draw.chance(odds[fate])) return fate;
  }
  return "fine";
}
