// Attempts to break out of restricted permissions, as a malicious dependency would, and their results.

/** The targets of the attempts. */
export interface Targets {
  /** A permitted URL. */
  readonly permitted: string;
  /** A URL on another port of the same host. */
  readonly otherPort: string;
  /** A folder without permissions that contains `secret.json`. */
  readonly folder: string;
  /** The configuration, which is read-only. */
  readonly conf: string;
}

/** Two servers on loopback, and a folder without read permission; the configuration is that of `conf`. */
export interface OpenTargets extends AsyncDisposable {
  /** The permitted port. */
  readonly port: number;
  of(conf: string): Targets;
  /** Names of the files in the folder: only `secret.json` if no attempt succeeded. */
  files(): readonly string[];
}

/** Opens them. */
export function openTargets(): OpenTargets {
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  const other = Deno.serve(options, () => new Response("other"));
  const otherPort = `http://127.0.0.1:${other.addr.port}/`;
  const permitted = Deno.serve(
    options,
    ({ url }) =>
      url.endsWith("/redirect")
        ? new Response(null, { status: 307, headers: { location: otherPort } })
        : new Response("here"),
  );
  const { port } = permitted.addr;
  const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-outside-" });
  Deno.writeTextFileSync(`${folder}/secret.json`, "{}");
  return {
    port,
    of: (conf) => ({ permitted: `http://127.0.0.1:${port}/`, otherPort, folder, conf }),
    files: () => [...Deno.readDirSync(folder)].map(({ name }) => name),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([permitted.shutdown(), other.shutdown()]);
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

type Attempts = Readonly<Record<string, () => unknown>>;

/** Makes all attempts; `done` for those that succeed, otherwise the name of the error. */
export async function breakOut(targets: Targets): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {};
  for (const [name, attempt] of Object.entries({ ...network(targets), ...files(targets), ...others(targets) })) {
    try {
      await attempt();
      outcomes[name] = "done";
    } catch (error) {
      outcomes[name] = error instanceof Error ? error.name : String(error);
    }
  }
  return outcomes;
}

function network({ permitted, otherPort }: Targets): Attempts {
  const port = Number(new URL(otherPort).port);
  return {
    permitted: async () => await (await fetch(permitted)).body?.cancel(),
    "another port": () => fetch(otherPort),
    "another name of the same host": () => fetch(permitted.replace("127.0.0.1", "localhost")),
    "another host": () => fetch("http://127.0.0.2:8080/"),
    "a redirect to another port": async () => await (await fetch(`${permitted}redirect`)).body?.cancel(),
    "a proxy": () => {
      const client = Deno.createHttpClient({ proxy: { url: otherPort } });
      return fetch(permitted, { client }).finally(() => client.close());
    },
    "a raw connection": () => Deno.connect({ hostname: "127.0.0.1", port }),
    "a socket of Node": async () => {
      const { connect } = await import("node:net");
      await new Promise((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port });
        socket.on("connect", () => (socket.destroy(), resolve("connected")));
        socket.on("error", reject);
      });
    },
    "a WebSocket": () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(otherPort.replace("http", "ws"));
        socket.onopen = resolve;
        socket.onerror = () => reject(new Deno.errors.NotCapable("no"));
      }),
    "a listener": () => Deno.listen({ hostname: "0.0.0.0", port: 0 }),
    "a question to a name server": () =>
      Deno.resolveDns("localhost", "A", { nameServer: { ipAddr: "127.0.0.2", port: 53 } }),
  };
}

function files({ folder, conf }: Targets): Attempts {
  return {
    "reading another file": () => Deno.readTextFileSync("/etc/hostname"),
    "reading the environment of the process": () => Deno.readTextFileSync("/proc/self/environ"),
    "listing another folder": () => [...Deno.readDirSync(folder)],
    "writing another file": () => Deno.writeTextFileSync(`${folder}/out.txt`, "out"),
    "writing the program": () => Deno.writeTextFileSync(new URL(import.meta.url), "out"),
    "writing the configuration": () => Deno.writeTextFileSync(conf, "out"),
    "a link out of the state's folder": () => Deno.symlinkSync(folder, `${conf}.link`),
    "a database elsewhere": async () => {
      const { DatabaseSync } = await import("node:sqlite");
      new DatabaseSync(`${folder}/out.db`).close();
    },
    "a database attached to another": async () => {
      const { DatabaseSync } = await import("node:sqlite");
      const database = new DatabaseSync(":memory:");
      database.exec(`ATTACH '${folder}/out.db' AS other; CREATE TABLE other.t (a)`);
    },
    "importing another file": () => load(`file://${folder}/secret.json`, { with: { type: "json" } }),
  };
}

function others({ otherPort }: Targets): Attempts {
  const inside = `fetch("${otherPort}").then(() => postMessage("done"), (error) => postMessage(error.name))`;
  return {
    "running a program": () => new Deno.Command("true").outputSync(),
    "running a program by Node": async () => {
      const { error } = (await import("node:child_process")).spawnSync("true");
      if (error !== undefined) throw error;
    },
    "a library": () => Deno.dlopen("libc.so.6", {}),
    "a library of SQLite": async () => {
      const { DatabaseSync } = await import("node:sqlite");
      new DatabaseSync(":memory:", { allowExtension: true }).loadExtension("libc.so.6");
    },
    "another variable": () => Deno.env.get("PATH"),
    "all variables": () => Deno.env.toObject(),
    "the system": () => Deno.osRelease(),
    "a Worker of its own": () => inWorker(inside),
    "a Worker with more rights": () => inWorker(inside, { net: true }),
    "a Worker with one host more": () => inWorker(inside, { net: [new URL(otherPort).host] }),
    "code from a server": () => load(`${otherPort}code.js`),
    // Not in the cache of the user.
    "a package from the registry": () => load("npm:left-pad@1.1.0"),
    ...Object.fromEntries((["net", "read", "write", "env", "run", "ffi"] as const).map((name) => [
      `asking for ${name}`,
      async () => {
        const { state } = await Deno.permissions.request({ name });
        if (state !== "granted") throw new Deno.errors.NotCapable(state);
      },
    ])),
  };
}

/** A specifier that is not known at compile time. */
function load(specifier: string, options?: ImportCallOptions): Promise<unknown> {
  return import(specifier, options);
}

/** Throws with the name of the error in the Worker. */
async function inWorker(code: string, permissions?: Deno.PermissionOptionsObject): Promise<void> {
  const options = { type: "module", ...permissions === undefined ? {} : { deno: { permissions } } };
  const worker = new Worker(`data:application/javascript,${encodeURIComponent(code)}`, options as WorkerOptions);
  const outcome = await new Promise((resolve) => {
    worker.onmessage = ({ data }): void => resolve(data);
    worker.onerror = (event): void => (event.preventDefault(), resolve("Error"));
  });
  worker.terminate();
  if (outcome !== "done") throw Object.assign(new Error(), { name: outcome });
}
