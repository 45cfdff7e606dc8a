// One message over a real connection: its request, the interpretation of the response, and that no secret is revealed.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { conditionOf } from "../../src/core/view/condition.ts";
import { bodyOf, type Message, messageOf, testMessage } from "../../src/notify/message.ts";
import { send, type SendResult, signatureOf, type WebhookTarget } from "../../src/notify/send.ts";
import { Secret } from "../../src/secret.ts";

const key = "hunter2-key";
const path = "/services/T000/hunter2-path";
const atMs = Date.UTC(2026, 10, 27, 22, 30);

const sender = { version: "1.2.3", frameworkName: "GoCD <Mesos>", frameworkId: "f-1", url: "http://page:8090" };
const condition = {
  ...conditionOf({
    event: "breaker",
    subject: "linux",
    code: "profile-failing",
    text: "it & that fails",
    hint: "see it",
  }),
};
const began = messageOf(
  { state: "began", condition, sinceMs: atMs - 180_000, atMs, text: condition.text },
  sender,
  "id-1",
);

interface Got {
  readonly headers: Headers;
  readonly body: string;
}

interface Tried {
  readonly result: SendResult;
  readonly got: readonly Got[];
}

/** One try to a server that answers so. */
async function tried(
  answer: () => Response | Promise<Response>,
  more: Partial<WebhookTarget> = {},
  message: Message = began,
): Promise<Tried> {
  const got: Got[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    got.push({ headers: request.headers, body: await request.text() });
    return await answer();
  });
  try {
    const url = new Secret("url", () => `http://127.0.0.1:${server.addr.port}${path}`);
    const target: WebhookTarget = { name: "team", url, format: "json", caCerts: [], ...more };
    return { result: await send(target, { message, lost: 0 }, { signal: new AbortController().signal }), got };
  } finally {
    await server.shutdown();
  }
}

const ok = (): Response => new Response("ok");

Deno.test("a message is posted as JSON with its id, and any 2xx status is a delivery", async () => {
  for (const status of [200, 201, 202, 204]) {
    const { result, got: [got] } = await tried(() => new Response(null, { status }));
    assertEquals(result, { kind: "delivered", status });
    assertEquals(got?.headers.get("content-type"), "application/json");
    assertEquals(got?.headers.get("x-gocd-mesos-delivery"), "id-1");
    assertEquals(got?.headers.get("x-gocd-mesos-signature-256"), null);
    assertEquals(JSON.parse(got?.body ?? ""), { ...began });
  }
});

Deno.test("with a secret the body is signed by HMAC-SHA256", async () => {
  const { got: [got] } = await tried(ok, { secret: new Secret("secret", () => key) });
  assertEquals(got?.headers.get("x-gocd-mesos-signature-256"), await signatureOf(key, got?.body ?? ""));
  // The values of RFC 4231, test case 2.
  assertEquals(
    await signatureOf("Jefe", "what do ya want for nothing?"),
    "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

const refusals: readonly (readonly [name: string, Response, what: RegExp, hint: RegExp, isUnwanted: boolean])[] = [
  ["a wrong URL", new Response("no_team", { status: 404 }), /^404: no_team$/, /check the URL/, false],
  ["a wrong secret", new Response("", { status: 401 }), /^401$/, /check the URL and the secret/, false],
  ["another format", new Response("invalid_payload", { status: 400 }), /^400: invalid_payload$/, /format/, true],
  ["an error of the receiver", new Response("oh\nno", { status: 500 }), /^500: oh no$/, /log of the receiver/, false],
  [
    "a redirect",
    new Response(null, { status: 302, headers: { location: "https://elsewhere.example/secret" } }),
    /^302: a redirect to elsewhere\.example, which is not followed$/,
    /write the URL/,
    false,
  ],
  [
    "a redirect to another path",
    new Response(null, { status: 301, headers: { location: "/x" } }),
    /^301: a redirect to another path, which is not followed$/,
    /write the URL/,
    false,
  ],
  [
    "a response with our secrets",
    new Response(`${path} is wrong, ${key} too`, { status: 403 }),
    /^403: \*\*\* is wrong, \*\*\* too$/,
    /check/,
    false,
  ],
];

for (const [name, response, what, hint, isUnwanted] of refusals) {
  Deno.test(`${name} is reported as a failure with a hint`, async () => {
    const { result, got } = await tried(() => response, { secret: new Secret("secret", () => key) });
    assertEquals(result.kind, "failed");
    if (result.kind !== "failed") return;
    assertMatch(result.what, what);
    assertMatch(result.hint, hint);
    assertEquals(result.isUnwanted, isUnwanted);
    assertEquals(got.length, 1, "nothing is asked elsewhere");
  });
}

Deno.test("the Retry-After of a busy receiver is read, and limited to 10 minutes", async () => {
  const busy = (after: string): Response => new Response("", { status: 429, headers: { "retry-after": after } });
  const pauses = ["30", "999999", "soon"].map(async (after) => {
    const { result } = await tried(() => busy(after));
    return result.kind === "failed" ? result.retryAfterMs : undefined;
  });
  assertEquals(await Promise.all(pauses), [30_000, 600_000, undefined]);
});

Deno.test("a closed port, an unknown host and a missing file are reported without the URL", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const gone = (): string => {
    throw new Error("cannot read the secret in /run/url: no such file");
  };
  for (
    const [read, what] of [
      [() => `http://127.0.0.1:${port}${path}`, /refused/],
      [() => `http://no-such-host.invalid${path}`, /cannot be resolved|proxy/],
      [gone, /no such file/],
    ] as const
  ) {
    const target: WebhookTarget = { name: "t", url: new Secret("url", read), format: "json", caCerts: [] };
    const result = await send(target, { message: began, lost: 0 }, { signal: new AbortController().signal });
    const text = JSON.stringify(result);
    assertMatch(text, what);
    assertEquals(/hunter2/.test(text), false, text);
  }
});

Deno.test("a receiver that does not respond is a failure after the time limit", async () => {
  const held = Promise.withResolvers<Response>();
  const late = new AbortController();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    late.abort();
    return held.promise;
  });
  const url = new Secret("url", () => `http://127.0.0.1:${server.addr.port}/`);
  const target: WebhookTarget = { name: "t", url, format: "json", caCerts: [] };
  const signal = new AbortController().signal;
  const result = await send(target, { message: began, lost: 0 }, { signal, deadline: () => late.signal });
  assertEquals(result.kind === "failed" && result.what, "no response within 10 s");
  held.resolve(ok());
  await server.shutdown();
});

Deno.test("the Slack body is one escaped text with the hint and the link", () => {
  const { text } = JSON.parse(bodyOf(began, "slack", 2));
  assertEquals(
    text,
    "*Began* (warning, GoCD &lt;Mesos&gt;): it &amp; that fails (for 3 min)\n" +
      "To do: see it\n2 earlier messages could not be delivered\n<http://page:8090>",
  );
  const ended = messageOf(
    { state: "ended", condition, sinceMs: atMs, atMs, text: "over after 0 s: it" },
    sender,
    "id-2",
  );
  assertEquals(
    JSON.parse(bodyOf(ended, "slack", 0)).text,
    "*Ended* (warning, GoCD &lt;Mesos&gt;): over after 0 s: it\n<http://page:8090>",
  );
  const { url: _, ...without } = sender;
  assertMatch(
    JSON.parse(bodyOf(testMessage(without, atMs, "t"), "slack", 0)).text,
    /^\*Test\* \(info, .*arrive here$/m,
  );
});

Deno.test("mentions and markup in a text are escaped for Slack", () => {
  const hostile = { ...condition, text: "<!channel> @all <https://evil.example|x> waits", hint: "ask @here" };
  const notice = { state: "began", condition: hostile, sinceMs: atMs, atMs, text: hostile.text } as const;
  const { text }: { text: string } = JSON.parse(bodyOf(messageOf(notice, sender, "i"), "slack", 0));
  assertEquals(text.split("\n").slice(0, 2), [
    "*Began* (warning, GoCD &lt;Mesos&gt;): &lt;!channel&gt; @\u200ball &lt;https://evil.example|x&gt; waits",
    "To do: ask @\u200bhere",
  ]);
});

Deno.test("the JSON body has the fields of docs/webhooks.md and the number of lost messages", async () => {
  const docs = await Deno.readTextFile(new URL("../../docs/webhooks.md", import.meta.url));
  const document: Record<string, unknown> = JSON.parse(bodyOf(began, "json", 3));
  assertEquals(document["lost"], 3);
  for (const field of [...Object.keys(document), "framework.id", "instance.url"]) {
    assertStringIncludes(docs, `\`${field}\``);
  }
  assertEquals(JSON.parse(bodyOf(testMessage(sender, atMs, "t"), "json", 0)).state, "ended");
  const long = { ...condition, text: "x".repeat(5_000) };
  const notice = { state: "began", condition: long, sinceMs: atMs, atMs, text: long.text } as const;
  assertEquals(messageOf(notice, sender, "i").text.length, 1_001);
});
