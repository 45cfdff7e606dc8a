// Texts for why no offer fits, which is decided in placement/.

import { compilePattern, shortText } from "../placement/constraints.ts";
import type { AvoidedHost } from "../placement/failing_hosts.ts";
import { fromMilli } from "../placement/mesos_resources.ts";
import type { OfferAnswer } from "../placement/offer_answer.ts";
import type { Shortfall } from "../placement/offer_resources.ts";
import type { NearestHost, PlacementMiss, Refusal, RefusedOffers } from "../placement/reason.ts";
import type { PlacementConstraint } from "../settings.ts";
import { failureText } from "./causes.ts";
import { counted, formatDuration, memoryText } from "./phrases.ts";

/**
 * Why a profile could not be placed: `largest offer short by 256 MB of mem on host h; 3 offers refused: rack is r2, not
 * r1`.
 */
export function missText({ nearest, refused }: PlacementMiss): string {
  const parts = [
    ...(nearest === undefined ? [] : [nearestText(nearest)]),
    ...(refused === undefined ? [] : [refusedText(refused)]),
  ];
  return parts.length === 0 ? "no offers available" : parts.join("; ");
}

/** How an offer was answered: `2 agents launched`, `profile linux is short by 256 MB of mem`. */
export function offerAnswerText(answer: OfferAnswer): string {
  switch (answer.kind) {
    case "accepted":
      return `${counted(answer.launches, "agent")} launched`;
    case "shutting-down":
      return "the framework is being removed";
    case "learning":
      return "nothing is launched until it is known what earlier runs have left behind";
    case "unwanted":
      return "no agent was wanted";
    case "enough":
      return "all wanted agents were placed on other hosts";
    case "held":
      return "the remaining agents wait for their share of the cluster (scaling.max-cpu-share)";
    case "misfit":
      return `profile ${answer.profile} ${misfitText(answer.miss ?? {})}`;
  }
}

function misfitText({ nearest, refused }: PlacementMiss): string {
  if (nearest !== undefined) return `is short by ${shortfallsText(nearest.shortfalls)}`;
  return refused === undefined ? "was placed on other hosts" : `is not launched here: ${refusalText(refused.refusal)}`;
}

/** Why a host is avoided: `after failures there: …`. */
export function avoidedText({ profile, failure }: Pick<AvoidedHost, "profile" | "failure">): string {
  const who = profile === undefined ? "" : ` of profile ${profile}`;
  return `after failures${who} there: ${failureText(failure)}`;
}

/** What is missing, e.g. `0.5 cpus and 256 MB of mem`. */
export function shortfallsText(missing: readonly Shortfall[]): string {
  const texts = missing.map(shortfallText);
  const last = texts.at(-1) ?? "nothing";
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(", ")} and ${last}`;
}

/** Why an offer was refused, without its host. */
function refusalText(refusal: Refusal): string {
  switch (refusal.kind) {
    case "other-role":
      return `role is ${refusal.role}, not ${refusal.wanted}`;
    case "avoided-host":
      return `host is avoided for ${formatDuration(refusal.avoided.forMs)} ${avoidedText(refusal.avoided)}`;
    case "maintenance":
      return refusal.startsInMin === 0 ? "host is in maintenance" : `maintenance starts in ${refusal.startsInMin} min`;
    case "constraint":
      return constraintText(refusal.constraint, refusal.value);
    case "max-per-host":
      return `host has ${refusal.limit} of profile ${refusal.profile}, the most allowed (max-per-host)`;
    case "accept-full":
      return `${refusal.limit} tasks are already launched there in this round`;
  }
}

/** Why a host with this value of the field does not meet a constraint, e.g. `rack is r2, not r1`. */
export function constraintText(constraint: PlacementConstraint, value: string | undefined): string {
  if ("pattern" in constraint && compilePattern(constraint.pattern) === undefined) {
    return `${shortText(constraint.pattern)} is not a regular expression`;
  }
  const { field } = constraint;
  const wanted = wantedText(constraint);
  if (value === undefined) return `${field} is missing, wanted ${wanted}`;
  switch (constraint.operator) {
    case "equals":
    case "in":
      return `${field} is ${value}, not ${wanted}`;
    case "matches":
      return `${field} is ${value}, which does not match ${wanted}`;
    case "not-equals":
    case "not-in":
    case "not-matches":
    case "exists":
    case "not-exists":
      return `${field} is ${value}, wanted ${wanted}`;
  }
}

function wantedText(constraint: PlacementConstraint): string {
  switch (constraint.operator) {
    case "equals":
      return shortText(constraint.value);
    case "not-equals":
      return `anything but ${shortText(constraint.value)}`;
    case "in":
      return `one of ${shortText(constraint.values.join(", "))}`;
    case "not-in":
      return `none of ${shortText(constraint.values.join(", "))}`;
    case "matches":
      return shortText(constraint.pattern);
    case "not-matches":
      return `no match of ${shortText(constraint.pattern)}`;
    case "exists":
      return "any value";
    case "not-exists":
      return "none";
  }
}

function nearestText({ hostname, shortfalls, tasksPlaced, holdsLabelled }: NearestHost): string {
  const after = tasksPlaced === 0 ? "" : ` after ${counted(tasksPlaced, "task")} placed there`;
  const labelled = holdsLabelled ? " (not counted: resources reserved there with labels by another framework)" : "";
  return `largest offer short by ${shortfallsText(shortfalls)} on host ${hostname}${after}${labelled}`;
}

function refusedText({ refusal, offers, others }: RefusedOffers): string {
  const tail = others === 0 ? "" : `, ${others} more for other reasons`;
  return `${counted(offers, "offer")} refused: ${refusalText(refusal)}${tail}`;
}

function shortfallText({ name, needed, offered }: Shortfall): string {
  const missing = needed - offered;
  switch (name) {
    case "cpus":
    case "gpus":
      return `${fromMilli(missing)} ${name}`;
    case "mem":
    case "disk":
      return `${memoryText(fromMilli(missing))} of ${name}`;
    case "ports":
      return counted(missing, "port");
  }
}
