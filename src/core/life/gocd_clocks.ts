// How long things take on a GoCD server, and how patiently we ask again: each once.

/**
 * The server calls an agent lost after this much silence: `agent.connection.timeout` of GoCD SystemEnvironment, the same
 * from 15.2 to 26.1. After a restart of the server an agent is Missing until its next ping, or for this long (18.7 on).
 */
export const connectionTimeoutMs = 300_000;

/** An enabled agent that has shown Idle for longer than the connection timeout, with some margin, is alive. */
export const surelyAliveMs = 400_000;

/** An agent out of contact for this long is abandoned; the server put its build back into the queue long before. */
export const lostContactMs = 600_000;

/** A record is Unknown from its registration to the first ping, a few seconds later. */
export const unknownGraceMs = 60_000;

/**
 * A record shows the address of the connection at first, and its environments a moment later (GoCD 26.2: 1.3 s): what is
 * concluded from them must have lasted this long.
 */
export const newRecordMs = 10_000;

/** A restarted server is given this long to hear from its agents before missing ones are replaced. */
export const restartGraceMs = 120_000;

/**
 * The server looks for builds of agents out of contact every 30 s, up to 16.7 every 300 s (GoCD
 * ScheduleService.rescheduleHungJobs). Twice that, with some margin.
 */
export const rescheduleMs = 60_000;
/** The same on a server up to 16.7. */
export const slowRescheduleMs = 330_000;

/** An agent that pings every 5 s shows Idle for up to 10 s after a job was assigned to it; this is that with some margin. */
export const settledMs = 20_000;

/** A disabled agent that each good read has shown idle for this long has no work to fetch, whatever reads failed between. */
export const surelyIdleMs = 300_000;

/** A record absent from the list for this long was deleted by somebody; nothing can be building there any more. */
export const absentMs = 600_000;

/** A change of a record that shows no effect is asked for again after this long. */
export const askAgainMs = 30_000;

/** A record that the server has not deleted for this long, asked again and again, is left: its agent is stopped without. */
export const deleteMaxMs = 300_000;

/** A request without an answer for this long has none: it is asked again, wherever it may still be queued. */
export const answerMaxMs = 600_000;

/** An instance that could not be enabled again within this time no longer counts as capacity: it continues to drain. */
export const reenableMaxMs = 120_000;
