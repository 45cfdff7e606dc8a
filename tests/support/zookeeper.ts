// A real standalone ZooKeeper server on loopback with short timeouts.

import { Buffer } from "node:buffer";
import zookeeper from "node-zookeeper-client";
import { freePort } from "./free_port.ts";

const jars = ["/usr/share/java/zookeeper.jar", "/usr/share/java/slf4j-nop.jar"];

/** Whether a server can be started here. */
export const hasZookeeper: boolean = [...jars, "/usr/bin/java"].every((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Why a test is ignored. */
export const zookeeperMissing = "apt-get install zookeeper";

/** Sessions last at least 2 ticks; the server checks at each tick which have expired. */
const tickMs = 100;
/** Timeout of sessions that expire in a test: long enough for a busy machine to respond within a third of it. */
export const shortSessionMs = 2_400;
/** Timeout of sessions that must not expire in a test, regardless of the load of the machine. */
export const longSessionMs = 3_600_000;

/** A server. */
export interface ZookeeperServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  /** Kills it. */
  stop(): Promise<void>;
  /** Restarts it on the same port, with its data or empty. */
  start(data: "kept" | "new"): Promise<void>;
  /** Freezes the process: connections stay open without responses. */
  freeze(): void;
  thaw(): void;
  /** The number of active sessions. */
  sessions(): Promise<number>;
}

/** The limits of a server for requested session timeouts, ms. */
export interface SessionTimes {
  readonly atLeastMs?: number;
  readonly atMostMs?: number;
}

/** A server for all tests of a file, called at its top level; returns a function to access it within a test. */
export function sharedZookeeper(times: SessionTimes = {}): () => ZookeeperServer {
  let server: ZookeeperServer | undefined;
  if (hasZookeeper) {
    Deno.test.beforeAll(async () => void (server = await startZookeeper(times)));
    Deno.test.afterAll(async () => await server?.[Symbol.asyncDispose]());
  }
  return () => {
    if (server === undefined) throw new Error(zookeeperMissing);
    return server;
  };
}

/** Starts a server and waits until it answers. By default it accepts the requested session timeouts. */
export async function startZookeeper(times: SessionTimes = {}): Promise<ZookeeperServer> {
  const folder = await Deno.makeTempDir({ prefix: "zookeeper-" });
  const port = freePort();
  let generation = 0;
  let process: Deno.ChildProcess | undefined;
  const server: ZookeeperServer = {
    address: `127.0.0.1:${port}`,
    port,
    async stop(): Promise<void> {
      const running = process;
      process = undefined;
      if (running !== undefined) {
        running.kill("SIGKILL");
        await running.status;
      }
    },
    async start(data): Promise<void> {
      if (data === "new") generation++;
      const dataFolder = `${folder}/${generation}`;
      await Deno.mkdir(dataFolder, { recursive: true });
      await Deno.writeTextFile(`${folder}/zoo.cfg`, configuration(dataFolder, port, times));
      process = new Deno.Command("/usr/bin/java", {
        args: [
          "-Xmx64m",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-cp",
          jars.join(":"),
          "org.apache.zookeeper.server.ZooKeeperServerMain",
          `${folder}/zoo.cfg`,
        ],
        stdout: "null",
        stderr: "null",
      }).spawn();
      await answers(port);
    },
    freeze: () => process?.kill("SIGSTOP"),
    thaw: () => process?.kill("SIGCONT"),
    async sessions(): Promise<number> {
      return Number(/^zk_global_sessions\t(\d+)/m.exec(await askStatus(port, "mntr"))?.[1]);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await server.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
  await server.start("new");
  return server;
}

function configuration(dataFolder: string, port: number, times: SessionTimes): string {
  return [
    `tickTime=${tickMs}`,
    `dataDir=${dataFolder}`,
    `clientPort=${port}`,
    "clientPortAddress=127.0.0.1",
    `minSessionTimeout=${times.atLeastMs ?? 2 * tickMs}`,
    `maxSessionTimeout=${times.atMostMs ?? longSessionMs}`,
    "admin.enableServer=false",
    "maxClientCnxns=0",
    "4lw.commands.whitelist=srvr,mntr",
    "snapCount=1000",
    "",
  ].join("\n");
}

const startTriesMax = 600;

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < startTriesMax; tries++) {
    if (await isServing(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`ZooKeeper does not answer on port ${port}`);
}

// Before that it reports "This ZooKeeper instance is not currently serving requests".
async function isServing(port: number): Promise<boolean> {
  try {
    return (await askStatus(port, "srvr")).includes("Zookeeper version");
  } catch {
    return false;
  }
}

async function askStatus(port: number, word: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  // A starting server may accept the connection and never respond.
  const limit = setTimeout(() => connection.close(), 500);
  try {
    await connection.write(new TextEncoder().encode(word));
    let text = "";
    const buffer = new Uint8Array(65_536);
    for (let length = await connection.read(buffer); length !== null; length = await connection.read(buffer)) {
      text += new TextDecoder().decode(buffer.subarray(0, length));
    }
    connection.close();
    return text;
  } finally {
    clearTimeout(limit);
  }
}

/** A client for writes in a test. */
export interface ZookeeperWriter extends AsyncDisposable {
  /** Creates a znode with its parents, returns its path; `ephemeral` ones end with this client. */
  create(path: string, value?: string, mode?: "PERSISTENT" | "EPHEMERAL" | "EPHEMERAL_SEQUENTIAL"): Promise<string>;
  remove(path: string): Promise<void>;
  /** Only this user may read and write the znode. */
  protect(path: string, user: string, password: string): Promise<void>;
  /** Closes the session. */
  leave(): Promise<void>;
}

/** Connects a writer. */
export async function openWriter(address: string): Promise<ZookeeperWriter> {
  const client = zookeeper.createClient(address, { sessionTimeout: shortSessionMs, spinDelay: 50 });
  await new Promise<void>((resolve) => {
    client.once("connected", () => resolve());
    client.connect();
  });
  const done = <T>(ask: (callback: (error: Error | null, value: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) =>
      ask((error: Error | null, value: T) => error === null || error === undefined ? resolve(value) : reject(error))
    );
  let isOpen = true;
  const writer: ZookeeperWriter = {
    async create(path, value = "", mode = "PERSISTENT"): Promise<string> {
      const parent = path.slice(0, path.lastIndexOf("/"));
      if (parent !== "") await done<string>((callback) => client.mkdirp(parent, callback));
      return await done<string>((callback) =>
        client.create(path, Buffer.from(value), zookeeper.CreateMode[mode], callback)
      );
    },
    remove: (path) => done<void>((callback) => client.remove(path, callback)),
    async protect(path, user, password): Promise<void> {
      client.addAuthInfo("digest", Buffer.from(`${user}:${password}`));
      const acl = new zookeeper.ACL(zookeeper.Permission.ALL, new zookeeper.Id("auth", ""));
      await done<unknown>((callback) => client.setACL(path, [acl], -1, callback));
    },
    async leave(): Promise<void> {
      if (!isOpen) return;
      isOpen = false;
      // A client whose session has expired reports nothing further.
      if (client.getState() !== zookeeper.State.SYNC_CONNECTED) return;
      const left = new Promise<void>((resolve) => client.on("state", () => resolve()));
      client.close();
      await left;
    },
    [Symbol.asyncDispose]: () => writer.leave(),
  };
  return writer;
}
