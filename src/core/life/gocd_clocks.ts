// Durations on a GoCD server and our repeat intervals, each defined once.

/**
 * The server marks an agent as lost after this much silence: `agent.connection.timeout` of GoCD SystemEnvironment, the
 * same from 15.2 to 26.1. After a restart of the server an agent is Missing until its next ping, or for this long (18.7
 * on).
 */
export const connectionTimeoutMs = 300_000;

/** An enabled agent that has shown Idle for longer than the connection timeout, with some margin, is alive. */
export const surelyAliveMs = 400_000;

/** An agent out of contact for this long is given up; the server rescheduled its build long before. */
export const lostContactMs = 600_000;

/** A record is Unknown from its registration to the first ping, a few seconds later. */
export const unknownGraceMs = 60_000;

/**
 * At first a record shows the address of the connection, and its environments only a moment later (GoCD 26.2: 1.3 s):
 * conclusions require them to be stable for this long.
 */
export const newRecordMs = 10_000;

/** How long a restarted server has for its agents to reconnect before missing ones are replaced. */
export const restartGraceMs = 120_000;

/**
 * The server checks for builds of agents out of contact every 30 s, up to 16.7 every 300 s (GoCD
 * ScheduleService.rescheduleHungJobs). This is twice that, with some margin.
 */
export const rescheduleMs = 60_000;
/** The same on a server up to 16.7. */
export const slowRescheduleMs = 330_000;

/** An agent that pings every 5 s shows Idle for up to 10 s after a job was assigned to it; this is that with some margin. */
export const settledMs = 20_000;

/**
 * A disabled agent that every successful read has shown idle for this long has no work to fetch, even if some reads
 * failed.
 */
export const surelyIdleMs = 300_000;

/** A record missing from the list for this long was deleted by somebody; its agent can no longer be building. */
export const absentMs = 600_000;

/** A change of a record without visible effect is requested again after this long. */
export const askAgainMs = 30_000;

/** If the server has not deleted a record for this long despite repeated requests, its agent is stopped anyway. */
export const deleteMaxMs = 300_000;

/** A request without a response for this long is repeated, even if it may still be queued. */
export const answerMaxMs = 600_000;

/** An instance that could not be enabled again within this time no longer counts as capacity: it continues to drain. */
export const reenableMaxMs = 120_000;
