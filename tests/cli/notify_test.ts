// `gocd-mesos notify-test`: its report about each webhook.

import { assertEquals, assertMatch } from "@std/assert";
import { assertRefused, assertTranscript, confFolder, runLine, type Written } from "./support.ts";

const base = `mesos-master = "m:5050", go-server.host = gocd, go-agent.docker-image = "agent:1"`;

/** Runs the command on a file with these webhooks; `PORT` is that of a server which answers by the path. */
async function test(
  webhooks: string,
  ...more: string[]
): Promise<{ readonly written: Written; readonly got: string[] }> {
  const got: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const status = Number(new URL(request.url).pathname.slice(1));
    got.push(await request.text());
    return new Response(status === 404 ? "no_team" : "ok", { status });
  });
  const folder = confFolder(`gocd-mesos { ${base}\n${webhooks.replaceAll("PORT", `${server.addr.port}`)} }`);
  try {
    return { written: await runLine(["notify-test", folder.conf, ...more]), got };
  } finally {
    folder.remove();
    await server.shutdown();
  }
}

const two = `notify.webhooks {
  team { url = "http://127.0.0.1:PORT/200", format = slack }
  pager { url = "http://127.0.0.1:PORT/404" }
}`;

Deno.test("notify-test prints a row with the response of each webhook, and fails if one refuses the message", async () => {
  const { written, got } = await test(two);
  assertEquals(written.code, 3);
  assertTranscript("notify-test", written.all, []);
  assertMatch(JSON.parse(got[0] ?? "").text, /notify-test/);
  assertEquals(JSON.parse(got[1] ?? "").event, "test");
});

Deno.test("notify-test --json prints the rows and the exit code as JSON", async () => {
  const { written: { code, out, err } } = await test(two, "--json");
  const { rows, exitCode } = JSON.parse(out);
  assertEquals([code, exitCode, err], [3, 3, ""]);
  assertEquals(rows.map(({ level, what }: Record<string, string>) => `${level} ${what}`), ["ok team", "failure pager"]);
  assertMatch(rows[1].hint, /check the URL/);
});

Deno.test("notify-test --webhook tests one webhook even if other keys of the file are invalid", async () => {
  const { written, got } = await test(`${two}\nscaling.max-agents = x`, "--webhook", "team");
  assertEquals([written.code, got.length], [0, 1]);
});

Deno.test("notify-test refuses an unknown name, a file without webhooks and an invalid URL", async () => {
  assertRefused((await test(two, "--webhook", "tem")).written, 2, /no webhook tem/);
  assertRefused((await test("")).written, 2, /no webhooks/);
  assertRefused((await test('notify.webhooks.a.url = "secret-but-no-url"')).written, 2, /not an http or https URL/);
});
