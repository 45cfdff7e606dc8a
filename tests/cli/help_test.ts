// Texts generated from the tables of commands and keys: help topics, completions, the manual page,
// docs/configuration.md.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { commands } from "../../src/cli/commands.ts";
import { optionsOf } from "../../src/cli/help_text.ts";
import { referenceText } from "../../scripts/embed_assets.ts";
import { keys } from "../../src/config/keys.ts";
import { assertRefused, has, runLine } from "./support.ts";

const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));

/** The rows of the README's table under this heading, with one blank between words. */
function readmeRows(head: string): readonly (readonly string[])[] {
  const [, after = ""] = readme.split(new RegExp(`^\\| ${head} .*\\n.*\\n`, "m"));
  const [rows = ""] = after.split("\n\n");
  return rows.trim().split("\n").map((row) =>
    row.split("|").slice(1, 3).map((cell) => cell.trim().replaceAll("`", ""))
  );
}

for (const [topic, head] of [["exit-codes", "Exit code"], ["verdicts", "Verdict"]] as const) {
  Deno.test(`help ${topic} shows the table of the README`, async () => {
    const { code, out } = await runLine(["help", topic]);
    const told = out.trimEnd().replaceAll(/\n +/g, " ").split("\n").map((line) => line.split(/ {2,}/));
    assertEquals(code, 0);
    assertEquals(
      told.map((row) => row.map((cell) => cell.replaceAll("`", ""))),
      readmeRows(head).map((row) => [...row]),
    );
  });
}

Deno.test("help describes each key of framework.conf by its path, within a profile and in its section", async () => {
  for (const { path } of keys) assertMatch((await runLine(["help", path])).out, new RegExp(`^${path} {2}\\(`));
  assertEquals((await runLine(["help", "gocd-mesos.poller.attempts"])).out.split("\n").slice(0, 2), [
    "poller.attempts  (int; default 5; e.g. 1)",
    "    A job must wait in MORE than this many polls in a row before an agent is launched. 1 is",
  ]);
  assertMatch((await runLine(["help", "profiles.linux.mem"])).out, /^profiles\.linux\.mem {2}\(memory; default 1 GB/);
  const { out } = await runLine(["help", "poller"]);
  const told = out.split("\n").flatMap((line) => /^\S+/.exec(line)?.[0] ?? []);
  assertEquals(told, keys.flatMap(({ path }) => path.startsWith("poller.") ? [path] : []));
  assert((await runLine(["help", "keys"])).out.split("\n").every((line) => line.length <= 125));
});

Deno.test("help explains alerts and codes of the log", async () => {
  assertEquals((await runLine(["help", "held-limit"])).out.trimEnd().split("\n"), [
    "held-limit",
    "    (needs agent) “profile linux: limit reached: scaling.max-agents = 50”",
    "    To do: raise the limit if the cluster has room, or wait until an agent is idle.",
  ]);
  assertMatch((await runLine(["help", "GocdMesosNotLive"])).out, /^GocdMesosNotLive\n {4}\(critical, after 1m\)/);
});

Deno.test("docs/configuration.md equals the text generated from the table of keys", () => {
  const reference = Deno.readTextFileSync(new URL("../../docs/configuration.md", import.meta.url));
  const words = (text: string): string => text.replaceAll(/\s+/g, " ");
  assertEquals(words(reference), words(referenceText()), "run scripts/embed_assets.ts");
  for (const { path } of keys) assertStringIncludes(reference, `\n### \`${path}\`\n`);
});

Deno.test("help suggests a topic for a mistyped one", async () => {
  for (
    const [typed, meant] of [
      ["poller.atempts", "poller.attempts"],
      ["scalng", "scaling"],
      ["exit-code", "exit-codes"],
      ["chekc", "check"],
      ["held-limits", "held-limit"],
    ]
  ) {
    const written = await runLine(["help", typed ?? ""]);
    assertRefused(written, 2, /there is no command, key or topic/);
    assertStringIncludes(written.err, `did you mean \`gocd-mesos help ${meant}\`?`);
  }
});

Deno.test("each option of a command has a description", () => {
  const silent = commands.flatMap((command) =>
    optionsOf(command).filter(({ text }) => text.length < 5).map(({ name }) => `${command.name} --${name}`)
  );
  assertEquals(silent, []);
});

Deno.test("completions refuses an unsupported shell", async () => {
  assertRefused(await runLine(["completions", "tcsh"]), 2, /no completions for "tcsh"/);
});

Deno.test("the manual page has a section for each command, and only intended troff requests", async () => {
  const { out } = await runLine(["manual"]);
  for (const { name } of commands) assertStringIncludes(out, `\n.SS ${name}\n`);
  const obeyed = out.split("\n").flatMap((line) => /^[.']\S*/.exec(line)?.[0] ?? []);
  assertEquals([...new Set(obeyed)].sort(), [".SH", ".SS", ".TH", ".fi", ".nf"]);
  assertStringIncludes(out, "\\-\\-json");
});

Deno.test({
  name: "mandoc accepts the manual page except for its missing date (apt-get install mandoc)",
  ignore: !has("mandoc"),
  fn: async () => {
    const { out } = await runLine(["manual"]);
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", 'printf %s "$0" | mandoc -T lint -W warning', out],
    }).output();
    const found = new TextDecoder().decode(stdout).trim().split("\n").filter((line) => !line.includes("missing date"));
    assertEquals(found, []);
  },
});
