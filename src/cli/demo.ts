// `gocd-mesos demo`: see it work without any server. Not here yet: the embedded cluster.

import type { Command } from "./command.ts";

export const demoCommand: Command = {
  name: "demo",
  summary: "see it work on an embedded cluster, without any server",
  help: "",
  booleans: ["exit"],
  strings: [],
  operandsMin: 0,
  operandsMax: 0,
  operandsText: "",
  run: () => Promise.resolve(1),
};
