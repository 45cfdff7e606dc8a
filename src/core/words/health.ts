// Texts for the health of the servers and of the program, which is derived in view/health.ts.

import type { Finding } from "../event.ts";
import { formatDuration } from "./phrases.ts";

/** A request to the GoCD server has had no response for this long, ms. */
export function gocdOverdue(forMs: number): Finding {
  return {
    code: "gocd-overdue",
    message: `the GoCD server has not answered for ${formatDuration(forMs)}`,
    hint: "if it lasts, check the load and the log of the GoCD server, and firewalls in between",
  };
}

/** The first SUBSCRIBE has had no response for this long, ms. */
export function mesosOverdue(forMs: number): Finding {
  return {
    code: "mesos-overdue",
    message: `the Mesos master has not answered for ${formatDuration(forMs)}`,
    hint: "if it lasts, check the load and the log of the Mesos master, and firewalls in between",
  };
}

/** Heartbeats of the master, due at this interval (ms), are missing. */
export function heartbeatsMissing(forMs: number, intervalMs: number): Finding {
  return {
    code: "mesos-heartbeats-missing",
    message: `the Mesos master has sent nothing for ${formatDuration(forMs)}; a heartbeat is due every ${
      formatDuration(intervalMs)
    }`,
    hint: "nothing to do: after 5 missing heartbeats it reconnects automatically",
  };
}

/** Sessions with the master start, and soon end again. */
export const subscriptionUnsteady: Finding = {
  code: "mesos-unsteady",
  message: "subscriptions to the Mesos master succeed, but keep ending within seconds",
  hint: "check the log of the master, and that no proxy or firewall in between cuts off long responses",
};

/** `GoCD has been failing for 3 min: the connection was refused`. */
export function serverFailingText(server: string, forMs: number, { message }: Finding): string {
  return `${server} has been failing for ${formatDuration(forMs)}: ${message}`;
}

/** The event loop has handled no event for this long, ms. */
export function loopStuckText(forMs: number): string {
  return `the scheduler has not handled an event for ${Math.floor(forMs / 1000)} s`;
}

/** Why the instance is not ready because of a server that is not failing. */
export const notReadyTexts = {
  gocd: "the GoCD server has not been polled successfully yet",
  mesos: "not subscribed to a Mesos master yet",
  tornDown: "torn down: no framework is registered until gocd-mesos resume",
} as const;

/** The instance is on standby. */
export function standbyText(leader: string | undefined): string {
  return `on standby: ${leader === undefined ? "no leader is known" : `${leader} leads`}`;
}

/** The instance is on standby, and has seen no leader for too long. */
export const leaderlessText = "on standby, and no leader is known: is ZooKeeper (state.path) reachable?";
