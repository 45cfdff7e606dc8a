// Handwritten bugs in the behaviour of the core over time, as patches of its source. A patch that no longer applies is
// reported and must be updated.

/** One slip. */
export interface SeedMutant {
  /** A short name, unique in the list. */
  readonly name: string;
  /** Under `src/core/`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly original: string;
  /** Stands in its place. */
  readonly replacement: string;
  /** Why no seed can detect it; absent if the seeds must. */
  readonly untold?: string;
}

/** All of them, by the part of the core that they are in. */
export const seedMutants: readonly SeedMutant[] = [
  // Drain: disable, two idle reads, delete, kill.
  {
    name: "drain-confirmed-at-once",
    file: "session/reading.ts",
    original: `return lookMs - Math.max(firstIdleMs, server.healthySinceMs ?? atMs) >= drainConfirmMs ||`,
    replacement: `return lookMs - Math.max(firstIdleMs, server.healthySinceMs ?? atMs) >= 0 ||`,
  },
  {
    name: "drain-confirmed-over-an-outage",
    file: "session/reading.ts",
    original: `return lookMs - Math.max(firstIdleMs, server.healthySinceMs ?? atMs) >= drainConfirmMs ||`,
    replacement: `return lookMs - firstIdleMs >= drainConfirmMs ||`,
  },
  {
    name: "drain-disable-never-repeated",
    file: "life/drain.ts",
    original: `if (step.kind === "disabling" && draft.atMs - step.askedMs < askAgainMs) return;`,
    replacement: `if (step.kind === "disabling") return;`,
  },
  {
    name: "drain-delete-never-repeated",
    file: "life/drain.ts",
    original: `return atMs - askedMs >= askAgainMs;`,
    replacement: `return false;`,
  },
  {
    name: "drain-repeats-10-times-later",
    file: "life/gocd_clocks.ts",
    original: `export const askAgainMs = 30_000;`,
    replacement: `export const askAgainMs = 300_000;`,
  },
  {
    name: "drain-ignores-ghosts",
    file: "life/drain.ts",
    original: `const isGhost = gocdAgent?.configState === "Pending" && !isBuilding;`,
    replacement: "const isGhost = false;",
  },
  // Records of the dead.
  {
    name: "cleanup-takes-missing-for-dead",
    file: "life/cleanup.ts",
    original: `if (word === "Missing" && !isLostLongEnough(draft, record)) return;`,
    replacement: "",
  },
  {
    name: "cleanup-does-not-wait-for-the-reschedule",
    file: "life/gocd_clocks.ts",
    original: `export const rescheduleMs = 60_000;`,
    replacement: `export const rescheduleMs = 0;`,
  },
  // Clocks of a launch and of a KILL.
  {
    name: "kill-repeats-10-times-later",
    file: "life/lifecycle_clock.ts",
    original: "const killAgainMs = 10_000;",
    replacement: "const killAgainMs = 100_000;",
  },
  {
    name: "kill-on-a-list-of-30-s",
    file: "session/reading.ts",
    original: `const freshMs = 3_000;`,
    replacement: `const freshMs = 30_000;`,
  },
  {
    name: "register-timeout-10-times-longer",
    file: "life/lifecycle_clock.ts",
    original: `return shownForMs(draft.state, runningSinceMs ?? Infinity) >= registerTimeoutMs(draft, instance);`,
    replacement:
      `return shownForMs(draft.state, runningSinceMs ?? Infinity) >= 10 * registerTimeoutMs(draft, instance);`,
  },
  {
    name: "lost-contact-given-up-10-times-later",
    file: "life/gocd_clocks.ts",
    original: `export const lostContactMs = 600_000;`,
    replacement: `export const lostContactMs = 6_000_000;`,
  },
  // Capacity and demand.
  {
    name: "unsure-agents-count-as-coming-for-ever",
    file: "demand/capacity.ts",
    original: "atMs - activity.sinceMs < (graceMs[activity.word] ?? 0);",
    replacement: "atMs - activity.sinceMs < (graceMs[activity.word] ?? Infinity);",
  },
  {
    name: "unreachable-agents-count-to-the-limit",
    file: "demand/gates.ts",
    original: `return state !== "gone" && state !== "unreachable";`,
    replacement: `return state !== "gone";`,
  },
  {
    name: "limit-off-by-one",
    file: "demand/gates.ts",
    original: "total: () => state.settings.scaling.maxAgents - total,",
    replacement: "total: () => state.settings.scaling.maxAgents - total + 1,",
  },
  {
    name: "rate-of-slow-servers-forgotten",
    file: "demand/gates.ts",
    original: "state.server.info?.slowRegistration === true ? perMinute - recent - planned : Infinity",
    replacement: "state.server.info?.slowRegistration === true ? perMinute - planned : Infinity",
  },
  {
    name: "no-grace-after-a-restart-of-the-server",
    file: "life/gocd_clocks.ts",
    original: `export const restartGraceMs = 120_000;`,
    replacement: `export const restartGraceMs = 0;`,
  },
  {
    name: "no-probe-while-a-profile-fails",
    file: "demand/gates.ts",
    original: "allowed = isTrying || budget.planned(profile.name) > 0 ? 0 : 1;",
    replacement: "allowed = needs;",
  },
  {
    name: "attempts-off-by-one",
    file: "demand/decide.ts",
    original: "if (polls <= attempts)",
    replacement: "if (polls < attempts)",
  },
  {
    name: "replans-count-as-polls",
    file: "demand/plan.ts",
    original: `streakOf(state.demand.streaks, bucket) + (occasion === "poll" ? 1 : 0)`,
    replacement: "streakOf(state.demand.streaks, bucket) + 1",
  },
  {
    name: "plan-10-times-older",
    file: "demand/replan.ts",
    original: "const planMaxMs = 10_000;",
    replacement: "const planMaxMs = 1_000_000;",
  },
  // Scale-in.
  {
    name: "idle-timeout-10-times-shorter",
    file: "life/scale_in.ts",
    original: `if (idleMs < profileNow(state, profile).idleTimeoutMs) return undefined;`,
    replacement: `if (idleMs < profileNow(state, profile).idleTimeoutMs / 10) return undefined;`,
  },
  {
    name: "useful-agents-are-drained",
    file: "life/scale_in.ts",
    original: "!isSure || isAnyHung(state) || isUseful()",
    replacement: "!isSure || isAnyHung(state)",
  },
  {
    name: "min-idle-off-by-one",
    file: "demand/kept_idle.ts",
    original: "!isOfPool(pool, instance) || count > pool.count),",
    replacement: "!isOfPool(pool, instance) || count >= pool.count),",
  },
  {
    name: "changed-profiles-stay-in-force",
    file: "session/operator.ts",
    original: `} else if (!isCurrent && instance.retire === undefined) {`,
    replacement: `} else if (!isCurrent && instance.retire === undefined && instance.profileHash === "") {`,
  },
  // Rhythm of the questions to the GoCD server.
  {
    name: "slow-server-gets-no-rest",
    file: "session/poll_schedule.ts",
    original: "const restFactor = 9;",
    replacement: "const restFactor = 0;",
  },
  {
    name: "agents-read-10-times-later",
    file: "session/poll_schedule.ts",
    original: "const agentsReadMs = 10_000;",
    replacement: "const agentsReadMs = 100_000;",
  },
  {
    name: "drains-are-not-looked-after",
    file: "session/poll_schedule.ts",
    original: `instance.state === "starting" || instance.state === "draining"`,
    replacement: `instance.state === "starting"`,
  },
  {
    name: "backoff-without-end",
    file: "session/poll_schedule.ts",
    original: "Math.min(firstMs * 2 ** (count - 1), Math.max(intervalMs, maxIntervalMs))",
    replacement: "firstMs * 2 ** (count - 1)",
  },
  // Offers.
  {
    name: "revive-never-repeated",
    file: "placement/roles.ts",
    original: `return !isAnswered && atMs - requestedMs >= reviveRepeatMs ? { repeated: true } : undefined;`,
    replacement: `return undefined;`,
  },
  {
    name: "long-declines-not-taken-back",
    file: "placement/roles.ts",
    original: `if (role.suppressed || role.longDeclineMs !== undefined) return { repeated: false };`,
    replacement: `if (role.suppressed) return { repeated: false };`,
  },
  {
    name: "offers-of-a-lost-accept-stay-out",
    file: "session/session.ts",
    original: 'declineAgain(draft, call.offerIds);\n      break;\n    case "decline-offers":',
    replacement: 'break;\n    case "decline-offers":',
  },
  {
    name: "what-does-not-fit-is-refused-for-an-hour",
    file: "placement/launching.ts",
    original: "export const refuseBusySeconds = 5;",
    replacement: "export const refuseBusySeconds = 3_600;",
  },
  // Reconciliation, failures, maintenance of hosts.
  {
    name: "unanswered-tasks-are-not-asked-for-again",
    file: "session/reconciliation.ts",
    original: "nextExplicitMs: atMs + reconciliation.explicitDelayMs,",
    replacement: "nextExplicitMs: Infinity,",
  },
  {
    name: "silent-launches-are-not-asked-for",
    file: "session/reconciliation.ts",
    original: `if (instance.state !== "launching" || draft.atMs - instance.sinceMs < launchSilenceMs) continue;`,
    replacement: "continue;",
  },
  {
    name: "streak-forgotten-at-a-loss",
    file: "life/lifecycle_mesos.ts",
    original: `countLoss(draft, instance);\n  waivePollWait(draft, instance);\n  const neverBegan`,
    replacement: `countLoss(draft, instance);\n  const neverBegan`,
  },
  {
    name: "a-wave-counts-as-many-failures",
    file: "life/failures.ts",
    original: "instance.createdMs <= before.lastFailureMs;",
    replacement: "false;",
  },
  {
    name: "maintenance-taken-back-too-soon",
    file: "session/maintenance.ts",
    original: "const requestOverMs = 4 * inverseRefuseSeconds * 1_000;",
    replacement: "const requestOverMs = 24_000;",
  },
];
