// The rules of the code base that can be checked automatically: which folders may import which, purity of the core,
// sizes of files and functions.

import { assertEquals } from "@std/assert";
import { moduleText, textModules } from "../scripts/embed_assets.ts";

const root = new URL("..", import.meta.url).pathname;
const lineMax = 400;
const functionLineMax = 60;
const parameterMax = 4;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function filesUnder(folder: string): SourceFile[] {
  const found: SourceFile[] = [];
  for (const entry of Deno.readDirSync(`${root}${folder}`)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...filesUnder(path));
    else if (entry.name.endsWith(".ts")) found.push(read(path));
  }
  return found;
}

function read(path: string): SourceFile {
  const text = Deno.readTextFileSync(`${root}${path}`);
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
  return { path, text, imports };
}

function pathOf(file: SourceFile, specifier: string): string {
  return new URL(specifier, `file:///${file.path}`).pathname.slice(1);
}

/** The folder of src/ that an import leads to: `core`, `gocd`, …; `root` for src/*.ts; the specifier for a package. */
function target(file: SourceFile, specifier: string): string {
  if (!specifier.startsWith(".")) return `package ${specifier}`;
  const parts = pathOf(file, specifier).split("/");
  if (parts[0] !== "src") return parts[0] ?? "";
  return parts.length === 2 ? "root" : parts[1] ?? "";
}

const edges = ["gocd", "mesos", "config", "store", "history", "web", "log", "notify"];
/** Under the edges: what several of them need. */
const ground = ["net", "zookeeper", "sqlite"];
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: ["core"],
  net: ["net", "core", "root"],
  zookeeper: ["zookeeper", "net", "core", "root"],
  sqlite: ["sqlite", "root"],
  ...Object.fromEntries(edges.map((edge) => [edge, [edge, ...ground, "core", "root"]])),
  runtime: ["runtime", "core", "root", ...ground, ...edges],
  sim: ["sim", "core", "root"],
  whatif: ["whatif", "sim", "web", "config", "core", "root"],
  cli: ["cli", "runtime", "sim", "whatif", "core", "root", ...ground, ...edges],
  sandbox: ["sandbox", "cli", "runtime", "core", "root", ...ground, ...edges],
};

/** All that the simulated servers share with the program: the bytes of the protocol that Mesos defines. */
const wireCodec = /^src\/mesos\/(recordio\.ts|proto\/\w+\.ts)$/;

const sources = filesUnder("src");
/** The deterministic simulation, without its tests. */
const world = filesUnder("tests/world").filter((file) => !file.path.endsWith("_test.ts"));
/** What decides or stands in for a server: no clock, no chance, no network, no waiting. */
const pureFolders = ["src/core/", "src/sim/gocd/", "src/sim/mesos/", "tests/world/"];

Deno.test("each folder of src imports only the folders that its layer allows", () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const folder = file.path.split("/").length === 2 ? "root" : file.path.split("/")[1] ?? "";
    const may = folder === "root" ? ["root"] : allowed[folder];
    if (may === undefined) {
      wrong.push(`${file.path}: the folder ${folder} is not on the map`);
      continue;
    }
    for (const specifier of file.imports) {
      const to = target(file, specifier);
      if (to.startsWith("package ")) {
        if (folder === "core" || folder === "root") wrong.push(`${file.path} imports ${to}`);
      } else if (!may.includes(to) && !(folder === "sim" && wireCodec.test(pathOf(file, specifier)))) {
        wrong.push(`${file.path} imports ${to}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("the core, the simulated models and the world use no clock, randomness, network or asynchronous code", () => {
  const banned =
    /\b(Deno\.|new Date\b(?!\(\w)|Date\.now|Math\.random|fetch\(|setTimeout|setInterval|performance\.|crypto\.|async |await |Promise\b)/;
  const pure = [...sources, ...world].filter((file) => pureFolders.some((folder) => file.path.startsWith(folder)));
  const wrong = pure.flatMap((file) =>
    file.text.split("\n").flatMap((line, index) => {
      const code = line.replace(/\/\/.*$/, "").replace(/"[^"]*"|`[^`]*`/g, "").replace(/^\s*\*.*$/, "").replace(
        /\/\*\*?.*?\*\//g,
        "",
      );
      return banned.test(code) ? [`${file.path}:${index + 1}: ${line.trim()}`] : [];
    })
  );
  assertEquals(wrong, []);
});

/** The files of the project that a module loads when it starts, and the packages; `import type` loads nothing. */
function loadedBy(first: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const left = [first];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    if (!path.endsWith(".ts")) continue;
    const at = path;
    const code = Deno.readTextFileSync(`${root}${at}`).replace(/^(import|export) type [^;]*;/gm, "");
    for (const [, named, plain] of code.matchAll(/\bfrom "([^"]+)"|^import "([^"]+)"/gm)) {
      const specifier = named ?? plain ?? "";
      left.push(specifier.startsWith(".") ? new URL(specifier, `file:///${at}`).pathname.slice(1) : specifier);
    }
  }
  return reached;
}

Deno.test("main.ts loads neither the simulated servers nor the replay at startup", () => {
  assertEquals([...loadedBy("main.ts")].filter((path) => /^src\/(sim|whatif)\//.test(path)), []);
});

Deno.test("the main thread of the sandbox, which has all permissions, loads no package and only the listed files", () => {
  assertEquals([...loadedBy("src/sandbox/main.ts")].toSorted(), [
    "src/cli/build.ts",
    "src/errors.ts",
    "src/listen_trouble.ts",
    "src/log/stderr.ts",
    "src/sandbox/main.ts",
    "src/sandbox/supervisor.ts",
  ]);
});

/** Exports that only tests use: tables and codecs that are held against recordings and the other side's word. */
const forTestsOnly: readonly string[] = [
  "src/core/session/task_status.ts reasonWords",
  "src/mesos/proto/wire.ts decodeEventRecord",
  "src/sim/gocd/versions.ts gocdEras",
];

/** What these files import by name, as `FILE NAME`; the names of modules that are loaded as a whole count all. */
function importedNames(files: readonly SourceFile[]): ReadonlySet<string> {
  const named =
    /(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*"(\.[^"]+)"|\{([^{}]*)\}\s*=\s*await import\("(\.[^"]+)"\)/g;
  return new Set(
    files.flatMap(({ path, text }) =>
      [...text.matchAll(named)].flatMap(([, names = "", from = "", loaded = names, lazily = from]) => {
        const to = new URL(lazily, `file:///${path}`).pathname.slice(1);
        return loaded.split(",").map((each) => `${to} ${each.trim().replace(/^type /, "").split(/ as |:/)[0]}`);
      })
    ),
  );
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*\*[^]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

Deno.test("each export of src is used by another file, or is used in its own file and tested", () => {
  const byProgram = importedNames([...sources, ...filesUnder("scripts"), read("main.ts")]);
  const byTests = importedNames(filesUnder("tests"));
  const dead = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/^export (?:abstract |async )*(function|const|class|interface|type) (\w+)/gm)].flatMap(
      ([, kind = "", name = ""]) => {
        const key = `${path} ${name}`;
        const isUsedHere = (withoutComments(text).match(new RegExp(`\\b${name}\\b`, "g")) ?? []).length > 1;
        // A type may have to be exported because the signature of another export names it.
        const isNamedHere = isUsedHere && (kind === "interface" || kind === "type");
        const isUsed = byProgram.has(key) || isNamedHere || isUsedHere && byTests.has(key);
        return isUsed || forTestsOnly.includes(key) ? [] : [key];
      },
    )
  );
  assertEquals(dead, []);
});

Deno.test("each file of src is imported by main.ts, the sandbox or a script, directly or indirectly", () => {
  const files = new Map([...sources, ...filesUnder("scripts"), read("main.ts")].map((file) => [file.path, file]));
  const entries = ["main.ts", "src/sandbox/main.ts", "src/sandbox/reader.ts", "src/sandbox/program.ts"];
  const left = [...entries, ...[...files.keys()].filter((path) => path.startsWith("scripts/"))];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    const file = files.get(path);
    files.delete(path);
    for (const specifier of file?.imports ?? []) {
      if (specifier.startsWith(".")) left.push(new URL(specifier, `file:///${path}`).pathname.slice(1));
    }
  }
  assertEquals([...files.keys()], []);
});

Deno.test("src/core, src/sim, their subfolders and tests/world each have a README", () => {
  const folders = ["src/core", "src/sim"].flatMap((folder) =>
    [...Deno.readDirSync(`${root}${folder}`)].flatMap(({ isDirectory, name }) =>
      isDirectory ? [`${folder}/${name}`] : []
    )
  );
  const silent = ["src/core", "src/sim", "tests/world", ...folders].filter((folder) =>
    ![...Deno.readDirSync(`${root}${folder}`)].some(({ name }) => name === "README.md")
  );
  assertEquals(silent, []);
});

Deno.test("tests/README.md lists each file of tests/support", () => {
  const index = Deno.readTextFileSync(`${root}tests/README.md`);
  const names = [...Deno.readDirSync(`${root}tests/support`)].map(({ name }) => name);
  assertEquals(names.filter((name) => !index.includes(`\`${name}\``)), []);
});

Deno.test("tests import fast-check only through tests/support/properties.ts", () => {
  const direct = filesUnder("tests").filter(({ text }) => /^import .* from "fast-check"/m.test(text)).map(({ path }) =>
    path
  );
  assertEquals(direct, ["tests/support/properties.ts"]);
});

Deno.test("no file has more than 400 lines", () => {
  const files = [...sources, ...filesUnder("scripts"), ...filesUnder("tests"), read("main.ts")];
  const long = files.filter((file) => !file.text.includes("GENERATED") && file.text.split("\n").length > lineMax + 1);
  assertEquals(long.map((file) => file.path), []);
});

/** The functions of a file that are longer than they should be, or have too many parameters. */
function bigFunctions({ path, text }: SourceFile): readonly string[] {
  const found: string[] = [];
  const look = (node: FunctionNode): void => {
    const [start, end] = node.range;
    const lines = text.slice(start, end).split("\n").length;
    if (lines <= functionLineMax && node.params.length <= parameterMax) return;
    const line = text.slice(0, start).split("\n").length;
    found.push(`${path}: ${node.id?.name ?? `line ${line}`}`);
  };
  const sizes: Deno.lint.Rule = {
    create: () => ({ FunctionDeclaration: look, FunctionExpression: look, ArrowFunctionExpression: look }),
  };
  Deno.lint.runPlugin({ name: "house", rules: { sizes } }, path, text);
  return found;
}

type FunctionNode =
  & Pick<Deno.lint.FunctionDeclaration, "range" | "params">
  & { readonly id?: { readonly name: string } | null };

Deno.test("no function of src has more than 60 lines or 4 parameters", () => {
  assertEquals(sources.flatMap(bigFunctions), []);
});

Deno.test("each file of src starts with a comment", () => {
  const silent = sources.filter((file) => !/^(\/\/ |\/\/ deno-lint)/.test(file.text));
  assertEquals(silent.map((file) => file.path), []);
});

Deno.test("each file that a head comment names exists", () => {
  const paths = new Set(sources.map(({ path }) => path));
  const missing = sources.flatMap(({ path, text }) => {
    const [head = ""] = text.split(/^(?!\/\/)/m);
    const isKnown = (name: string): boolean =>
      [name, `src/${name}`, new URL(name, `file:///${path}`).pathname.slice(1)].some((each) => paths.has(each)) ||
      /^src\/(core|sim)\//.test(path) && paths.has(`${path.split("/").slice(0, 2).join("/")}/${name}`) ||
      /^(main\.ts|scripts\/|tests\/)/.test(name);
    return [...head.matchAll(/[\w./]+\.ts\b/g)].flatMap(([name]) => isKnown(name) ? [] : [`${path}: ${name}`]);
  });
  assertEquals(missing, []);
});

Deno.test("comments cite sources that a reader can open, and no head lists the users of the file", () => {
  const wrong = [...sources, ...filesUnder("tests"), ...filesUnder("scripts")].flatMap(({ path, text }) => {
    const comments = text.split("\n").filter((line) => /^\s*(\/\/|\/?\*)/.test(line));
    const [head = ""] = text.split(/^(?!\/\/)/m);
    return [
      ...comments.filter((line) => /\bfacts:? (gocd|mesos|autoscalers)|\(facts:/.test(line)),
      ...head.match(/\b(Called|Used|Read|Thrown|Opened) by\b/g) ?? [],
    ].map((line) => `${path}: ${line.trim()}`);
  });
  assertEquals(wrong, []);
});

Deno.test("src contains no enums, namespaces or console calls", () => {
  const wrong = sources.flatMap((file) =>
    file.text.split("\n").flatMap((line, index) =>
      /^\s*(export )?(const )?enum\s|^\s*(export )?namespace\s|^\s*console\./.test(line)
        ? [`${file.path}:${index + 1}`]
        : []
    )
  );
  assertEquals(wrong, []);
});

Deno.test("in src, only the entry point of the sandbox calls Deno.exit", () => {
  const ending = sources.filter((file) => /Deno\.exit\(/.test(file.text)).map((file) => file.path);
  assertEquals(ending, ["src/sandbox/main.ts"]);
});

Deno.test("each lint rule in deno.json exists", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["lint", "--rules", "--json"] }).output();
  const listed = JSON.parse(new TextDecoder().decode(stdout)) as { rules: { code: string }[] };
  const known = new Set(listed.rules.map((rule) => rule.code));
  const named = (JSON.parse(Deno.readTextFileSync(`${root}deno.json`)) as { lint: { rules: { include: string[] } } })
    .lint.rules.include;
  assertEquals(named.filter((rule) => !known.has(rule)), []);
});

Deno.test("the version of the program equals the version in deno.json", async () => {
  const { version } = await import("../src/version.ts");
  assertEquals(version, (JSON.parse(Deno.readTextFileSync(`${root}deno.json`)) as { version: string }).version);
});

/** Texts of a source file, without comments; what is put into a template shows as `X`. */
function textsOf(code: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < code.length;) {
    const pair = code.slice(at, at + 2);
    const mark = code[at] ?? "";
    if (pair === "//" || pair === "/*") {
      const end = code.indexOf(pair === "//" ? "\n" : "*/", at + 2);
      at = end < 0 ? code.length : end + (pair === "//" ? 1 : 2);
    } else if (mark === '"' || mark === "'" || mark === "`") {
      const { text, end } = textAt(code, at);
      found.push(text);
      at = end;
    } else {
      at++;
    }
  }
  return found;
}

function textAt(code: string, start: number): { readonly text: string; readonly end: number } {
  let text = "";
  let at = start + 1;
  let depth = 0;
  for (; at < code.length && (depth > 0 || code[at] !== code[start]); at++) {
    const isPlaceholder = depth === 0 && code[start] === "`" && code.slice(at, at + 2) === "${";
    if (code[at] === "\\" || isPlaceholder) at++;
    if (depth > 0) depth += code[at] === "{" ? 1 : code[at] === "}" ? -1 : 0;
    else text += isPlaceholder ? "X" : code[at];
    if (isPlaceholder) depth = 1;
  }
  return { text, end: at + 1 };
}

Deno.test("the texts of the core for operators are all in core/words", () => {
  const wordsMax = 3;
  const wrong = sources.filter(({ path }) => path.startsWith("src/core/") && !path.startsWith("src/core/words/"))
    .flatMap(({ path, text }) =>
      textsOf(text).filter((each) => / /.test(each) && (each.match(/\b[A-Za-z]{2,}\b/g) ?? []).length > wordsMax)
        .map((each) => `${path}: ${each}`)
    );
  assertEquals(wrong, []);
});

Deno.test("no code outside core/words parses a reason, a hint or the text of a note", () => {
  const reads =
    /\b(reason|hint|launchReason|nextAct|detail)\b\??\.(startsWith|endsWith|includes|match|replace|replaceAll|search|split)\(|\.(test|exec)\([^)]*\b(reason|hint|launchReason|nextAct|detail)\b/;
  /** Records of versions that had only the text; what GoCD itself reports. */
  const allowed = ["src/store/record_codec.ts", "src/gocd/health.ts"];
  const wrong = sources.filter(({ path }) => !path.startsWith("src/core/words/") && !allowed.includes(path))
    .flatMap(({ path, text }) =>
      text.split("\n").flatMap((line) => reads.test(line) ? [`${path}: ${line.trim()}`] : [])
    );
  assertEquals(wrong, []);
});

Deno.test("only the settings and the opening of the state distinguish its kinds, and the program whether one instance leads", () => {
  const asks = /\b(state|place)\.kind\b.*"(sqlite|zookeeper)"|case "sqlite"/;
  const asking = sources.filter(({ path, text }) => path.startsWith("src/") && asks.test(text)).map(({ path }) => path);
  assertEquals(asking.toSorted(), [
    "src/config/state.ts",
    "src/runtime/program.ts",
    "src/store/open.ts",
  ]);
});

for (const each of textModules) {
  Deno.test(`${each.path} embeds the current text of its files`, () => {
    const embedded = Deno.readTextFileSync(`${root}${each.path}`);
    assertEquals(embedded === moduleText(each), true, "run deno run -RW scripts/embed_assets.ts");
  });
}
