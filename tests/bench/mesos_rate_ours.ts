// Our whole program as a client of the measuring master: engine, state in SQLite, the real scheduler client in
// protobuf, an idle GoCD server. Arguments: PORT TASKS FOLDER.

import { loadConfig } from "../../src/config/load.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { GocdApi } from "../../src/gocd/api.ts";
import { realClock } from "../../src/runtime/clock.ts";
import { createFramework } from "../../src/runtime/framework.ts";
import { newLineage, openMesos } from "../../src/runtime/ports.ts";
import { openSqliteStore } from "../../src/store/sqlite_store.ts";

const [port, tasks, folder] = Deno.args;
const text = `gocd-mesos {
  mesos-master: "127.0.0.1:${port}"
  go-server { host: "localhost", user-name: "u", password: "p" }
  go-agent { auto-register-key: "key", docker-image: "agent:1" }
  http.listen = off
}`;

const server = { version: "26.1.0", resourceCase: "sensitive", slowRegistration: false, maintenance: "off" } as const;
const nothing = (): Promise<void> => Promise.resolve();
const gocd: GocdApi = {
  poll: () => Promise.resolve({ server, jobs: [], agents: [], findings: [] }),
  readAgents: () => Promise.resolve([]),
  enableAgent: nothing,
  disableAgents: nothing,
  deleteAgents: nothing,
  rights: () => Promise.reject(new Error("not asked")),
};

function instance(index: number): AgentInstance {
  return {
    taskId: `gocd-abc123-default-${index}`,
    profile: "default",
    profileHash: "00000000",
    gocdResources: [],
    createdMs: realClock.nowMs(),
    mesosAgentId: `0c5a4232-0fc9-4a07-b709-eb25fa62422a-S${index % 50}`,
    host: `h${index % 50}`,
    launchReason: "jobs wait",
    state: "starting",
    sinceMs: realClock.nowMs(),
    runningSinceMs: realClock.nowMs(),
  };
}

const config = loadConfig("framework.conf", {}, () => text);
const store = openSqliteStore(`${folder}/state.db`, { newLineage });
// The first load makes the records that every state has.
const { framework: fresh } = await store.load();
await store.commit([
  ...Array.from({ length: Number(tasks) }, (_, index) => ({ kind: "instance" as const, instance: instance(index) })),
  {
    kind: "framework",
    framework: { ...fresh, frameworkId: "0c5a4232-0fc9-4a07-b709-eb25fa62422a-0000" },
  },
]);
const framework = await createFramework(config, {
  store,
  gocd,
  mesos: openMesos(() => config, realClock),
  clock: realClock,
  random: Math.random,
  tell: () => {},
});
await framework.run(new AbortController().signal);
