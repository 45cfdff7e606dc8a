// The expiry of a server's certificate.

import { assertEquals, assertMatch } from "@std/assert";
import { certificateEndMs } from "../../src/net/certificate.ts";
import { realTimer } from "../../src/net/timer.ts";
import { createManualTimer } from "../support/manual_timer.ts";
import { freePort } from "../support/free_port.ts";

const at = { host: "127.0.0.1", setTimer: realTimer, limitMs: 60_000 };

async function failure(look: Promise<number | undefined>): Promise<string> {
  return await look.then(() => "none", (error) => String(error));
}

Deno.test("the expiry of an untrusted certificate is read", async () => {
  const fixture = (file: string): string => Deno.readTextFileSync(new URL(`../fixtures/gocd/${file}`, import.meta.url));
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", cert: fixture("server.pem"), key: fixture("server-key.pem"), onListen: () => {} },
    () => new Response(),
  );
  try {
    assertEquals(await certificateEndMs({ ...at, port: server.addr.port }), Date.UTC(2126, 9, 30, 1, 41, 16));
  } finally {
    await server.shutdown();
  }
});

Deno.test("a closed port, a server without TLS and a silent server after its time limit are errors", async () => {
  assertMatch(await failure(certificateEndMs({ ...at, port: freePort() })), /refused/i);
  const plain = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => new Response());
  assertMatch(await failure(certificateEndMs({ ...at, port: plain.addr.port })), /Error/);
  await plain.shutdown();
  const silent = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const timer = createManualTimer();
  const accepted = silent.accept();
  const look = failure(certificateEndMs({ ...at, port: silent.addr.port, setTimer: timer.setTimer }));
  const conn = await accepted;
  assertEquals(timer.fire(60_000), 1);
  assertMatch(await look, /no TLS handshake within 60 s/);
  conn.close();
  silent.close();
});
