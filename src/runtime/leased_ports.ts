// The servers as an instance may use them that leads only for a time: nothing is asked for, not even read, unless it
// certainly leads at that moment. Not here: how it knows (store/zookeeper_election.ts). Used by elected.ts.
//
// The check is made by the clock at each call, so a process that was stopped, or a machine that was suspended, sends
// nothing when it wakes, long before it hears that another instance leads.

import { type GocdApi, GocdError } from "../gocd/api.ts";
import { type MesosApi, MesosError, type MesosSession } from "../mesos/api.ts";

/** Whether this instance certainly leads now. */
export type IsHeld = () => boolean;

const message = "not sent, because ZooKeeper has not confirmed lately that this instance leads";
const hint = "nothing to do: it goes on with the next confirmation, or another instance takes over; see the log";

/** The GoCD server while we lead; otherwise its calls throw GocdError `not-leading`. */
export function leasedGocd(gocd: GocdApi, isHeld: IsHeld): GocdApi {
  const demand = (): void => {
    if (!isHeld()) throw new GocdError({ code: "not-leading", kind: "unreachable", message, hint });
  };
  const asked = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    demand();
    return await ask();
  };
  return {
    poll: (signal, environments) => asked(() => gocd.poll(signal, environments)),
    readAgents: (signal) => asked(() => gocd.readAgents(signal)),
    enableAgent: (uuid, registration, signal) => asked(() => gocd.enableAgent(uuid, registration, signal)),
    disableAgents: (uuids, signal) => asked(() => gocd.disableAgents(uuids, signal)),
    deleteAgents: (uuids, signal) => asked(() => gocd.deleteAgents(uuids, signal)),
    rights: (signal) => asked(() => gocd.rights(signal)),
  };
}

/** The Mesos cluster while we lead; otherwise nothing is subscribed or sent. A session that began stays open. */
export function leasedMesos(mesos: MesosApi, isHeld: IsHeld): MesosApi {
  return {
    // A SUBSCRIBE would take the framework away from whoever leads now.
    subscribe: async (identity, frameworkId, signal) => {
      if (!isHeld()) throw new MesosError("unreachable", message, hint);
      const session = await mesos.subscribe(identity, frameworkId, signal);
      if (isHeld()) return leasedSession(session, isHeld);
      session.close();
      throw new MesosError("unreachable", message, hint);
    },
    probe: (signal) => mesos.probe(signal),
    frameworksNamed: async (name, signal) => await mesos.frameworksNamed?.(name, signal),
  };
}

function leasedSession(session: MesosSession, isHeld: IsHeld): MesosSession {
  return {
    master: session.master,
    events: session.events,
    send: async (call, signal) => {
      if (!isHeld()) throw new MesosError("call-unknown", message, hint);
      await session.send(call, signal);
    },
    close: () => session.close(),
  };
}
