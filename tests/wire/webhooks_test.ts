// Webhooks through the whole program on virtual time: an outage is one message at its start and one at its end, and a
// target that is down receives them later, in order, without delaying anything else.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { clusterNames, startVirtualServers, type VirtualServers } from "../support/cluster.ts";
import { endProgram, type Program, virtualProgramFolder } from "../support/program.ts";

const minute = 60_000;
/** Hours pass here: a poll takes as long as everything else. */
const common = `state.path = "s.db", log.format = "json"
  poller { interval = 20 seconds, max-interval = 20 seconds }`;
const urlPath = "/services/hunter2";

interface Scene {
  readonly cluster: VirtualServers;
  readonly program: Program;
  readonly receiver: Receiver;
  /** Puts another configuration into force. */
  reload(more: string): Promise<void>;
}

interface Told {
  readonly event: string;
  readonly state: string;
  readonly key: string;
  readonly code: string;
  readonly id: string;
  readonly text: string;
  readonly framework: { readonly name: string; readonly id?: string };
}

/** A receiver in the network of a cluster. */
interface Receiver {
  readonly port: number;
  readonly told: Told[];
  status: number;
}

function receive({ network }: VirtualServers): Receiver {
  const told: Told[] = [];
  const receiver = { told, status: 200, port: 0 };
  const { port } = network.listen({ hostname: "127.0.0.1", port: 0 }, async (request) => {
    const message: Told = await request.json();
    if (receiver.status === 200) told.push(message);
    return new Response("", { status: receiver.status });
  });
  receiver.port = port;
  return receiver;
}

async function withProgram(
  notify: (receiver: Receiver) => string,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const cluster = startVirtualServers();
  const receiver = receive(cluster);
  const folder = virtualProgramFolder(cluster);
  const text = cluster.configText(`${common}\n${notify(receiver)}`);
  const program = folder.start(text);
  try {
    await program.line("subscribed to");
    await cluster.pass(minute);
    const reload = async (more: string): Promise<void> => {
      Deno.writeTextFileSync(`${folder.path}/framework.conf`, cluster.configText(`${common}\n${more}`));
      const at = program.lines.length;
      program.signal("SIGHUP");
      await program.line("was reloaded", at);
    };
    await act({ cluster, program, receiver, reload });
    assert(!program.lines.join("\n").includes("hunter2"), "the log has the URL");
  } finally {
    await endProgram(program);
    folder.remove();
    await cluster.close();
  }
}

const one = ({ port }: Receiver): string => `notify.webhooks.team.url = "http://127.0.0.1:${port}${urlPath}"`;
const brief = (told: readonly Told[]): readonly string[] => told.map(({ key, state }) => `${state} ${key}`);

Deno.test("an outage of the GoCD server is reported once it has lasted, and again when it is over", () =>
  withProgram(one, async ({ cluster, receiver }) => {
    assertEquals(receiver.told, [], "a start is no problem");
    cluster.gocd.inject({ kind: "starting" }, 1_000_000);
    await cluster.pass(minute);
    assertEquals(receiver.told, []);
    await cluster.pass(4 * minute);
    assertEquals(brief(receiver.told), ["began server-failing/gocd"]);
    const [began] = receiver.told;
    assertEquals(began?.code, "gocd-starting");
    assertMatch(began?.framework.id ?? "", /./);
    await cluster.pass(10 * minute);
    assertEquals(brief(receiver.told), ["began server-failing/gocd", "began stale-data"]);
    cluster.gocd.clearFaults();
    await cluster.pass(5 * minute);
    assertEquals(brief(receiver.told).slice(2).toSorted(), ["ended server-failing/gocd", "ended stale-data"]);
    assertMatch(receiver.told.at(-1)?.text ?? "", /^over after \d+ min: /);
    assertEquals(new Set(receiver.told.map(({ id }) => id)).size, 4);
    await cluster.pass(60 * minute);
    assertEquals(receiver.told.length, 4);
  }));

Deno.test("a target that was down for an hour later receives the messages in order, and is reported once in the log", () =>
  withProgram(one, async ({ cluster, program, receiver }) => {
    receiver.status = 500;
    const starving = { pipeline: "p", stage: "s", job: "j", gocdResources: ["windows"], durationMs: 5_000 };
    cluster.gocd.schedule(starving);
    await cluster.pass(10 * minute);
    cluster.gocd.inject({ kind: "starting" }, 1_000_000);
    await cluster.pass(5 * minute);
    cluster.gocd.clearFaults();
    await cluster.pass(45 * minute);
    assertEquals(receiver.told, []);
    const lines = program.lines.filter((line) => line.includes("webhook"));
    assertEquals(lines.length, 1, lines.join("\n"));
    assertMatch(lines[0] ?? "", /"webhook-failed".*webhook team cannot be delivered: 500/);
    receiver.status = 200;
    await cluster.pass(10 * minute);
    assertEquals(brief(receiver.told), [
      "began jobs-unserved/resource windows",
      "began server-failing/gocd",
      "ended server-failing/gocd",
    ]);
    await program.line("messages to webhook team are delivered again");
    const served = { ...starving, job: "k", gocdResources: [] };
    const locator = cluster.gocd.schedule(served);
    await cluster.until(() => {
      cluster.advance();
      return cluster.gocd.tally.completedLocators.has(locator);
    }, () => program.lines.slice(-20).join("\n"));
  }));

Deno.test("a webhook receives only its configured events", () =>
  withProgram(
    ({ port }) => `notify.webhooks.some { url = "http://127.0.0.1:${port}/", events = [server-failing] }`,
    async ({ cluster, receiver }) => {
      cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: ["windows"], durationMs: 5_000 });
      await cluster.pass(10 * minute);
      cluster.gocd.inject({ kind: "starting" }, 1_000_000);
      await cluster.pass(10 * minute);
      assertEquals(brief(receiver.told), ["began server-failing/gocd"]);
    },
  ));

Deno.test("a webhook added by a reload receives the ongoing problems, and a kept one does not receive them again", () =>
  withProgram(one, async ({ cluster, receiver, reload }) => {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: ["windows"], durationMs: 5_000 });
    await cluster.pass(10 * minute);
    const began = "began jobs-unserved/resource windows";
    assertEquals(brief(receiver.told), [began]);
    const other = receive(cluster);
    await reload(`${one(receiver)}, notify.webhooks.other.url = "http://127.0.0.1:${other.port}/"`);
    await cluster.pass(10 * minute);
    assertEquals([brief(receiver.told), brief(other.told)], [[began], [began]]);
    await reload(`notify.webhooks.other.url = "http://127.0.0.1:${other.port}/", profiles.w.resources = [windows]`);
    await cluster.pass(10 * minute);
    const ended = "ended jobs-unserved/resource windows";
    assertEquals([brief(receiver.told), brief(other.told)], [[began], [began, ended]]);
  }));

Deno.test("a job that waits for longer than the limit is reported with the reason, and reported again when it has an agent", () =>
  withProgram(
    (receiver) => `${one(receiver)}\nscaling.max-agents = 0\nnotify.waiting-longer-than = 10 minutes`,
    async ({ cluster, receiver, reload }) => {
      const job = { pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 10 * minute };
      const locator = cluster.gocd.schedule(job);
      await cluster.pass(15 * minute);
      assertEquals(brief(receiver.told), ["began limit-reached", "began jobs-waiting/no resources"]);
      assertMatch(receiver.told[1]?.text ?? "", new RegExp(`^${locator.slice(0, 4)}.* has waited for 1\\d min: `));
      assertEquals(receiver.told[1]?.code, "held-limit");
      await reload(`${one(receiver)}\nnotify.waiting-longer-than = 10 minutes`);
      await cluster.pass(10 * minute);
      assertEquals(brief(receiver.told).slice(2).toSorted(), [
        "ended jobs-waiting/no resources",
        "ended limit-reached",
      ]);
    },
  ));

Deno.test("a program whose framework Mesos has removed sends its webhook message before it ends", () =>
  withProgram(one, async ({ cluster, program, receiver }) => {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 600_000 });
    await cluster.until(() => {
      cluster.advance();
      return cluster.running.size > 0;
    }, () => program.lines.slice(-20).join("\n"));
    for (const { id } of cluster.mesos.view().frameworks) cluster.mesos.removeFramework(id, cluster.clock.nowMs());
    await program.ended();
    assertEquals(brief(receiver.told), ["began framework-removed"]);
  }));

Deno.test("an image that cannot be pulled is reported once, and again when an agent has registered", () =>
  withProgram(one, async ({ cluster, receiver }) => {
    cluster.mesos.setImage(clusterNames.image, "everywhere");
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 10 * minute });
    await cluster.pass(25 * minute);
    const breakers = (): readonly string[] => brief(receiver.told).filter((line) => line.includes("breaker"));
    assertEquals(breakers(), ["began breaker/default"]);
    assertMatch(receiver.told[0]?.text ?? "", /pull access denied/);
    await cluster.pass(35 * minute);
    cluster.mesos.setImage(clusterNames.image, "nowhere");
    await cluster.pass(30 * minute);
    assertEquals(breakers(), ["began breaker/default", "ended breaker/default"]);
  }));
