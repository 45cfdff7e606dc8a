// What happens to single requests by their kind: lost, answered in vain, late (so that others overtake them), twice.
// Drawn from dice of its own beside faults.ts. Not here: faults of the servers themselves. Called by scenario.ts and the ports.

import type { GocdEffect, MesosEffect } from "../core/effect.ts";
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
