// The client over real sockets on loopback: everything that needs a network.

import { serverAt } from "../support/addresses.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type GocdConnection, GocdError } from "../../src/gocd/api.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { freePort } from "../support/free_port.ts";
import { connection, fakeGocd } from "./fake_gocd.ts";

const fixtures = new URL("../fixtures/gocd/", import.meta.url);
const caPem = Deno.readTextFileSync(new URL("ca.pem", fixtures));
const tlsFiles = {
  cert: Deno.readTextFileSync(new URL("server.pem", fixtures)),
  key: Deno.readTextFileSync(new URL("server-key.pem", fixtures)),
};
const signal = new AbortController().signal;
const nowMs = (): number => 0;

type Handler = (request: Request) => Response | Promise<Response>;

async function withServer(
  handler: Handler,
  tls: typeof tlsFiles | undefined,
  act: (port: number) => Promise<void>,
): Promise<void> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...(tls ?? {}) };
  const server = Deno.serve(options as Deno.ServeTcpOptions, handler);
  try {
    await act(server.addr.port);
  } finally {
    await server.shutdown();
  }
}

function at(url: string, more: Partial<GocdConnection> = {}): GocdConnection {
  return { ...connection, url: serverAt(url), ...more };
}

async function problemOf(target: GocdConnection): Promise<GocdError> {
  const api = createHttpGocdApi(target, { nowMs });
  try {
    return await assertRejects(() => api.poll(signal), GocdError);
  } finally {
    api.close();
  }
}

Deno.test("a poll and changes of agents work over a real socket", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "u1", config: "Enabled", state: "Idle" }]);
  await withServer(fake.handle, undefined, async (port) => {
    const api = createHttpGocdApi(at(`http://127.0.0.1:${port}/go`), { nowMs });
    const poll = await api.poll(signal);
    assertEquals([poll.server.version, poll.jobs.length, poll.agents.length], ["26.1.0", 1, 1]);
    await api.disableAgents(["u1"], signal);
    await api.deleteAgents(["u1"], signal);
    assertEquals(fake.agents, []);
    api.close();
  });
});

Deno.test("a base path other than /go is used for requests", async () => {
  const paths: string[] = [];
  const handler: Handler = (request) => {
    paths.push(new URL(request.url).pathname);
    return new Response("", { status: 500 });
  };
  await withServer(handler, undefined, async (port) => {
    await problemOf(at(`http://127.0.0.1:${port}/ci/gocd/`));
  });
  assertEquals(paths, ["/ci/gocd/api/version"]);
});

Deno.test("a redirect is reported and not followed", async () => {
  const fake = fakeGocd("26.1.0");
  const handler: Handler = (request) => {
    const { pathname } = new URL(request.url);
    return pathname.startsWith("/moved/")
      ? fake.handle(request)
      : new Response(null, { status: 302, headers: { location: `/moved${pathname}` } });
  };
  await withServer(handler, undefined, async (port) => {
    const error = await problemOf(at(`http://127.0.0.1:${port}/go`));
    assertEquals(error.problem.code, "gocd-redirected");
    assertStringIncludes(error.message, "/moved/go/api/version");
  });
  assertEquals(fake.seen, []);
});

Deno.test("TLS with a private CA works with its certificate, and the error without it names go-server.ca-file", async () => {
  const fake = fakeGocd("26.1.0");
  await withServer(fake.handle, tlsFiles, async (port) => {
    const url = `https://localhost:${port}/go`;
    const api = createHttpGocdApi(at(url, { caCerts: [caPem] }), { nowMs });
    assertEquals((await api.poll(signal)).server.version, "26.1.0");
    api.close();

    const unknown = await problemOf(at(url));
    assertEquals(unknown.problem.code, "gocd-tls");
    assertStringIncludes(unknown.hint, "go-server.ca-file");

    const insecure = await problemOf(at(url, { insecure: true }));
    assertStringIncludes(insecure.message, "go-server.insecure");
    assertStringIncludes(insecure.hint, "--unsafely-ignore-certificate-errors");

    const plain = await problemOf(at(`http://localhost:${port}/go`));
    assertEquals(plain.problem.kind, "unreachable");
  });
});

Deno.test("the hint for https:// to a port without TLS names http://", async () => {
  await withServer(() => new Response("hi"), undefined, async (port) => {
    const error = await problemOf(at(`https://127.0.0.1:${port}/go`));
    assertEquals(error.problem.code, "gocd-tls");
    assertStringIncludes(error.hint, "http://");
  });
});

Deno.test("the hint for a refused connection names go-server", async () => {
  const error = await problemOf(at(`http://127.0.0.1:${freePort()}/go`));
  assertEquals([error.problem.code, error.problem.kind], ["gocd-connection-refused", "unreachable"]);
  assertStringIncludes(error.hint, "go-server");
});

Deno.test("an unknown host name is reported as a DNS problem", async () => {
  const error = await problemOf(at("http://no-such-host.invalid:8153/go"));
  assertEquals([error.problem.code, error.problem.kind], ["gocd-dns", "unreachable"]);
});

Deno.test("a server that never answers is cancelled after the timeout", async () => {
  const hang = Promise.withResolvers<Response>();
  await withServer(() => hang.promise, undefined, async (port) => {
    const error = await problemOf(at(`http://127.0.0.1:${port}/go`, { timeoutMs: 200 }));
    assertEquals(error.problem.code, "gocd-timeout");
    assertStringIncludes(error.message, "within 0.2 s");
    hang.resolve(new Response(""));
  });
});

Deno.test("a response that stops in the middle is cancelled after the timeout", async () => {
  const stop = Promise.withResolvers<void>();
  const handler: Handler = () =>
    new Response(
      new ReadableStream({
        async start(controller): Promise<void> {
          controller.enqueue(new TextEncoder().encode('{"version":'));
          await stop.promise;
          controller.close();
        },
      }),
      { headers: { "content-type": "application/json" } },
    );
  await withServer(handler, undefined, async (port) => {
    const error = await problemOf(at(`http://127.0.0.1:${port}/go`, { timeoutMs: 200 }));
    assertEquals(error.problem.code, "gocd-timeout");
    stop.resolve();
  });
});

Deno.test("a connection that breaks in the middle of the feed is an error", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async (): Promise<void> => {
    for await (const socket of listener) {
      const request = new TextDecoder().decode(await firstBytes(socket));
      const isFeed = request.includes("scheduled.xml");
      const body = isFeed ? "<scheduledJobs>" : '{"version":"26.1.0","is_maintenance_mode":false}';
      const length = isFeed ? 1_000 : body.length;
      const head =
        `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
      await socket.write(new TextEncoder().encode(head + body));
      socket.close();
    }
  })();
  const error = await problemOf(at(`http://127.0.0.1:${listener.addr.port}/go`));
  assertStringIncludes(error.message, "scheduled.xml");
  assertEquals([error.problem.code, error.problem.kind], ["gocd-connection-lost", "unreachable"]);
  // What speaks TLS alone ends whatever is not TLS, without a word.
  assertStringIncludes(error.problem.hint, "if it never works, the port may be one of TLS (https://)");
  listener.close();
  await serving;
});

async function firstBytes(socket: Deno.Conn): Promise<Uint8Array> {
  const buffer = new Uint8Array(4096);
  const length = await socket.read(buffer) ?? 0;
  return buffer.subarray(0, length);
}

Deno.test("a server that does not use HTTP is reported in one line", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async (): Promise<void> => {
    for await (const socket of listener) {
      await socket.write(new TextEncoder().encode("SSH-2.0-OpenSSH_9.2\r\n"));
      socket.close();
    }
  })();
  const error = await problemOf(at(`http://127.0.0.1:${listener.addr.port}/go`));
  assertEquals(error.problem.kind, "unreachable");
  assert(!error.message.includes("\n"));
  listener.close();
  await serving;
});

Deno.test({
  name: "a host without permission is reported with its address and the key to set",
  permissions: { net: ["127.0.0.1:9"], read: true },
  fn: async (): Promise<void> => {
    const error = await problemOf(at("http://127.0.0.1:18153/go"));
    assertEquals([error.problem.code, error.problem.kind], ["gocd-not-permitted", "refused"]);
    assertStringIncludes(error.message, "127.0.0.1:18153");
    assertStringIncludes(error.hint, "go-server.url");
    assert(!error.hint.includes("--allow-net"));
  },
});
