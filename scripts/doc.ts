// deno-lint-ignore-file no-console -- scripts talk to the person who runs them
// `deno task doc`: every exported symbol is documented and refers to exported types only. Members of an interface need
// no comment where their name and type say everything.

const root = new URL("..", import.meta.url).pathname;

function sources(folder: string): string[] {
  return [...Deno.readDirSync(`${root}${folder}`)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory ? sources(path) : entry.name.endsWith(".ts") ? [path] : [];
  });
}

const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", "main.ts", ...sources("src").sort()],
  cwd: root,
  env: { NO_COLOR: "1" },
}).output();
const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
const findings = text.split(/\n(?=error\[)/).filter((part) => part.startsWith("error[")).map((part) => {
  const [head = "", place = "", , code = ""] = part.split("\n");
  return { head, place: place.replace(/^\s*-->\s*/, "").replace(root, ""), code: code.replace(/^\s*\d+ \|/, "") };
});
const wrong = findings.filter(({ head, code }) => !head.startsWith("error[missing-jsdoc]") || !/^ {3,}/.test(code));
for (const { head, place, code } of wrong) console.error(`${place}: ${head}\n   ${code.trim()}`);
console.log(`${wrong.length === 0 ? "ok" : "FAILED"}: ${wrong.length} documentation errors`);
if (findings.length === 0 && !/Checked \d+ file|^$/.test(text.trim())) console.log(text.slice(0, 500));
Deno.exit(wrong.length === 0 ? 0 : 1);
