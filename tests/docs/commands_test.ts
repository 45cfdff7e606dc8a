// Commands and configurations in the documents: every command exists in the program or the project and accepts its
// options and operands; every configuration is valid; every key exists.

import { assert, assertEquals } from "@std/assert";
import { readArguments } from "../../src/cli/arguments.ts";
import { commands } from "../../src/cli/commands.ts";
import { topics, topicText } from "../../src/cli/topics.ts";
import { loadConfig } from "../../src/config/load.ts";
import { isSection, keys, keySpec } from "../../src/config/keys.ts";
import { messageOf } from "../../src/errors.ts";
import { partsOf } from "../../scripts/markdown.ts";
import { pages } from "./pages.ts";

// Decisions and the history of changes say what was so when they were written.
const told = [...pages()].filter(([path]) => !path.startsWith("docs/decisions/") && path !== "CHANGELOG.md")
  .map(([path, text]) => [path, partsOf(text)] as const);

const { tasks }: { readonly tasks: Readonly<Record<string, string | { readonly command: string }>> } = JSON.parse(
  Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)),
);

/** What a line has the shell run, without what surrounds it. */
function commandsIn(line: string): readonly string[] {
  const plain = line.replace(/^\$ /, "").replace(/(^|\s)#\s.*$/, "");
  return plain.split(/\s(?:\||\|\||&&|;)\s/).map((each) =>
    each.replace(/\s\d?>{1,2}\s?\S+/g, "").trim().replace(/^(?:sudo (?:-u \S+ )?|\w+=\S* )*/, "").replace(/^\.\//, "")
  );
}

/** Optional parts of a usage line are taken, of alternatives the first. */
function withoutBrackets(text: string): string {
  return text.replaceAll(/\[([^\]|]*?)\s*(?:\|[^\]]*)?\]/g, "$1").replaceAll("…", "").trim();
}

function words(command: string): readonly string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) =>
    double ?? single ?? plain ?? ""
  );
}

const isPlaceholder = (word: string): boolean => /^[A-Z][A-Z_-]*$/.test(word);

/** What is wrong with a command line of the program. */
function flawOfProgram(args: readonly string[]): string | undefined {
  const [name = "", ...rest] = args;
  if (name === "" || name === "--help" || name === "--version" || isPlaceholder(name)) return undefined;
  if (/\.conf$|^FILE$/.test(name)) return undefined;
  if (name === "help") {
    const [topic = ""] = rest;
    const isKnown = isPlaceholder(topic) || topics.includes(topic) || topicText(topic) !== undefined ||
      commands.some((each) => each.name === topic);
    return isKnown ? undefined : `there is no topic ${topic}`;
  }
  const command = commands.find((each) => each.name === name);
  if (command === undefined) return `there is no command ${name}`;
  // Without operands, or with the word of an action alone, it is a mention and no command line.
  const operands = rest.filter((each) => !each.startsWith("--"));
  const [action = ""] = operands;
  const isMention = operands.length === 0 || operands.length === 1 && command.operands.words?.includes(action) === true;
  if (isMention) return flawOfOptions(command.name, rest);
  try {
    const read = readArguments(command, rest);
    if (read === "help" || command.operands.words === undefined) return undefined;
    const [first = ""] = read.operands;
    return isPlaceholder(first) || command.operands.words.includes(first) ? undefined : `${name} takes no ${first}`;
  } catch (error) {
    return messageOf(error);
  }
}

function flawOfOptions(name: string, words: readonly string[]): string | undefined {
  const command = commands.find((each) => each.name === name);
  const known = new Set([...command?.booleans ?? [], ...command?.strings ?? [], "help"]);
  const unknown = words.filter((each) => each.startsWith("--")).find((each) =>
    !known.has(each.replace(/^--/, "").split("=")[0] ?? "")
  );
  return unknown === undefined ? undefined : `${name} has no option ${unknown}`;
}

/** What is wrong with a task of deno.json. */
function flawOfTask(args: readonly string[]): string | undefined {
  const [name = "", ...rest] = args;
  if (isPlaceholder(name) || name === "") return undefined;
  const task = tasks[name];
  if (task === undefined) return `there is no task ${name}`;
  const line = typeof task === "string" ? task : task.command;
  const [script] = /scripts\/\w+\.ts/.exec(line) ?? [];
  if (line.includes("main.ts demo")) return flawOfProgram(["demo", ...rest]);
  if (script === undefined || name === "start") return undefined;
  const text = Deno.readTextFileSync(new URL(`../../${script}`, import.meta.url));
  const unknown = rest.filter((each) => each.startsWith("--")).find((each) =>
    !new RegExp(`["'](?:--)?${each.replace(/^--/, "").split("=")[0]}["'=]|\\b${each.slice(2).split("=")[0]}:`).test(
      text,
    )
  );
  return unknown === undefined ? undefined : `${script} does not know ${unknown}`;
}

/** What is wrong with files that deno is to run or test. */
function flawOfFiles(args: readonly string[]): string | undefined {
  const missing = args.filter((each) => /^(?:main\.ts|(?:scripts|tests|src)\/[\w/.-]+)$/.test(each)).find((path) => {
    try {
      Deno.statSync(new URL(`../../${path}`, import.meta.url));
      return false;
    } catch {
      return true;
    }
  });
  return missing === undefined ? undefined : `there is no ${missing}`;
}

/** What is wrong with a command; nothing where it is none of ours. */
function flawOf(command: string): string | undefined {
  const [program, ...args] = words(withoutBrackets(command.replace(/^npx -y deno@[\d.]+ /, "deno ")));
  if (program === "gocd-mesos") return flawOfProgram(args);
  if (program !== "deno") return undefined;
  if (args[0] === "task") return flawOfTask(args.slice(1));
  const main = args.indexOf("main.ts");
  return flawOfFiles(args) ?? (args[0] === "run" && main > 0 ? flawOfProgram(args.slice(main + 1)) : undefined);
}

/** Every command of ours that a document names, in blocks and in sentences. */
function* commandsTold(): Generator<readonly [page: string, command: string]> {
  for (const [page, { blocks, codes }] of told) {
    const lines = blocks.filter(({ language, text }) =>
      !rooted.test(text) && ["", "sh", "shell", "bash", "console"].includes(language)
    )
      .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, " ").split("\n"));
    for (const line of [...lines.filter((each) => !/^\s/.test(each)), ...codes]) {
      for (const command of commandsIn(line)) {
        if (/^(?:gocd-mesos|deno|npx -y deno@\S+) /.test(command)) yield [page, command];
      }
    }
  }
}

Deno.test("every command in the documents exists, and accepts its options and operands", () => {
  const all = [...commandsTold()];
  assertEquals(
    all.flatMap(([page, command]) => flawOf(command) === undefined ? [] : [`${page}: ${command}: ${flawOf(command)}`]),
    [],
  );
  assert(all.length > 100, `only ${all.length} commands are found`);
});

Deno.test("every command in a hint of docs/operations.md exists", () => {
  const text = Deno.readTextFileSync(new URL("../../docs/operations.md", import.meta.url)).replaceAll(/\s+/g, " ");
  const advised = [...text.matchAll(/gocd-mesos (?:[a-z-]+ ){1,3}(?:FILE|framework\.conf)/g)].map(([command]) =>
    command
  );
  assertEquals(advised.filter((command) => flawOf(`${command} ID`) !== undefined && flawOf(command) !== undefined), []);
  assert(advised.length > 10, `only ${advised.length} are found`);
});

for (
  const [command, flaw] of [
    ["gocd-mesos frobnicate framework.conf", "there is no command frobnicate"],
    ["gocd-mesos plan --jbos framework.conf", '"plan" has no option --jbos'],
    ["gocd-mesos why framework.conf", '"why" needs a configuration file and a job'],
    ["gocd-mesos dashboards nagios", "dashboards takes no nagios"],
    ["gocd-mesos help poller.atempts", "there is no topic poller.atempts"],
    ["deno task complie", "there is no task complie"],
    ["deno task soak --hours 3", "scripts/soak.ts does not know --hours"],
    ["deno task demo --quickly", "demo has no option --quickly"],
    ["deno test -A tests/nowhere", "there is no tests/nowhere"],
  ] as const
) {
  Deno.test(`the flaw of "${command}" is found: ${flaw}`, () => assertEquals(flawOf(command), flaw));
}

/** A configuration that names its root, as people write it into a file. */
const rooted = /^gocd-mesos \{/m;

/** What every configuration needs, for those that tell only a part. */
const needed = ["mesos-master: mesos-master", "go-server: { host: gocd }", "docker-image: image"] as const;

/** As a whole file: what a fragment leaves out is added. */
function wholeConfig(text: string): string {
  const missing = needed.filter((line) => !text.includes(line.split(":")[0] ?? ""))
    .map((line) => line.startsWith("docker-image") ? `go-agent { ${line} }` : line).join("\n");
  return `gocd-mesos {\n${missing}\n}\n${rooted.test(text) ? text : `gocd-mesos {\n${text}\n}`}`;
}

/** What is wrong with a configuration; variables are set, and files of secrets are there. */
function flawOfConfig(text: string): string | undefined {
  const env = Object.fromEntries(
    [...text.matchAll(/\$\{\??([A-Z][A-Z0-9_]*)\}/g)].map(([, name = ""]) => [name, valueOf(name)]),
  );
  try {
    loadConfig(
      "framework.conf",
      env,
      (path) => path === "framework.conf" ? wholeConfig(text) : "https://hooks.example.com/x",
    );
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function valueOf(name: string): string {
  return name.endsWith("URL") ? "https://hooks.example.com/x" : "0123456789";
}

Deno.test("every configuration in the documents can be read", () => {
  const blocks = told.flatMap(([page, { blocks }]) =>
    blocks.filter(({ language, text }) => language === "hocon" || language === "" && rooted.test(text))
      .map(({ text }) => [page, text] as const)
  );
  const flaws = blocks.flatMap(([page, text]) =>
    flawOfConfig(text) === undefined ? [] : [`${page}: ${flawOfConfig(text)}`]
  );
  assertEquals(flaws, []);
  assert(blocks.length >= 2, `only ${blocks.length} are found`);
});

Deno.test("a configuration with a misspelt key is found", () => {
  assertEquals(
    flawOfConfig("poller { intervall = 10 seconds }")?.replace(/^\S+ /, ""),
    "poller.intervall: there is no such key",
  );
});

const sectionNames = [...new Set(keys.flatMap(({ path }) => path.includes(".") ? [path.split(".")[0] ?? ""] : []))];
const keyForm = new RegExp(`^(?:${sectionNames.join("|")})\\.[a-zA-Z0-9.-]+$`);

Deno.test("every key of framework.conf in a document exists", () => {
  const wrong = told.flatMap(([page, { codes }]) =>
    codes.map((code) => code.split(/ ?[=:] /)[0] ?? "").filter((path) =>
      keyForm.test(path) && !/\.(?:db|ts|md|json|id|version|url-file)$/.test(path)
    )
      .filter((path) => keySpec(path) === undefined && !isSection(path)).map((path) => `${page}: ${path}`)
  );
  assertEquals(wrong, []);
});
