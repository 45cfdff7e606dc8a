// The frame that `demo` draws on a terminal.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "../support/properties.ts";
import type { InstanceView, JobView, StatusView } from "../../src/core/view/view.ts";
import { demoFrame, type DemoPicture, shareRows } from "../../src/cli/demo/frame.ts";
import { cutText, safeText, textWidth } from "../../src/cli/text.ts";

const startMs = Date.UTC(2026, 10, 23);
const atMs = startMs + 23_000;

function job(locator: string, more: Partial<JobView> = {}): JobView {
  const base = { locator, name: "job", gocdResources: ["linux"], reason: "", reasonCode: "launching" } as const;
  return { ...base, verdict: "needs-agent", firstSeenMs: atMs - 5_000, ...more };
}

function instance(taskId: string, state: InstanceView["state"], more: Partial<InstanceView> = {}): InstanceView {
  const base = { mesosAgentId: "S1", profile: "linux", gocdResources: ["linux"], detail: "", host: "rack1-node1" };
  return { taskId, state, ...base, createdMs: atMs - 9_000, sinceMs: atMs - 3_000, ...more };
}

function view(more: Partial<StatusView> = {}): StatusView {
  return {
    atMs,
    startedMs: startMs,
    mesos: {
      health: { state: "fine", sinceMs: startMs },
      frameworkName: "demo",
      session: "subscribed",
      sinceMs: startMs,
      offers: "wanted",
    },
    gocd: { health: { state: "fine", sinceMs: startMs }, maintenance: "off", nextPollMs: atMs, stale: false },
    mode: "run",
    frozen: false,
    jobs: [],
    demand: [],
    instances: [],
    gocdAgents: [],
    profiles: [],
    maxAgents: 50,
    avoidedHosts: [],
    failingHosts: [],
    problems: [],
    ...more,
  };
}

function picture(more: Partial<DemoPicture> = {}): DemoPicture {
  return {
    elapsedMs: 23_000,
    startedMs: startMs,
    phase: "wave 2 of 3: deployments",
    gocd: { url: "http://127.0.0.1:8153/go", version: "26.1.0" },
    mesos: { master: "127.0.0.1:5050", version: "1.12.0" },
    pageUrl: "http://127.0.0.1:8090/",
    confPath: "/tmp/gocd-mesos-demo-1/framework.conf",
    history: [{ atMs: atMs - 2_000, level: "info", code: "agent-launched", text: "launching gocd-abc-linux-1" }],
    facts: {
      jobs: [
        { locator: "shop/1/build/1/compile", fate: "built", scheduledMs: startMs, assignedMs: atMs, builtMs: atMs },
        { locator: "shop/1/build/1/test", fate: "built", scheduledMs: startMs, assignedMs: atMs },
        { locator: "shop/1/build/1/a", fate: "built", scheduledMs: startMs },
        { locator: "shop/1/build/1/b", fate: "built", scheduledMs: startMs },
        { locator: "desktop/1/build/1/installer", fate: "unserved", scheduledMs: startMs },
      ],
      launched: 2,
      started: 2,
      stopped: 0,
      failedLaunches: 0,
      buildsKilled: 0,
      doubleLaunches: 0,
      pendingEnabled: 0,
      strangersTouched: 0,
      tasksLeft: [],
      gocdAgentsLeft: [],
      building: new Map([["gocd-abc-linux-1", "shop/1/build/1/test"]]),
    },
    view: view({
      jobs: [
        job("shop/1/build/1/a", { reason: "profile linux: waiting for a Mesos offer" }),
        job("shop/1/build/1/b", { reason: "profile linux: waiting for a Mesos offer" }),
        job("desktop/1/build/1/installer", {
          gocdResources: ["windows"],
          verdict: "unserved",
          reason: "no profile has resource windows: add a profile with it",
        }),
      ],
      instances: [
        instance("gocd-abc-linux-1", "building"),
        instance("gocd-abc-linux-2", "starting", { detail: "pulling the image, starting the container" }),
      ],
      gocdAgents: [{
        uuid: "u",
        hostname: "mac-mini.office",
        configState: "Enabled",
        agentState: "Idle",
        buildState: "Idle",
        gocdResources: [],
        environments: [],
        elastic: false,
        state: "idle",
      }],
    }),
    ...more,
  };
}

Deno.test("the demo shows jobs, agents and decisions in one frame", () => {
  assertEquals(
    demoFrame(picture(), { columns: 80, rows: 24, hasColour: false }),
    [
      " gocd-mesos demo  0:23  wave 2 of 3: deployments",
      " GoCD 26.1.0 at 127.0.0.1:8153, Mesos 1.12.0 at 127.0.0.1:5050 (simulated)",
      " status page http://127.0.0.1:8090/   token demo-admin   (Ctrl-C ends the demo)",
      " for other commands use /tmp/gocd-mesos-demo-1/framework.conf",
      "",
      " jobs    █████░░░░░░░░░░░░░░░ 1 of 4 built, 1 building, 2 waiting; 1 not served",
      " agents  1 building, 1 starting",
      " so far  2 launched, 0 stopped, 0 failed to start, 0 builds killed",
      "",
      " WAITING JOBS  3",
      "  NEEDS    JOBS  OLDEST  VERDICT      WHY",
      "  linux       2    0:05  needs-agent  profile linux: waiting for a Mesos offer",
      "  windows     1    0:05  unserved     no profile has resource windows: add a pr…",
      "",
      " AGENTS  2 of ours on Mesos",
      "  TASK = HOSTNAME   STATE      FOR  WHAT IT DOES",
      "  gocd-abc-linux-1  building  0:03  builds shop/1/build/1/test",
      "  gocd-abc-linux-2  starting  0:03  pulling the image, starting the container",
      "  mac-mini.office   idle            not ours: never touched",
      "",
      " LAST DECISIONS",
      "  0:21  launching gocd-abc-linux-1",
    ],
  );
});

Deno.test("the demo shows changes on the servers since the last poll", () => {
  const { facts, ...rest } = picture();
  const jobs = facts.jobs.map((each) => {
    if (each.locator === "shop/1/build/1/a") return { ...each, assignedMs: atMs - 1_000, builder: "gocd-abc-linux-3" };
    return each.locator !== "shop/1/build/1/test" ? each : { ...each, builtMs: atMs, builder: "gocd-abc-linux-1" };
  });
  const instances = [instance("gocd-abc-linux-1", "building"), instance("gocd-abc-linux-3", "idle")];
  const lines = demoFrame({
    ...rest,
    view: { ...rest.view, instances },
    facts: { ...facts, jobs, building: new Map([["gocd-abc-linux-3", "shop/1/build/1/a"]]) },
  }, { columns: 100, rows: 24, hasColour: false });
  const cells = lines.map((line) => line.trim().replaceAll(/ {2,}/g, " | "));
  for (
    const line of [
      "agents | 1 building, 1 idle",
      "linux | 1 | 0:05 | needs-agent | profile linux: waiting for a Mesos offer",
      "gocd-abc-linux-1 | idle | 0:00 | rack1-node1 | free for the next job",
      "gocd-abc-linux-3 | building | 0:01 | rack1-node1 | builds shop/1/build/1/a",
    ]
  ) {
    assert(cells.includes(line), `${line}\n${lines.join("\n")}`);
  }
  assertStringIncludes(lines.join("\n"), "2 of 4 built, 1 building, 1 waiting; 1 not served");
});

/** Names as a hostile pipeline would have them. */
const hostile = [
  "\x1b[2J\x1b]0;owned\x07",
  "a\nb\r\nc\tb",
  "\u202egnirts desrever",
  "漢字の仕事",
  "e\u0301\u0301\u0301",
  "👩‍👩‍👧‍👦✅",
  "x".repeat(5_000),
  "\ud800",
];

for (const columns of [20, 40, 80, 120, 200]) {
  Deno.test(`hostile names cannot leave their cell in a window of ${columns} columns`, () => {
    const bad = picture({
      phase: hostile.join(" "),
      history: hostile.map((text) => ({ atMs, level: "info" as const, code: "x", text })),
      view: view({
        jobs: hostile.map((name) => job(name, { name, gocdResources: [name], environment: name, reason: name })),
        instances: hostile.map((name) => instance(name, "idle", { host: name, detail: name })),
      }),
    });
    const lines = demoFrame(bad, { columns, rows: 50, hasColour: false });
    for (const line of lines) {
      assert(textWidth(line) <= columns, JSON.stringify(line));
      // deno-lint-ignore no-control-regex
      assert(!/[\u0000-\u001f\u007f-\u009f\u200d\u202e\ud800]/.test(line), JSON.stringify(line));
    }
    const coloured = demoFrame(bad, { columns, rows: 50, hasColour: true });
    // deno-lint-ignore no-control-regex
    assertEquals(coloured.map((line) => line.replaceAll(/\x1b\[[0-9;]*m/g, "")), lines);
  });
}

Deno.test("the frame never has more lines than the window, and names what it omits", () => {
  const many = picture({
    view: view({
      jobs: Array.from({ length: 40 }, (_, index) => job(`p/${index}`, { gocdResources: [`r${index}`] })),
      instances: [
        ...Array.from({ length: 40 }, (_, index) => instance(`gocd-abc-linux-${index}`, "draining")),
        instance("gocd-abc-linux-99", "building"),
      ],
    }),
    history: Array.from({ length: 100 }, (_, index) => ({ atMs, level: "info", code: "x", text: `note ${index}` })),
  });
  for (let rows = 1; rows <= 60; rows++) {
    assert(demoFrame(many, { columns: 80, rows, hasColour: false }).length <= rows, `${rows} rows`);
  }
  const text = demoFrame(many, { columns: 80, rows: 30, hasColour: false }).join("\n");
  assertStringIncludes(text, "more kinds of jobs");
  assertStringIncludes(text, "more agents");
  assertStringIncludes(text, "gocd-abc-linux-99");
  assertStringIncludes(text, "note 99");
});

Deno.test("the rows of all parts fit into the window, and each part with content has at least one", () => {
  fc.assert(fc.property(fc.nat(100), fc.nat(100), fc.nat(100), fc.integer({ min: 3, max: 200 }), (a, b, c, room) => {
    const shares = shareRows([a, b, c], room);
    assert(shares[0] + shares[1] + shares[2] <= room);
    assert(shares[0] >= 1 && shares[1] >= 1);
    assert(c === 0 || shares[2] >= 1);
  }));
});

Deno.test("a cut text is never wider than allowed, and a text that fits is unchanged", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(50), (raw, width) => {
    const text = safeText(raw);
    const shown = cutText(text, width);
    assert(textWidth(shown) <= width);
    if (textWidth(text) <= width) assertEquals(shown, text);
  }));
});
