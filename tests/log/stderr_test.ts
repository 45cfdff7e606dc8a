// Lines to standard error, written by a separate process.

import { assertEquals } from "@std/assert";

const module = new URL("../../src/log/stderr.ts", import.meta.url).href;
const script = `import { stderrIsTerminal, writeToStderr } from "${module}";
writeToStderr("x".repeat(300_000));
writeToStderr(String(stderrIsTerminal()));
Deno.stderr.close();
writeToStderr("to nobody");
Deno.stdout.writeSync(new TextEncoder().encode("still there"));`;

Deno.test("lines are written completely and in order, and a closed standard error is ignored", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "--no-check", `data:application/typescript,${encodeURIComponent(script)}`],
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr } = await child.output();
  const [first, ...rest] = new TextDecoder().decode(stderr).split("\n");
  assertEquals([first?.length, rest], [300_000, ["false", ""]]);
  assertEquals(new TextDecoder().decode(stdout), "still there");
});
