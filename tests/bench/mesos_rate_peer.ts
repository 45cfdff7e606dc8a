// npm:mesos-framework as a client of the measuring master, with its own handler of updates. Writes a log into its working
// folder. Arguments: PORT TASKS FOLDER. It needs what has known vulnerabilities: it is no dependency of ours but of a
// configuration with its own lock file, peer/deno.json, which this is run with.

// Not a literal: else it would be resolved, and locked, whenever our own files are.
const name = "mesos-framework";
const { Scheduler } = await import(name);
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
