// The cost of one poll of the GoCD server by its size: reading the feed and the agents, and assessing them. Run: deno
// bench -A tests/bench/gocd_bench.ts. Targets: 5,000 jobs and 2,000 agents in less than 150 ms of CPU time, 10,000 and
// 2,000 in less than 300 ms.

import type { Event } from "../../src/core/event.ts";
import { initialState, step } from "../../src/core/step.ts";
import { readGocdAgents } from "../../src/gocd/agents.ts";
import { readScheduledJobsText } from "../../src/gocd/scheduled_jobs.ts";
import { aProfile } from "../support/placement.ts";
import { emptyStore, serverInfo, someSettings, subscribedEvent, zeroMs } from "../support/core.ts";

const settings = someSettings({
  profiles: [
    aProfile({ gocdResources: "*", environments: "*" }),
    ...Array.from({ length: 9 }, (_, index) => aProfile({ name: `p${index}`, gocdResources: ["linux", `r${index}`] })),
  ],
  scaling: { maxAgents: 100_000 },
});
const kinds = 50;

/** A feed as GoCD writes it: three resources and eight variables a job, about 1.1 KB. */
function feedOf(count: number): string {
  const jobs = Array.from({ length: count }, (_, index) => {
    const locator = `pipeline-${index}/12/stage/1/job`;
    const kind = index % kinds;
    const environment = kind % 3 === 0 ? `<environment>env-${kind % 7}</environment>` : "";
    const resources = ["linux", `r${kind % 20}`, `extra-${Math.floor(kind / 20)}`]
      .map((name) => `<resource><![CDATA[${name}]]></resource>`).join("\n");
    const variables = Array.from({ length: 8 }, (_, at) => `<variable name="VARIABLE_${at}">value ${at}</variable>`)
      .join("\n");
    return `<job name="job">
  <link rel="self" href="http://gocd.example.com:8153/go/api/feed/pipelines/${locator}.xml"/>
  <link rel="alternate" href="http://gocd.example.com:8153/go/tab/build/detail/${locator}" title="job" type="text/html"/>
  <buildLocator>${locator}</buildLocator>${environment}
  <resources>${resources}</resources>
  <environmentVariables>${variables}</environmentVariables>
</job>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<scheduledJobs>\n${jobs.join("\n")}\n</scheduledJobs>`;
}

/** A list as GoCD 26.1 writes it, a third of the agents idle, a tenth disabled. */
function agentsOf(count: number): string {
  const link = (path: string): { href: string } => ({ href: `http://gocd.example.com:8153/go/api/${path}` });
  return JSON.stringify({
    _embedded: {
      agents: Array.from({ length: count }, (_, index) => {
        const state = index % 3 === 0 ? "Idle" : "Building";
        return {
          _links: { self: link(`agents/uuid-${index}`), doc: link("agents"), find: link("agents/:uuid") },
          uuid: `uuid-${index}`,
          hostname: `host-${index}`,
          "ip_address": "10.1.2.3",
          sandbox: "/var/lib/go-agent",
          "operating_system": "Linux",
          "agent_config_state": index % 10 === 0 ? "Disabled" : "Enabled",
          "agent_state": state,
          "agent_version": "26.1.0-20000",
          "agent_bootstrapper_version": "26.1.0-20000",
          resources: ["linux", `r${index % 20}`, `extra-${index % 5}`],
          environments: index % 3 === 0
            ? [{ name: `env-${index % 7}`, origin: { type: "gocd", _links: { self: link("admin/config_xml") } } }]
            : [],
          "build_state": state,
          "free_space": 84_983_328_768,
        };
      }),
    },
  });
}

const agentsText = agentsOf(2_000);

for (const jobs of [1_000, 5_000, 10_000]) {
  const text = feedOf(jobs);
  const kb = Math.round(text.length / 1024);
  Deno.bench(`read the feed: ${jobs} jobs, ${kb} KB`, { group: "feed" }, () => {
    readScheduledJobsText(text);
  });
}

for (const agents of [500, 1_000, 2_000]) {
  const text = agentsOf(agents);
  const kb = Math.round(text.length / 1024);
  Deno.bench(`read the agents: ${agents}, ${kb} KB`, { group: "agents" }, () => {
    readGocdAgents(text, "v5-v7");
  });
}

const begun = step(initialState(emptyStore, settings, zeroMs), { atMs: zeroMs, random: 0.5, event: subscribedEvent });

function polled(jobsText: string): Event {
  return {
    kind: "gocd-polled",
    server: serverInfo,
    jobs: readScheduledJobsText(jobsText).jobs,
    agents: readGocdAgents(agentsText, "v5-v7").agents,
    findings: [],
  };
}

for (const jobs of [1_000, 5_000, 10_000]) {
  const text = feedOf(jobs);
  const event = polled(text);
  const warm = step(begun.state, { atMs: zeroMs, random: 0.5, event }).state;
  Deno.bench(`judge: ${jobs} jobs, 2000 agents`, { group: "judge" }, () => {
    step(warm, { atMs: zeroMs + 120_000, random: 0.5, event });
  });
}

for (const jobs of [1_000, 5_000, 10_000]) {
  const text = feedOf(jobs);
  const warm = step(begun.state, { atMs: zeroMs, random: 0.5, event: polled(text) }).state;
  Deno.bench(`read and judge a poll: ${jobs} jobs, 2000 agents`, { group: "poll" }, () => {
    step(warm, { atMs: zeroMs + 120_000, random: 0.5, event: polled(text) });
  });
}
