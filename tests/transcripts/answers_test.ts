// Intermediaries that respond instead of the GoCD server or the Mesos master, as shown by log, page and metrics. The
// files are for readers: tests/fixtures/diagnoses/.

import { assertEquals } from "@std/assert";
import { noteLine } from "../../src/core/words/notes.ts";
import { textLine } from "../../src/log/format.ts";
import { createHttpScheduler } from "../../src/mesos/http_scheduler.ts";
import { MesosError } from "../../src/mesos/api.ts";
import { minute, second, zeroMs } from "../support/core.ts";
import { connectionTo, identity } from "../support/scripted_master.ts";
import { type Situation, situation } from "../support/situation.ts";
import { assertTranscript, diagnosisOf } from "../support/transcript.ts";
import { foreign, offer } from "./arrange.ts";

interface Stranger {
  readonly name: string;
  readonly title: string;
  readonly answer: () => Response;
}

function page(status: number, title: string, headers: Record<string, string> = {}): () => Response {
  const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return () => new Response(body, { status, headers: { "content-type": "text/html; charset=utf-8", ...headers } });
}

function redirect(status: number, location: string, headers: Record<string, string> = {}): () => Response {
  return () => new Response("", { status, headers: { location, ...headers } });
}

const squid = { server: "squid/4.10", "x-squid-error": "ERR_ACCESS_DENIED 0", via: "1.1 proxy1 (squid/4.10)" };

const strangers: readonly Stranger[] = [
  {
    name: "forward-proxy-403",
    title: "a forward proxy refuses access",
    answer: page(403, "ERROR: The requested URL could not be retrieved", squid),
  },
  {
    name: "forward-proxy-407",
    title: "a forward proxy requires a login",
    answer: page(407, "ERROR: Cache Access Denied", { ...squid, "proxy-authenticate": 'Basic realm="proxy1"' }),
  },
  {
    name: "single-sign-on",
    title: "a gateway redirects to single sign-on",
    answer: redirect(302, "https://login.example.com/oauth2/authorize?client_id=1&state=secret"),
  },
  {
    name: "sign-in-page",
    title: "a gateway responds with its login page",
    answer: page(200, "Sign in - Example Corp"),
  },
  {
    name: "balancer-without-server",
    title: "a load balancer has no server",
    answer: page(503, "503 Service Temporarily Unavailable", { server: "awselb/2.0" }),
  },
  {
    name: "gateway-timeout",
    title: "a reverse proxy times out",
    answer: page(504, "504 Gateway Time-out", { server: "nginx/1.27.3" }),
  },
  {
    name: "proxy-login",
    title: "a reverse proxy requires its own login",
    answer: page(401, "401 Authorization Required", {
      server: "nginx",
      "www-authenticate": 'Basic realm="Restricted"',
    }),
  },
  {
    name: "firewall",
    title: "a firewall blocks the request",
    answer: page(403, "Attention Required! | Cloudflare", { server: "cloudflare" }),
  },
];

for (const { name, title, answer } of strangers) {
  Deno.test(`log, page and metrics show in place of GoCD: ${title}`, async () => {
    let isThere = false;
    const its = situation({ between: () => isThere ? answer() : undefined });
    await its.pass(10 * second);
    isThere = true;
    await its.pass(minute);
    assertTranscript(`../diagnoses/gocd-${name}`, diagnosisOf(`in place of GoCD: ${title}`, its));
  });

  Deno.test(`the log shows in place of a Mesos master: ${title}`, async () => {
    assertTranscript(
      `../diagnoses/mesos-${name}`,
      await mesosDiagnosis(`in place of a Mesos master: ${title}`, () => Promise.resolve(answer())),
    );
  });
}

/** What the log says of a subscription that fails. */
async function mesosDiagnosis(title: string, fetch: () => Promise<Response>, master = "mesos:5050"): Promise<string> {
  const options = { connection: connectionTo(master), environmentOf: () => ({}), nowMs: () => zeroMs, fetch };
  const scheduler = createHttpScheduler(options);
  const error = await scheduler.subscribe(identity, undefined, new AbortController().signal)
    .then(() => undefined, (reason) => reason);
  scheduler.close();
  if (!(error instanceof MesosError)) throw error;
  const line = noteLine({ kind: "mesos-failed", ...told(error) }, zeroMs);
  assertEquals(/automatically|retried/.test(line.hint ?? ""), false, "the line says already that it is tried again");
  return [`# ${title}`, "", "# log", textLine({ ...line, atMs: zeroMs }).replace(/^\S+ /, ""), ""].join("\n");
}

function told({ code, hint, message }: MesosError): { code: string; hint: string; message: string } {
  return { code, hint, message };
}

Deno.test("log, page and metrics show in place of GoCD: a load balancer that only supports TLS", async () => {
  const title = "in place of GoCD: a load balancer that only supports TLS";
  const its = situation({ between: ({ url }) => redirect(301, url.replace("http:", "https:").replace(":8153", ""))() });
  await its.pass(minute);
  assertTranscript("../diagnoses/gocd-tls-only", diagnosisOf(title, its));
});

/** What Deno's fetch throws. */
function thrown(reason: string): TypeError {
  return new TypeError("fetch failed", { cause: new Error(`client error (Connect): ${reason}`) });
}

Deno.test("the log shows a master with the default ciphers of libprocess", async () => {
  const fetch = (): Promise<Response> => Promise.reject(thrown("received fatal alert: HandshakeFailure"));
  const title = "a Mesos master with the ciphers of libprocess' default";
  assertTranscript("../diagnoses/mesos-ciphers", await mesosDiagnosis(title, fetch, "https://mesos:5050"));
});

Deno.test("log, page and metrics show that no server listens at the address in HTTP_PROXY", async () => {
  const names = ["HTTP_PROXY", "NO_PROXY"] as const;
  const before = names.map((name) => Deno.env.get(name));
  Deno.env.set("HTTP_PROXY", "http://user:secret@proxy.example:3128");
  Deno.env.set("NO_PROXY", "localhost");
  try {
    const refused = thrown("tcp connect error: Connection refused (os error 111)");
    const between = (): never => {
      throw refused;
    };
    const its = situation({ between });
    await its.pass(minute);
    const title = "no server listens at the address in HTTP_PROXY";
    assertTranscript("../diagnoses/gocd-proxy-refused", diagnosisOf(title, its));
    assertTranscript(
      "../diagnoses/mesos-proxy-refused",
      await mesosDiagnosis(title, () => Promise.reject(refused)),
    );
  } finally {
    names.forEach((name, at) => {
      const value = before[at];
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    });
  }
});

Deno.test("log, page and metrics show that a newer release has an unknown format", async () => {
  const between = ({ url }: Request): Response | undefined =>
    url.endsWith("/api/agents")
      ? new Response('{"agents":[]}', { headers: { "content-type": "application/json" } })
      : undefined;
  const its = situation({ version: "27.3.0", between });
  await its.pass(minute);
  const title = "a release newer than all known ones has an unknown format";
  assertTranscript("../diagnoses/gocd-newer-release", diagnosisOf(title, its));
});

/** An agent of ours that has nothing to do any more, behind somebody who lets pass what `lets` says. */
async function idleBehind(refuse: () => Response, isRefused: (request: Request) => boolean): Promise<Situation> {
  let isThere = true;
  const its = situation({ between: (request) => isThere && isRefused(request) ? refuse() : undefined });
  its.schedule({ durationMs: minute });
  await its.pass(15 * second);
  its.world.offers(offer("h1"));
  const [taskId = ""] = its.world.state.instances.keys();
  its.world.status(taskId, "TASK_RUNNING");
  its.gocd.addAgent(foreign(taskId));
  await its.pass(13 * minute);
  return { ...its, schedule: () => (isThere = false, "") };
}

for (
  const [name, title, refuse, isRefused] of [
    [
      "patch-405",
      "a proxy refuses PATCH and DELETE",
      page(405, "405 Not Allowed", { server: "nginx" }),
      ({ method }: Request) => method !== "GET",
    ],
    [
      "patch-403",
      "a firewall refuses all changes",
      page(403, "Attention Required!"),
      ({ method }: Request) => method !== "GET",
    ],
    [
      "delete-403",
      "an API gateway refuses DELETE",
      () => new Response('{"message":"Forbidden"}', { status: 403, headers: { "content-type": "application/json" } }),
      ({ method }: Request) => method === "DELETE",
    ],
  ] as const
) {
  Deno.test(`an agent that cannot be disabled is a problem until it can: ${title}`, async () => {
    const its = await idleBehind(refuse, isRefused);
    assertTranscript(`../diagnoses/gocd-${name}`, diagnosisOf(`in between: ${title}`, its));
    const problems = (): string[] => diagnosisOf("", its).match(/problems\{code="[^"]+/g) ?? [];
    assertEquals(problems(), ['problems{code="gocd-writes-refused']);
    // It lets pass everything.
    its.schedule();
    await its.pass(3 * minute);
    assertEquals(problems(), []);
  });
}

Deno.test("every diagnosis file belongs to a test", () => {
  const files = [...Deno.readDirSync(new URL("../fixtures/diagnoses/", import.meta.url))].map((each) => each.name);
  const names = strangers.flatMap(({ name }) => [`gocd-${name}.txt`, `mesos-${name}.txt`]);
  const others = [
    "mesos-ciphers.txt",
    "gocd-proxy-refused.txt",
    "mesos-proxy-refused.txt",
    "gocd-tls-only.txt",
    "gocd-newer-release.txt",
    "gocd-patch-405.txt",
    "gocd-patch-403.txt",
    "gocd-delete-403.txt",
  ];
  assertEquals(files.sort(), [...names, ...others].sort());
});
