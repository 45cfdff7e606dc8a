// POSTs over kept connections: what counts as accepted, what is left to fetch, and that no connection is forgotten.

import { assertEquals } from "@std/assert";
import { connectMs, createPlainPosts, idleMs, type PlainOutcome, type PlainPosts } from "../../src/mesos/plain_post.ts";
import { type Connect, type PlainConnection, tcpConnect } from "../../src/mesos/tcp_connect.ts";
import { canSwallow, startSwallowingHost } from "../support/swallowing_host.ts";

const accepted = "HTTP/1.1 202 Accepted\r\nDate: Sun, 22 Nov 2026 10:41:08 GMT\r\nContent-Length: 0\r\n\r\n";
const url = new URL("http://master:5050/api/v1/scheduler");
const never = new AbortController().signal;
const text = new TextEncoder();

/** What a server sends for each POST, piece by piece: a text, or the end of the connection. */
type Piece = string | "end" | Promise<"end">;

interface Played {
  readonly posts: PlainPosts;
  readonly connections: { asked: string; isOpen: boolean }[];
  /** Lets so much time pass for the timers. */
  pass(ms: number): void;
  post(signal?: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<PlainOutcome>;
}

/** Posts to a server that answers each POST of a connection with the pieces given for it. */
function play(
  answers: readonly (readonly Piece[])[],
  connecting: () => Promise<void> = () => Promise.resolve(),
): Played {
  const timers = new Map<() => void, number>();
  let nowMs = 0;
  const left = [...answers];
  const connections: { asked: string; isOpen: boolean }[] = [];
  const connect = async (): Promise<PlainConnection> => {
    const books = { asked: "", isOpen: true };
    await connecting();
    connections.push(books);
    const closed = Promise.withResolvers<null>();
    let pieces: Piece[] = [];
    return {
      setNoDelay: () => {},
      write: (bytes): Promise<number> => {
        books.asked += new TextDecoder().decode(bytes);
        pieces = [...left.shift() ?? ["end"]];
        return Promise.resolve(bytes.length);
      },
      async read(bytes): Promise<number | null> {
        const piece = await Promise.race([pieces.shift() ?? "end", closed.promise]);
        if (piece === null) throw new Deno.errors.BadResource("closed");
        return piece === "end" ? null : text.encodeInto(piece, bytes).written;
      },
      close(): void {
        assertEquals(books.isOpen, true, "closed twice");
        books.isOpen = false;
        closed.resolve(null);
      },
    };
  };
  const setTimer = (callback: () => void, ms: number): () => void => {
    timers.set(callback, nowMs + ms);
    return () => timers.delete(callback);
  };
  const posts = createPlainPosts(url, { connect, setTimer });
  return {
    posts,
    connections,
    pass(ms): void {
      nowMs += ms;
      for (const [callback, atMs] of [...timers]) {
        if (atMs > nowMs) continue;
        timers.delete(callback);
        callback();
      }
    },
    post: (signal = never, headers = { "mesos-stream-id": "s" }) =>
      posts.post({ headers, body: text.encode("call"), signal }),
  };
}

Deno.test("202 and nothing else is accepted, and its connection serves the next one", async () => {
  const { post, connections } = play([[accepted], [accepted]]);
  assertEquals([await post(), await post()], ["accepted", "accepted"]);
  assertEquals(connections.map(({ asked }) => asked), [
    "POST /api/v1/scheduler HTTP/1.1\r\nhost: master:5050\r\nmesos-stream-id: s\r\ncontent-length: 4\r\n\r\ncall"
      .repeat(2),
  ]);
});

Deno.test("those at the same time have a connection each", async () => {
  const { post, connections } = play([[accepted], [accepted], [accepted]]);
  assertEquals(await Promise.all([post(), post(), post()]), ["accepted", "accepted", "accepted"]);
  assertEquals(connections.length, 3);
});

Deno.test("an answer in single bytes is the same answer", async () => {
  assertEquals(await play([[...accepted]]).post(), "accepted");
});

const others: readonly (readonly [what: string, answer: string])[] = [
  ["a refusal", "HTTP/1.1 403 Forbidden\r\nContent-Length: 31\r\n\r\nFramework is not subscribed yet"],
  ["a redirect", "HTTP/1.1 307 Temporary Redirect\r\nLocation: //m2:5050\r\nContent-Length: 0\r\n\r\n"],
  ["200", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
  ["202 with a body", "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"],
  ["202 whose body is still to come", "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n"],
  ["202 in chunks", "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"],
  ["202 in chunks yet to come", "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"],
  ["202 without a length", "HTTP/1.1 202 Accepted\r\n\r\n"],
  ["202 of HTTP/1.0", "HTTP/1.0 202 Accepted\r\nContent-Length: 0\r\n\r\n"],
  ["two answers at once", accepted + accepted],
  ["an interim answer", `HTTP/1.1 100 Continue\r\n\r\n${accepted}`],
  ["what is no HTTP", "garbage\r\n\r\n"],
  ["a head without end", "HTTP/1.1 202 Accepted\r\n" + "X: y\r\n".repeat(1_000)],
];

for (const [what, answer] of others) {
  Deno.test(`${what} is unclear, ends the connection, and all that follows is left to fetch`, async () => {
    const { post, connections } = play([[answer], [accepted]]);
    assertEquals([await post(), await post()], ["unclear", "unclear"]);
    assertEquals(connections.map(({ isOpen }) => isOpen), [false]);
  });
}

Deno.test("a server that says it ends the connection has accepted, and the next one has a new connection", async () => {
  const last = accepted.replace("Date", "Connection: close\r\nDate");
  const { post, connections } = play([[last], [accepted]]);
  assertEquals([await post(), await post()], ["accepted", "accepted"]);
  assertEquals(connections.map(({ isOpen }) => isOpen), [false, true]);
});

Deno.test("a connection that has ended meanwhile is unclear, and the next one has a new connection", async () => {
  const { post, connections } = play([[accepted], ["end"], [accepted]]);
  assertEquals([await post(), await post(), await post()], ["accepted", "unclear", "accepted"]);
  assertEquals(connections.map(({ isOpen }) => isOpen), [false, true]);
});

Deno.test("where no connection can be made it is not tried again", async () => {
  let tries = 0;
  const { post } = play([], () => {
    tries++;
    return Promise.reject(new Deno.errors.ConnectionRefused());
  });
  assertEquals([await post(), await post(), tries], ["unclear", "unclear", 1]);
});

Deno.test("a connection that takes too long is left to fetch, and closed when it comes", async () => {
  const way = Promise.withResolvers<void>();
  const { post, pass, connections } = play([[accepted]], () => way.promise);
  const outcome = post();
  pass(connectMs);
  assertEquals(await outcome, "unclear");
  way.resolve();
  await way.promise;
  await new Promise((resolve) => queueMicrotask(() => setTimeout(resolve)));
  assertEquals(connections.map(({ isOpen }) => isOpen), [false]);
});

Deno.test("an abort ends a POST that waits for its answer, and its connection only", async () => {
  const silence = new Promise<"end">(() => {});
  const { post, connections } = play([[silence], [accepted], [accepted]]);
  const aborting = new AbortController();
  const outcome = post(aborting.signal);
  assertEquals(await post(), "accepted");
  aborting.abort();
  assertEquals([await outcome, await post()], ["unclear", "accepted"]);
  assertEquals(connections.map(({ isOpen }) => isOpen), [false, true]);
});

Deno.test("an abort that comes once it is answered leaves the connection alone", async () => {
  const { post, connections } = play([[accepted], [accepted]]);
  const aborting = new AbortController();
  await post(aborting.signal);
  aborting.abort();
  assertEquals([await post(), connections.length, await post(aborting.signal)], ["accepted", 1, "unclear"]);
});

Deno.test("an abort that comes as the connection is made ends that connection", async () => {
  for (const turns of [0, 1, 2, 3, 4, 5, 6]) {
    const way = Promise.withResolvers<void>();
    const { posts, post, connections } = play([[accepted]], () => way.promise);
    const aborting = new AbortController();
    const outcome = post(aborting.signal);
    way.resolve();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    aborting.abort();
    posts.close();
    await outcome;
    await new Promise((resolve) => queueMicrotask(() => setTimeout(resolve)));
    assertEquals(connections.map(({ isOpen }) => isOpen), [false], `aborted ${turns} turns later`);
  }
});

Deno.test("connections that are given up while they are made are not lost", async () => {
  // The sanitizers of this run look for what is left open.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  for (let round = 0; round < 40; round++) {
    await Promise.all(Array.from({ length: 8 }, async (_, index) => {
      const giving = new AbortController();
      const timer = setTimeout(() => giving.abort(), index / 4);
      try {
        (await tcpConnect({ hostname: "127.0.0.1", port, signal: giving.signal })).close();
      } catch (error) {
        assertEquals(giving.signal.aborted, true, String(error));
      } finally {
        clearTimeout(timer);
      }
    }));
  }
});

Deno.test("an abort while it connects says nothing about the server: the next one tries again", async () => {
  let tries = 0;
  const connect: Connect = ({ signal }) => {
    tries += 1;
    const attempt = Promise.withResolvers<PlainConnection>();
    signal.addEventListener("abort", () => attempt.reject(signal.reason));
    return attempt.promise;
  };
  const posts = createPlainPosts(url, { connect, setTimer: () => () => {} });
  for (const _ of ["first", "second"]) {
    const aborting = new AbortController();
    const outcome = posts.post({ headers: {}, body: new Uint8Array(), signal: aborting.signal });
    aborting.abort();
    assertEquals(await outcome, "unclear");
  }
  assertEquals(tries, 2);
});

Deno.test({
  name: "what ends a POST while it connects ends the attempt too: nothing of it is left behind",
  ignore: !canSwallow,
  async fn(): Promise<void> {
    using host = await startSwallowingHost();
    for (const how of ["an abort", "its limit"]) {
      const clock: { ring?: () => void } = {};
      const aborting = new AbortController();
      const setTimer = (callback: () => void): () => void => {
        clock.ring = callback;
        return () => {};
      };
      const posts = createPlainPosts(new URL(`http://${host.address}/`), { connect: tcpConnect, setTimer });
      const outcome = posts.post({ headers: {}, body: new Uint8Array(), signal: aborting.signal });
      if (how === "an abort") aborting.abort();
      else clock.ring?.();
      assertEquals(await outcome, "unclear", how);
    }
  },
});

for (const value of ["a\r\nx: y", "naïve", "\0"]) {
  Deno.test(`a header of ${JSON.stringify(value)} is nothing to be written by hand`, async () => {
    const { post, connections } = play([[accepted]]);
    assertEquals([await post(never, { authorization: value }), connections.length], ["unclear", 0]);
  });
}

Deno.test("connections that nobody needs are ended, those in use are not", async () => {
  const { post, pass, connections } = play(Array.from({ length: 9 }, () => [accepted]));
  await Promise.all([post(), post()]);
  pass(idleMs);
  await post();
  pass(idleMs);
  assertEquals(connections.map(({ isOpen }) => isOpen).toSorted(), [false, true]);
  pass(idleMs);
  assertEquals(connections.map(({ isOpen }) => isOpen), [false, false]);
  assertEquals([await post(), connections.length], ["accepted", 3]);
});

Deno.test("closing ends every connection, also one that is in use, after its answer", async () => {
  const { posts, post, connections } = play([[accepted], [accepted], [accepted]]);
  await post();
  await Promise.all([post(), post(), Promise.resolve().then(posts.close)]);
  assertEquals(connections.map(({ isOpen }) => isOpen), [false, false]);
  assertEquals([await post(), connections.length], ["unclear", 2]);
});

Deno.test("an address in brackets is connected to without them, and 80 is the port of http", async () => {
  const asked: unknown[] = [];
  const connect: Connect = ({ hostname, port }): Promise<PlainConnection> => {
    asked.push({ hostname, port });
    return Promise.reject(new Error("no"));
  };
  for (const to of ["http://[::1]:5050/x", "http://master/x"]) {
    const posts = createPlainPosts(new URL(to), { connect, setTimer: () => () => {} });
    await posts.post({ headers: {}, body: new Uint8Array(), signal: never });
  }
  assertEquals(asked, [{ hostname: "::1", port: 5050 }, { hostname: "master", port: 80 }]);
});
