// Tries to break out of its permissions and prints the result of each attempt as JSON, when run with the flags of a
// scoped start. Arguments: a permitted URL, a URL on another port, a folder without permissions.

const [permitted = "", otherPort = "", folder = ""] = Deno.args;

const attempts: Readonly<Record<string, () => unknown>> = {
  permitted: async () => await (await fetch(permitted)).body?.cancel(),
  "another port": () => fetch(otherPort),
  "another name of the same host": () => fetch(permitted.replace("127.0.0.1", "localhost")),
  "another host": () => fetch("http://127.0.0.2:8080/"),
  "a raw connection": () => Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(otherPort).port) }),
  "a listener": () => Deno.listen({ hostname: "0.0.0.0", port: 0 }),
  "a datagram": () => Deno.resolveDns("localhost", "A", { nameServer: { ipAddr: "127.0.0.2", port: 53 } }),
  "reading another file": () => Deno.readTextFileSync("/etc/hostname"),
  "listing another folder": () => [...Deno.readDirSync(folder)],
  "writing another file": () => Deno.writeTextFileSync(`${folder}/out.txt`, "out"),
  "writing the program": () => Deno.writeTextFileSync(new URL(import.meta.url), "out"),
  "running a program": () => new Deno.Command("true").outputSync(),
  "a library": () => Deno.dlopen("libc.so.6", {}),
  "another variable": () => Deno.env.get("PATH"),
  "all variables": () => Deno.env.toObject(),
  "the system": () => Deno.osRelease(),
};

const outcomes: Record<string, string> = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    outcomes[name] = "done";
  } catch (error) {
    outcomes[name] = error instanceof Error ? error.name : String(error);
  }
}
// deno-lint-ignore no-console -- the test reads it
console.log(JSON.stringify(outcomes));
