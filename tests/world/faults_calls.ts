// What happens to single requests by their kind: lost, response lost, late (so that others overtake them), duplicated.

import type { GocdEffect, MesosEffect } from "../../src/core/effect.ts";
import type { Dice } from "./scenario_dice.ts";

/** A request of the program. */
export type RequestKind = MesosEffect["kind"] | GocdEffect["kind"];

/** Odds of one kind of request. */
export interface RequestOdds {
  /** It never arrives. */
  readonly lost: number;
  /** It has its effect, but the answer is lost. */
  readonly answerLost: number;
  /** It arrives after its caller has given up, and after later requests. */
  readonly late: number;
  /** It arrives twice. */
  readonly twice: number;
  /** Its answer takes long: what it shows is old when it comes. */
  readonly slowBack: number;
}

/** Odds by kind; a kind without any is not meddled with. */
export type RequestFaults = ReadonlyMap<RequestKind, RequestOdds>;

/** No faults of single kinds. */
export const noRequestFaults: RequestFaults = new Map();

/** How long the list of agents takes, beyond the way of any message. */
export interface ListTimes {
  /** Always, for ever (10 to 15 s were seen on GoCD 20.7). */
  readonly usualMs: number;
  /** Odds of one that takes longer, up to the timeout, while faults are on. */
  readonly slow: number;
}

/** A server that answers at once. */
export const promptLists: ListTimes = { usualMs: 0, slow: 0 };

/** Draws how long lists take; for most seeds no time. */
export function drawListTimes(draw: Dice): ListTimes {
  if (draw.chance(0.7)) return promptLists;
  return { usualMs: draw.pick([0, 0, 5_000, 15_000]), slow: draw.pick([0.1, 0.5]) };
}

/** How one request fares. */
export type RequestFate = "fine" | keyof RequestOdds;

/** All kinds that may fare badly. */
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

/** Draws odds for some kinds; for most seeds for none. */
export function drawRequestFaults(draw: Dice): RequestFaults {
  const isOn = draw.pick([0, 0, 0.1, 0.4]);
  const odds = (most: number): number => draw.chance(0.4) ? draw.random() * most : 0;
  return new Map(requestKinds.flatMap((kind): [RequestKind, RequestOdds][] => {
    if (!draw.chance(isOn)) return [];
    return [[kind, { lost: odds(0.3), answerLost: odds(0.3), late: odds(0.3), twice: odds(0.3), slowBack: odds(0.3) }]];
  }));
}

/** Draws how one request fares. */
export function fateOf(draw: Dice, odds: RequestOdds | undefined): RequestFate {
  if (odds === undefined) return "fine";
  for (const fate of ["lost", "answerLost", "late", "twice", "slowBack"] as const) {
    if (draw.chance(odds[fate])) return fate;
  }
  return "fine";
}
