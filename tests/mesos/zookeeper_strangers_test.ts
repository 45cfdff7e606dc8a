// Other servers and silent ones in place of ZooKeeper, and callers that stop waiting.

import { assertRejects, assertStringIncludes } from "@std/assert";
import { MesosError } from "../../src/mesos/api.ts";
import { realTimer } from "../../src/net/timer.ts";
import { finderAt } from "../support/leader_finder.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };

async function withListener(
  talk: (connection: Deno.TcpConn) => Promise<void>,
  body: (address: string) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.TcpConn[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      open.push(connection);
      talk(connection).catch(() => {});
    }
  })();
  await body(`127.0.0.1:${(listener.addr as Deno.NetAddr).port}`);
  listener.close();
  await serving.catch(() => {});
  for (const connection of open) {
    try {
      connection.close();
    } catch {
      // Closed by its talk.
    }
  }
}

const strangers: readonly (readonly [string, (connection: Deno.TcpConn) => Promise<void>, said: string])[] = [
  ["closes each connection", (connection) => Promise.resolve(connection.close()), "connection was closed"],
  ["does not respond", () => Promise.resolve(), "no answer within 4 s"],
  ["speaks HTTP", async (connection) => {
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  }, "no answer within 4 s"],
  ["sends a packet of garbage", async (connection) => {
    await connection.write(Uint8Array.of(0, 0, 0, 4, 1, 2, 3, 4));
  }, "an invalid response"],
];

for (const [name, talk, said] of strangers) {
  Deno.test({
    name: `a server that ${name} instead of ZooKeeper is reported as unreachable`,
    ...strict,
    fn: () =>
      withListener(talk, async (address) => {
        using test = finderAt(`zk://${address}/mesos`);
        const { message } = await test.fails("unreachable");
        assertStringIncludes(message, address);
        assertStringIncludes(message, said);
        test.finder.close();
        await new Promise((resolve) => setTimeout(resolve, 0));
      }),
  });
}

Deno.test("the connection to a server that does not respond is closed", async () => {
  const hungUp = Promise.withResolvers<void>();
  await withListener(async (connection) => {
    const buffer = new Uint8Array(1024);
    for (let length: number | null = 0; length !== null;) length = await connection.read(buffer);
    hungUp.resolve();
  }, async (address) => {
    using test = finderAt(`zk://${address}/mesos`);
    await test.fails("unreachable");
    await hungUp.promise;
  });
});

Deno.test({
  name: "an aborted query and a closed finder end immediately",
  ...strict,
  fn: () =>
    withListener(() => Promise.resolve(), async (address) => {
      using test = finderAt(`zk://${address}/mesos`, { setTimer: realTimer });
      const stopping = new AbortController();
      const given = assertRejects(() => test.finder.candidates([stopping.signal]), MesosError, "aborted");
      stopping.abort();
      await given;
      const closed = assertRejects(() => test.finder.candidates([]), MesosError, "aborted");
      await Promise.resolve();
      test.finder.close();
      await closed;
      await assertRejects(() => test.finder.candidates([]), MesosError, "aborted");
      await new Promise((resolve) => setTimeout(resolve, 0));
    }),
});
