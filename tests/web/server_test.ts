// The listener on a real socket: start, response, close, and every reason not to start.

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { OperatorError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import type { HandlerOptions } from "../../src/web/handler.ts";
import { startWebServer } from "../../src/web/server.ts";
import { sampleMs } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";

function optionsOf(host: string, port: number): HandlerOptions {
  return sampleOptions({ listen: { host, port } });
}

Deno.test("the server responds at its URL until it is closed", async () => {
  const server = startWebServer(optionsOf("127.0.0.1", 0));
  assertMatch(server.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const response = await fetch(`${server.url}api/status`);
  assertEquals([response.status, (await response.json()).atMs], [200, sampleMs]);
  await server.close();
  await fetch(server.url).then(
    () => Promise.reject(new Error("it still answers")),
    (error: unknown) => assertEquals(error instanceof TypeError, true),
  );
});

Deno.test("close() does not wait for a client with an incomplete request", async () => {
  const server = startWebServer(optionsOf("127.0.0.1", 0));
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port) });
  await connection.write(new TextEncoder().encode("POST /api/commands/drain HTTP/1.1\r\nHost: loc"));
  await server.close();
  connection.close();
});

Deno.test("a foreign Host is refused over a real connection", async () => {
  const server = startWebServer(optionsOf("127.0.0.1", 0));
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port) });
  await connection.write(
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: evil.example.org\r\nConnection: close\r\n\r\n"),
  );
  const answer = await new Response(connection.readable).text();
  assertMatch(answer, /^HTTP\/1\.1 403 [\s\S]*foreign-host/);
  await server.close();
});

Deno.test("a command is accepted over a real connection", async () => {
  const server = startWebServer({
    ...optionsOf("127.0.0.1", 0),
    commands: {
      tokens: [new Secret("http.admin-token", () => "t0ken")],
      onCommand: (command) => Promise.resolve({ kind: "accepted", message: JSON.stringify(command) }),
    },
  });
  const response = await fetch(`${server.url}api/commands/freeze`, {
    method: "POST",
    headers: { Authorization: "Bearer t0ken" },
    body: '{"profile":"linux"}',
  });
  assertEquals([response.status, (await response.json()).message], [202, '{"kind":"freeze","profile":"linux"}']);
  await server.close();
});

Deno.test("a port in use is a usage error that names http.listen", async () => {
  const first = startWebServer(optionsOf("127.0.0.1", 0));
  const port = Number(new URL(first.url).port);
  const error = assertThrows(() => startWebServer(optionsOf("127.0.0.1", port)), OperatorError);
  assertEquals([error.code, error.kind], ["http-port-in-use", "usage"]);
  assertEquals(error.message, `cannot listen on http.listen = "127.0.0.1:${port}": another program uses this port`);
  assertEquals(error.hint, "set http.listen to a free port, or stop the program that uses it");
  await first.close();
});

Deno.test("an address of another machine is a usage error", () => {
  const error = assertThrows(() => startWebServer(optionsOf("192.0.2.1", 8090)), OperatorError);
  assertEquals([error.code, error.kind], ["http-address-unknown", "usage"]);
  assertEquals(error.message, 'cannot listen on http.listen = "192.0.2.1:8090": this machine has no such address');
});

Deno.test("the URL of a listener on all interfaces is that of loopback", async () => {
  const server = startWebServer(optionsOf("0.0.0.0", 0));
  assertMatch(server.url, /^http:\/\/127\.0\.0\.1:/);
  await server.close();
});

Deno.test("an invalid Host header is answered with 400 and the security headers", async () => {
  const server = startWebServer(optionsOf("127.0.0.1", 0));
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port) });
    await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n"));
    const buffer = new Uint8Array(4_096);
    const length = await connection.read(buffer) ?? 0;
    const head = new TextDecoder().decode(buffer.subarray(0, length));
    assertMatch(head, /^HTTP\/1\.1 400 /);
    assertMatch(head, /content-security-policy: default-src 'none'/i);
  } finally {
    await server.close();
  }
});
