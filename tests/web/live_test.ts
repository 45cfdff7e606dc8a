// Open pages by server-sent events: only changes since the document, or everything for a reader without one.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Picture } from "../../src/core/view/picture.ts";
import type { StatusView } from "../../src/core/view/view.ts";
import { type Change, changed, piecesOf } from "../../src/web/changes.ts";
import { Secret } from "../../src/secret.ts";
import type { CommandAnswer } from "../../src/web/commands.ts";
import { createHandler } from "../../src/web/handler.ts";
import { createLivePages, type LivePage, type LivePages, versionText } from "../../src/web/live.ts";
import { allJobs } from "../../src/web/page_query.ts";
import { livePage } from "../../src/web/status_page.ts";
import { pictureOf } from "../support/picture.ts";
import { sampleOptions } from "../support/web_options.ts";
import { largeView, sampleMs, sampleNotes, sampleView } from "../support/sample_view.ts";

const links = { gocdUrl: "http://gocd.example.org/go", mesosScheme: "http" } as const;

function render({ view, notes }: Picture, query = allJobs): LivePage {
  return livePage({ view, notes, query, links, version: "1", sandbox: "on" });
}

interface Update {
  readonly at: number;
  readonly title?: string;
  readonly whole?: true;
  readonly parts: Readonly<Record<string, readonly Change[]>>;
}

/** A reader that is sent messages, and what it has. */
interface OpenPage {
  /** The text of the next message that is sent. */
  readonly next: () => string;
  readonly parts: Map<string, readonly string[]>;
}

/** Opens a stream for a reader who has `document`; absent: nothing. */
function open(pages: LivePages, document?: LivePage): OpenPage {
  const source = pages.open(allJobs, document === undefined ? undefined : versionText(document.version));
  const parts = new Map(document?.parts.entries().map(([id, markup]) => [id, piecesOf(markup)]));
  return {
    parts,
    next: () => {
      const text = [1, 2, 3].map(() => source.next()).join("");
      const [, data] = /event: update\ndata: (.*)\n\n$/.exec(text) ?? [];
      if (data !== undefined) {
        const update = JSON.parse(data) as Update;
        if (update.whole === true) parts.clear();
        for (const [id, changes] of Object.entries(update.parts)) parts.set(id, changed(parts.get(id) ?? [], changes));
      }
      return text;
    },
  };
}

/** Pages of a program whose picture changes. */
interface ChangingPages {
  readonly pages: LivePages;
  readonly show: (view: StatusView) => void;
  /** The page as a document, which is sent. */
  readonly load: () => LivePage;
}

function pagesOf(first: StatusView): ChangingPages {
  let picture = pictureOf(first, { notes: sampleNotes });
  const pages = createLivePages(() => picture, render);
  return {
    pages,
    show: (view) => picture = pictureOf(view, { notes: sampleNotes }),
    load: () => {
      const page = render(picture);
      pages.sent(page);
      return page;
    },
  };
}

function has(page: OpenPage): Record<string, string> {
  return Object.fromEntries([...page.parts].map(([id, pieces]) => [id, pieces.join("")]));
}

Deno.test("a reader without a document gets the whole page, and then changes", () => {
  const { pages, show } = pagesOf(sampleView);
  const page = open(pages);
  assertMatch(page.next(), /^retry: 2000\nid: \S+\nevent: update\n/);
  assertEquals(has(page), Object.fromEntries(render(pictureOf(sampleView, { notes: sampleNotes })).parts));
  const next = { ...sampleView, jobs: sampleView.jobs.slice(2), problems: [], frozen: true };
  show(next);
  assertMatch(page.next(), /^id: \S+\nevent: update\n/);
  assertEquals(has(page), Object.fromEntries(render(pictureOf(next, { notes: sampleNotes })).parts));
});

Deno.test("a reader with the current document of 10,000 jobs gets only the time", () => {
  const view = { ...largeView(10_000, 1_000), atMs: sampleMs };
  const { pages, load, show } = pagesOf(view);
  const page = open(pages, load());
  show({ ...view, atMs: sampleMs + 1_000 });
  assertEquals(page.next(), `retry: 2000\nevent: tick\ndata: ${sampleMs + 1_000}\n\n`);
});

Deno.test("a reader gets the changes since its document", () => {
  const { pages, load, show } = pagesOf(sampleView);
  const document = load();
  const next = { ...sampleView, jobs: sampleView.jobs.slice(2), frozen: true };
  show(next);
  const page = open(pages, document);
  const message = page.next();
  assert(message.length < [...document.parts.values()].join("").length / 4, `${message.length} characters`);
  assertEquals(has(page), Object.fromEntries(render(pictureOf(next, { notes: sampleNotes })).parts));
});

Deno.test("a reader with an older document gets the changes, or the whole page once the document is forgotten", () => {
  const large = { ...largeView(10_000, 1_000), atMs: sampleMs };
  const { pages, load, show } = pagesOf(sampleView);
  const document = load();
  open(pages, document).next();
  show(large);
  const soon = open(pages, document);
  soon.next();
  const [job, ...jobs] = large.jobs;
  if (job === undefined) throw new Error("the view is empty");
  for (let looks = 1; looks <= 10; looks++) {
    show({ ...large, jobs: [{ ...job, brief: `look ${looks}` }, ...jobs] });
    soon.next();
  }
  const late = open(pages, document);
  assertMatch(late.next(), /"whole":true/);
  assertEquals(has(late), has(soon));
});

Deno.test("a reader with older time spans gets the current ones", () => {
  const { gocd } = sampleView;
  const polled = (seconds: number): StatusView => {
    const problem = { code: "c", message: `no successful poll for ${seconds} s`, hint: "h" };
    const health = { state: "failing", sinceMs: sampleMs, problem } as const;
    return { ...sampleView, gocd: { ...gocd, health } };
  };
  const { pages, load, show } = pagesOf(polled(12));
  const document = load();
  show(polled(14));
  load();
  const page = open(pages, document);
  page.next();
  assertEquals(has(page), Object.fromEntries(render(pictureOf(polled(14), { notes: sampleNotes })).parts));
});

Deno.test("changes start from the version of the document, or from Last-Event-ID after a reconnection", async () => {
  let picture = pictureOf(sampleView, { notes: sampleNotes });
  let nowMs = sampleMs;
  const handler = createHandler(sampleOptions({ picture: () => picture, nowMs: () => nowMs }));
  const versionIn = async (path: string): Promise<string> => {
    const page = await (await handler(new Request(`http://localhost${path}`))).text();
    return /<main id="live" tabindex="-1" data-version="([^"]+)">/.exec(page)?.[1] ?? "none";
  };
  const first = async (version: string, headers: HeadersInit = {}): Promise<string> => {
    const { body } = await handler(new Request(`http://localhost/events?from=${version}`, { headers }));
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await reader?.read() ?? {};
    await reader?.cancel();
    return value;
  };
  const before = await versionIn("/");
  picture = pictureOf({ ...sampleView, frozen: true }, { notes: sampleNotes });
  nowMs += 1_000;
  const after = await versionIn("/fragment");
  assertMatch(await first(before), /^retry: 2000\nid: \S+\nevent: update\ndata: (?!.*"whole")/);
  assertMatch(await first("unknown"), /"whole":true/);
  assert((await first("unknown", { "Last-Event-ID": after })).length < (await first("unknown")).length / 4);
});

Deno.test("if only time passes, only the time is sent", () => {
  const idle = { ...sampleView, instances: sampleView.instances.filter(({ state }) => state === "gone") };
  const { pages, show } = pagesOf(idle);
  const page = open(pages);
  page.next();
  show({ ...idle, atMs: sampleMs + 2_000 });
  assertEquals(page.next(), `event: tick\ndata: ${sampleMs + 2_000}\n\n`);
});

Deno.test("a change of one job and one agent of thousands is sent in less than 2 kB", () => {
  const view = largeView(10_000, 1_000);
  const { pages, show } = pagesOf(view);
  const page = open(pages);
  page.next();
  const [job, ...jobs] = view.jobs;
  const [instance, ...instances] = view.instances;
  if (job === undefined || instance === undefined) throw new Error("the view is empty");
  show({
    ...view,
    atMs: sampleMs + 2_000,
    jobs: [{ ...job, brief: "something else" }, ...jobs],
    instances: [{ ...instance, state: "idle", sinceMs: sampleMs }, ...instances],
  });
  const message = page.next();
  assert(message.includes("something else") && message.includes("idle"), message);
  assert(message.length < 2_000, `${message.length} bytes`);
});

Deno.test("200 agents that only grow older cause no changes", () => {
  const view = largeView(0, 200);
  const instances = view.instances.map((instance, index) => {
    const createdMs = sampleMs - index * 700;
    const life = [
      { state: "starting", sinceMs: createdMs },
      { state: "registering", sinceMs: createdMs + 3_000 },
    ] as const;
    return { ...instance, state: "starting" as const, createdMs, sinceMs: createdMs, life };
  });
  const { pages, show } = pagesOf({ ...view, demand: [], problems: [], instances });
  const page = open(pages);
  page.next();
  for (let looks = 1; looks <= 60; looks++) {
    const atMs = sampleMs + looks * 2_000;
    show({ ...view, demand: [], problems: [], instances, atMs });
    assertEquals(page.next(), `event: tick\ndata: ${atMs}\n\n`);
  }
});

Deno.test("readers of the same page share its rendering, and each gets its own changes", () => {
  let renderings = 0;
  let picture = pictureOf(sampleView);
  const pages = createLivePages(() => picture, (given, query) => {
    renderings++;
    return render(given, query);
  });
  const [one, other] = [open(pages), open(pages)];
  one.next();
  other.next();
  assertEquals(renderings, 1);
  picture = pictureOf({ ...sampleView, frozen: true });
  one.next();
  assertEquals(open(pages).next().length > 10_000, true, "who comes later has nothing yet");
  assertEquals(other.next().length < 2_000, true);
  assertEquals(has(one), has(other));
});

Deno.test("/events starts with the requested page, and HEAD has no body", async () => {
  const handler = createHandler(sampleOptions());
  const head = await handler(new Request("http://localhost/events", { method: "HEAD" }));
  assertEquals([head.status, head.headers.get("content-type"), head.body], [
    200,
    "text/event-stream; charset=utf-8",
    null,
  ]);
  const { body } = await handler(new Request("http://localhost/events?verdict=unserved&from=unknown"));
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader?.read() ?? {};
  assertMatch(value, /^retry: 2000\nid: \S+\nevent: update\ndata: \{.*\}\n\n$/);
  assert(value.includes("mobile/88/build/1/ios") && !value.includes("shop/1204/test/1/unit-runInstance-8"));
  await reader?.cancel();
});

Deno.test("a reader that connects after a command gets the picture after it", async () => {
  let view = sampleView;
  const onCommand = (): Promise<CommandAnswer> => {
    view = { ...view, frozen: true };
    return Promise.resolve({ kind: "accepted", message: "done" });
  };
  const handler = createHandler(sampleOptions({
    picture: () => pictureOf(view),
    commands: { tokens: [new Secret("http.admin-token", () => "t")], onCommand },
  }));
  const first = async (): Promise<string> => {
    const reader = (await handler(new Request("http://localhost/events"))).body?.getReader();
    const { value } = await reader?.read() ?? {};
    await reader?.cancel();
    return new TextDecoder().decode(value);
  };
  assertEquals((await first()).includes("Launching is frozen"), false);
  const headers = { Authorization: "Bearer t" };
  const done = await handler(new Request("http://localhost/api/commands/freeze", { method: "POST", headers }));
  assertEquals((await done.json()).kind, "accepted");
  assertEquals((await first()).includes("Launching is frozen"), true);
});
