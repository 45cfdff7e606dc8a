// promtool of Prometheus. If it is not installed, its tests are ignored; their names say what to install.

/** For the names of tests that need it. */
export const promtoolPackage = "apt-get install prometheus";

/** The path of promtool; absent: not installed. */
export const promtool: string | undefined = ["/usr/bin/promtool", "/usr/local/bin/promtool"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Its exit code and output for this input. */
export async function runPromtool(args: readonly string[], input = ""): Promise<readonly [number, string]> {
  const child = new Deno.Command(promtool ?? "", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)];
}
