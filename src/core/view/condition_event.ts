// What conditions are about, and how much each matters.

/** What a condition is about, the words of `notify.webhooks.NAME.events`. */
export type ConditionEvent =
  | "framework-removed"
  | "credentials-refused"
  | "stale-data"
  | "writes-refused"
  | "state-not-stored"
  | "brake"
  | "server-failing"
  | "breaker"
  | "jobs-unserved"
  | "jobs-waiting"
  | "limit-reached"
  | "other"
  | "leader";

/** How much a condition matters: `critical` means that no agents come or go. */
export type Severity = "critical" | "warning" | "info";

/** Each event with its severity, the gravest first. */
export const severities: Readonly<Record<ConditionEvent, Severity>> = {
  "framework-removed": "critical",
  "credentials-refused": "critical",
  "stale-data": "critical",
  "writes-refused": "critical",
  "state-not-stored": "critical",
  "brake": "critical",
  "server-failing": "warning",
  "breaker": "warning",
  "jobs-unserved": "warning",
  "jobs-waiting": "warning",
  "limit-reached": "warning",
  "other": "warning",
  "leader": "info",
};

/** All events, the gravest first. */
export const conditionEvents: readonly ConditionEvent[] = Object.keys(severities) as ConditionEvent[];
