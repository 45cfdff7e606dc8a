// npm:mesos-framework as a client of the measuring master: its Scheduler with its own handler of updates, which keeps the
// task's state in memory and acknowledges. Not here: measuring. Started by mesos_rate_bench.ts as a process: PORT TASKS FOLDER.
// The package is a dependency of this bench only. It writes a log into its working folder.

import { Scheduler } from "npm:mesos-framework@0.5.3";

const [port, tasks] = Deno.args;

interface Peer {
  launchedTasks: unknown[];
  subscribe(): void;
  on(event: string, listener: (value: unknown) => void): void;
}

const scheduler = new Scheduler({
  masterUrl: "127.0.0.1",
  port: Number(port),
  frameworkName: "peer",
  logging: { path: ".", fileName: "peer.log", level: "error" },
}) as unknown as Peer;
// Our program has as many instances.
scheduler.launchedTasks = Array.from({ length: Number(tasks) }, (_, index) => ({
  name: `task-${index}`,
  taskId: `gocd-abc123-default-${index}`,
  runtimeInfo: {},
}));
// An "error" without a listener would end the process.
scheduler.on("error", () => {});
scheduler.on("ready", () => scheduler.subscribe());
