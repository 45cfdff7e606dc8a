// The pages of the demo's servers: only browsers receive them, and every link of the status page leads to one.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { gocdAgentHref, jobHref, sandboxHref } from "../../src/web/links.ts";
import { startDemoCluster } from "../../src/sim/demo/cluster.ts";
import type { Listen } from "../../src/sim/http/listen.ts";
import { sampleView } from "../support/sample_view.ts";

/** What a server of the demo answers at an address; `accept` as of a browser by default. */
type Ask = (address: string, accept?: string) => Promise<{ readonly status: number; readonly text: string }>;

/** A cluster without sockets. */
async function withCluster(
  body: (ask: Ask, cluster: ReturnType<typeof startDemoCluster>) => Promise<void>,
): Promise<void> {
  const serving = new Map<number, (request: Request) => Promise<Response>>();
  const listen: Listen = (_, serve) => {
    const port = 1_001 + serving.size;
    serving.set(port, serve);
    return { port, shutdown: () => Promise.resolve() };
  };
  const sleep = (_: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve()));
  const cluster = startDemoCluster({ gocdVersion: "26.1.0", seed: 1, nowMs: () => 0, sleep, listen });
  const ask: Ask = async (address, accept = "text/html,application/xhtml+xml") => {
    const answer = await serving.get(Number(new URL(address).port))?.(new Request(address, { headers: { accept } }));
    return { status: answer?.status ?? 0, text: await answer?.text() ?? "" };
  };
  try {
    await body(ask, cluster);
  } finally {
    await cluster.close();
  }
}

Deno.test("the links of a job and of an agent lead to a page that shows it and that the server is simulated", () =>
  withCluster(async (ask, { schedule, gocdUrl, models }) => {
    const job = { pipeline: "shop", stage: "build", job: "image", gocdResources: ["arm"], durationMs: 1 } as const;
    schedule([{ ...job, fate: "built" }]);
    const [{ locator } = { locator: "" }] = models.gocd.jobs();
    const links = { gocdUrl, mesosScheme: "http" } as const;
    const shown = await ask(jobHref(links, locator) ?? "");
    assertEquals(shown.status, 200);
    for (const part of ["It is simulated", "Scheduled", "arm", "shop/1/build/1/image"]) {
      assertStringIncludes(shown.text, part);
    }
    const [agent] = models.gocd.agents();
    const { text } = await ask(gocdAgentHref(links, agent?.uuid ?? "") ?? "");
    assertStringIncludes(text, agent?.hostname ?? "none");
    assertStringIncludes((await ask(`${gocdUrl}/`)).text, jobHref(links, locator)?.slice(gocdUrl.length - 3) ?? "none");
  }));

Deno.test("the link of a sandbox leads to an element of the page of the master", () =>
  withCluster(async (ask, { mesosMaster, models }) => {
    const [host] = models.mesos.view().mesosAgents;
    const mesos = { ...sampleView.mesos, master: mesosMaster, frameworkId: "f-1" };
    const href = sandboxHref({ gocdUrl: "", mesosScheme: "http" }, mesos, {
      mesosAgentId: host?.id ?? "",
      taskId: "t",
    });
    const [address = "", mark = ""] = href?.split("#") ?? [];
    const { status, text } = await ask(address);
    assertEquals(status, 200);
    assertStringIncludes(text, `id="${mark.replace(/\/frameworks.*/, "")}"`);
    assertStringIncludes(text, "It is simulated");
  }));

Deno.test("requests without an Accept for HTML, and paths without a page, have the responses of the simulated servers", () =>
  withCluster(async (ask, { gocdUrl, mesosMaster }) => {
    const master = `http://${mesosMaster}`;
    for (
      const [address, accept, status] of [
        [`${gocdUrl}/pipelines`, "application/json", 302],
        [`${gocdUrl}/tab/build/detail/a/1/b/1/c`, "*/*", 302],
        [`${gocdUrl}/api/agents`, "text/html", 401],
        [`${gocdUrl}/admin`, "text/html", 302],
        [`${master}/`, "*/*", 404],
        [`${master}/other`, "text/html", 404],
        [`${master}/version`, "text/html", 200],
      ] as const
    ) {
      assertEquals((await ask(address, accept)).status, status, `${address} ${accept}`);
    }
    assertStringIncludes((await ask(`${master}/version`)).text, "build_date");
    assertStringIncludes((await ask(`${gocdUrl}/agents/none/job_run_history`)).text, "No such agent");
    assertEquals((await ask(`${gocdUrl}/tab/build/detail/a/1/b/1/%E0`)).status, 302);
  }));
