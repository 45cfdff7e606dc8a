// The soak: it runs, its claims about correctness hold, and each claim can fail. Claims about speed are not checked: a
// machine that runs tests is busy.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { percentile, slope, type SoakFigures, tableOf, verdictsOf } from "../../scripts/soak_figures.ts";

const root = new URL("../../", import.meta.url);

Deno.test("a short soak acknowledges each update, answers each offer once, and its queues stay bounded", async () => {
  const path = Deno.makeTempFileSync({ suffix: ".json" });
  try {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", `--config=${new URL("deno.json", root).pathname}`]
        .concat([new URL("scripts/soak.ts", root).pathname, "--correctness-only", "--json", path])
        .concat("--minutes 0.1 --instances 20 --jobs 100 --offers 200 --updates-per-second 100".split(" "))
        .concat("--losses-per-second 1 --poll-seconds 2".split(" ")),
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout);
    assertEquals(code, 0, said);
    const figures: SoakFigures = JSON.parse(Deno.readTextFileSync(path));
    const { tasks, offers } = figures.cluster;
    assert(tasks.made > 100, said);
    assertEquals(tasks.acknowledged, tasks.made, said);
    assert(offers.sent >= 200, said);
    assertEquals([offers.answered, offers.answeredTwice], [offers.sent, 0], said);
    assert(tasks.ended > 0 && tasks.launched > 0, said);
    assertMatch(said, /^PASS {2}every offer answered once/m);
  } finally {
    Deno.removeSync(path);
  }
});

const good: SoakFigures = {
  minutes: 10,
  order: { instances: 100, jobs: 1_000, offers: 500, updatesPerSecond: 100 },
  loadMs: 600_000,
  looks: Array.from({ length: 600 }, (_, second) => ({
    atMs: second * 1_000,
    residentBytes: 300e6 + (second % 10) * 1e6,
    inbox: 0,
    inboxMax: 40,
    calls: 1,
    callsMax: 90,
  })),
  answers: [{ path: "/", tookMs: [5, 6, 7], missing: 0 }],
  cluster: {
    tasks: {
      made: 60_000,
      sentAgain: 0,
      acknowledged: 60_000,
      unexpected: 0,
      heldBack: 0,
      unacknowledgedMax: 10,
      lagsMs: [1, 2, 3],
      launched: 5,
      launchedTwice: 0,
      ended: 5,
      killed: 0,
    },
    offers: {
      bursts: 2,
      sent: 1_000,
      answered: 1_000,
      answeredTwice: 0,
      heldMsMax: 80,
      subscriptions: 1,
      calls: { SUBSCRIBE: 1 },
    },
    openOffers: 0,
    running: 100,
    unacknowledged: 0,
    gocd: { waiting: 1_000, agents: 100, building: 100, requests: 50 },
  },
  cpuSeconds: 60,
  queuedSeconds: 6,
  log: { lines: 100, bytes: 20_000 },
  exitCode: 0,
  loadAverage: [0.5, 0.6],
  cores: 2,
};

const { cluster } = good;

function growing(bytesPerMinute: number): SoakFigures["looks"] {
  return good.looks.map((look) => ({
    ...look,
    residentBytes: (look.residentBytes ?? 0) + bytesPerMinute * look.atMs / 60_000,
  }));
}

Deno.test("good figures keep every claim", () => {
  const verdicts = verdictsOf(good);
  assertEquals(verdicts.filter(({ isKept }) => !isKept), []);
  assertEquals(tableOf(good, verdicts).some((line) => line.startsWith("FAIL")), false);
});

const broken: readonly (readonly [string, Partial<SoakFigures>, string])[] = [
  ["an update is not acknowledged", {
    cluster: { ...cluster, tasks: { ...cluster.tasks, acknowledged: 59_999 }, unacknowledged: 1 },
  }, "every update acknowledged once"],
  ["an unsent update is acknowledged", {
    cluster: { ...cluster, tasks: { ...cluster.tasks, unexpected: 1 } },
  }, "every update acknowledged once"],
  ["an acknowledgement is forgotten", {
    cluster: { ...cluster, tasks: { ...cluster.tasks, sentAgain: 1 } },
  }, "no update sent again"],
  ["updates are delayed", {
    cluster: { ...cluster, tasks: { ...cluster.tasks, heldBack: 1 } },
  }, "100 updates a second taken"],
  ["an offer stays open", {
    cluster: { ...cluster, openOffers: 1, offers: { ...cluster.offers, answered: 999 } },
  }, "every offer answered once"],
  ["an offer is answered twice", {
    cluster: { ...cluster, offers: { ...cluster.offers, answeredTwice: 1 } },
  }, "every offer answered once"],
  ["a task is launched twice", {
    cluster: { ...cluster, tasks: { ...cluster.tasks, launchedTwice: 1 } },
  }, "no task launched twice, none killed"],
  ["lost agents are not replaced", { cluster: { ...cluster, running: 90 } }, "lost agents replaced"],
  ["the session breaks", {
    cluster: { ...cluster, offers: { ...cluster.offers, subscriptions: 2 } },
  }, "one subscription"],
  ["too many events wait", {
    looks: good.looks.map((look) => ({ ...look, inboxMax: 20_000 })),
  }, "events that wait are bounded"],
  ["too many calls wait", {
    looks: good.looks.map((look) => ({ ...look, callsMax: 20_000 })),
  }, "calls that wait are bounded"],
  ["the program crashes", { exitCode: 1 }, "it stops in order"],
  ["a response is slow", { answers: [{ path: "/", tookMs: [5, 201], missing: 0 }] }, "/ within 200 ms"],
  ["a response is missing", { answers: [{ path: "/", tookMs: [5], missing: 1 }] }, "/ within 200 ms"],
  ["memory grows slowly", { looks: growing(4e6) }, "no growth of memory after the first minute"],
  ["memory jumps", {
    looks: good.looks.map((look) => ({ ...look, residentBytes: look.atMs > 500_000 ? 400e6 : 300e6 })),
  }, "no growth of memory after the first minute"],
  ["memory is not measured", { looks: [] }, "no growth of memory after the first minute"],
];
for (const [what, change, claim] of broken) {
  Deno.test(`a soak in which ${what} fails by the claim about it`, () => {
    const failed = verdictsOf({ ...good, ...change }).filter(({ isKept }) => !isKept);
    assertEquals(failed.map((verdict) => verdict.claim), [claim]);
  });
}

Deno.test("percentiles and slopes are computed correctly", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assertEquals([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)], [50, 99, 100]);
  assertEquals([percentile([], 0.5), percentile([7], 0.99)], [0, 7]);
  assertEquals([slope([]), slope([[1, 1]]), slope([[0, 1], [1, 3], [2, 5]])], [0, 0, 2]);
});
