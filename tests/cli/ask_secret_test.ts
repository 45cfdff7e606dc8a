// Reading a secret from a real terminal.

import { assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";

// `script` of util-linux gives a command a terminal.
const hasTerminals = Deno.build.os === "linux" && existsSync("/usr/bin/script");

for (const [keys, got] of [["hunter\x7f\x7fé\x7f2\r", "hunt2"], ["abc\x03", undefined], ["\x04", undefined]] as const) {
  Deno.test({
    name: `a typed secret is not echoed, and the terminal echoes again afterwards: ${JSON.stringify(keys)}`,
    ignore: !hasTerminals,
    fn: async () => {
      const asking = `import { processIo } from "./src/cli/io.ts";
        const answer = processIo(() => {}).askSecret("Secret:");
        console.log("got", JSON.stringify(answer) ?? "nothing");
        new Deno.Command("stty", { args: ["-a"], stdin: "inherit", stdout: "inherit" }).outputSync();`;
      const child = new Deno.Command("script", {
        args: ["-qec", `"${Deno.execPath()}" eval --no-check '${asking}'`, "/dev/null"],
        cwd: new URL("../..", import.meta.url),
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      let shown = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        const wasAsked = shown.includes("Secret: ");
        shown += text;
        if (!wasAsked && shown.includes("Secret: ")) await writer.write(new TextEncoder().encode(keys));
      }
      await writer.close();
      await child.status;
      const [asked = "", answered = "", ...modes] = shown.split("\r\n");
      assertEquals([asked, answered], ["Secret: ", `got ${got === undefined ? "nothing" : JSON.stringify(got)}`]);
      assertMatch(modes.join(" "), / echo .*/);
    },
  });
}
