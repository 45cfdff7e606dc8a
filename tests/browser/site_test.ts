// The site of the documents in a real browser: it is accessible (axe-core), and loads nothing from other hosts.

import { assertEquals } from "@std/assert";
import axe from "axe-core";
import { writeSite } from "../../scripts/site.ts";
import { isInstalled, launchBrowser } from "../support/open_page.ts";

/** Pages with drawings, wide tables, and long code. */
const pages = ["README.html", "docs/concepts.html", "docs/sizing.html"];

Deno.test({
  name:
    "axe-core has no finding on the site in light and dark mode, wide and narrow, and the site loads nothing from other hosts" +
    (isInstalled ? "" : " (apt-get install chromium)"),
  ignore: !isInstalled,
  async fn(): Promise<void> {
    const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-site-" });
    writeSite(folder);
    const browser = await launchBrowser();
    const found: string[] = [];
    try {
      const page = await browser.newPage();
      page.on("request", (request) => {
        if (!request.url().startsWith("file:")) found.push(`asked for ${request.url()}`);
      });
      for (const path of pages) {
        await page.goto(`file://${folder}/${path}`);
        await page.evaluate(axe.source);
        for (const [colorScheme, width] of [["light", 1300], ["dark", 1300], ["light", 390], ["dark", 390]] as const) {
          await page.setViewportSize({ width, height: 800 });
          await page.emulateMedia({ colorScheme });
          const findings: string[] = await page.evaluate(
            `axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))`,
          );
          found.push(...findings.map((each) => `${path} (${colorScheme}, ${width}): ${each}`));
        }
      }
    } finally {
      await browser.close();
      Deno.removeSync(folder, { recursive: true });
    }
    assertEquals(found, []);
  },
});
