// The environment of the process as the map that loadConfig takes.

/** The environment, read name by name, so that `--allow-env=NAME,…` is enough. Names without permission are not set. */
export function processEnv(): Readonly<Record<string, string>> {
  return new Proxy<Record<string, string>>({}, {
    get: (_target, name): string | undefined => {
      if (typeof name !== "string" || name === "" || /[=\0]/.test(name)) return undefined;
      try {
        return Deno.env.get(name);
      } catch {
        return undefined;
      }
    },
  });
}
