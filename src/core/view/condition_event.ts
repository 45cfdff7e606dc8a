// The events of conditions and their severity.

/** What a condition is about: the values of `notify.webhooks.NAME.events`. */
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

/** The severity of a condition: `critical` means that no agents are launched or removed. */
export type Severity = "critical" | "warning" | "info";

/** Each event with its severity, most severe first. */
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

/** All events, most severe first. */
export const conditionEvents: readonly ConditionEvent[] = Object.keys(severities) as ConditionEvent[];
