/**
 * The page of a campaign in a real browser. Oracle: what a reader needs: everything is there, nothing is cut off, text can
 * be told from its ground (WCAG 2.2, 1.4.3), tables have headers, and nothing but text comes of what vdevs say.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatFinding } from "../../host/gate/finding.ts";
import { packageRoot } from "../../host/paths.ts";
import { readCampaign } from "../../host/report/campaign.ts";
import { pageOf } from "../../host/report/page.ts";
import { HOSTILE, hostileVault, runCampaign } from "../report/campaign.ts";
import { Chromium, findChromium, type PageEvent } from "./chromium.ts";
import { CONTRASTS, TABLES } from "./in-page.ts";

const binary = findChromium();
if (binary === undefined) console.warn("SKIPPED: no chromium here, so no page was looked at; apt-get install chromium");

/** Where pictures are kept, for who wants to look. */
const PICTURES = join(packageRoot(), "build/out/browser");
const SIZES = [
  ["wide", 1280, "light"],
  ["wide", 1280, "dark"],
  ["narrow", 420, "light"],
  ["narrow", 420, "dark"],
] as const;

describe.skipIf(binary === undefined)("the page of a campaign in Chromium", () => {
  let root = "";
  let chromium: Chromium;
  const pages = new Map<string, string>();

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "vdevbox-browser-"));
    mkdirSync(PICTURES, { recursive: true });
    const write = (name: string, folder: string) => {
      const file = join(root, `${name}.html`);
      const place = { link: (to: string) => `${name}/findings/${to}`, made: new Date(0), textOf: formatFinding };
      writeFileSync(file, pageOf(readCampaign(folder, []), place));
      pages.set(name, `file://${file}`);
    };
    await hostileVault(root);
    const vault = { what: "vault", config: "ram 0,1M\nvdev vault loc 0x1c000000\n", modulePath: [join(root, "out")] };
    await runCampaign({ ...vault, path: join(root, "vault"), executions: 3000, seed: 4 });
    write("vault", join(root, "vault"));
    const shipped = { modulePath: [join(packageRoot(), "build/out/vdevs")], executions: 3000 };
    const board =
      "ram 0,1M\nvdev pl011 loc 0x1c090000\nvdev wdt-sp805 loc 0x1c0f0000\nvdev pl031 loc 0x1c170000\nvdev mc146818 loc io:0x70\n";
    await runCampaign({ ...shipped, what: "board", config: board, path: join(root, "board") });
    write("board", join(root, "board"));
    for (const folder of ["corpus", "findings"]) mkdirSync(join(root, "empty", folder), { recursive: true });
    write("empty", join(root, "empty"));
    chromium = await Chromium.start(binary!);
  }, 120_000);
  afterAll(async () => {
    await chromium?.end();
    rmSync(root, { recursive: true, force: true });
  });

  for (const name of ["vault", "board", "empty"]) {
    describe(name, () => {
      it("loads nothing but itself and says nothing on the console", async () => {
        const events = await chromium.open(pages.get(name)!);
        const urls = events.filter(({ method }) => method === "Network.requestWillBeSent").map(urlOf);
        expect(urls).toEqual([pages.get(name)]);
        expect(events.filter(({ method }) => COMPLAINTS.has(method))).toEqual([]);
        expect(await chromium.evaluate("document.compatMode")).toBe("CSS1Compat");
      });

      it.each(SIZES)("%s (%i pixels, %s): fits, and all text can be read", async (size, width, scheme) => {
        await chromium.view(width, 900, scheme);
        await chromium.open(pages.get(name)!);
        const { scrollWidth, height } = await chromium.evaluate<{ scrollWidth: number; height: number }>(
          "({ scrollWidth: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight })",
        );
        expect(scrollWidth).toBeLessThanOrEqual(width);
        const picture = await chromium.picture(0, width, Math.min(height, 6000));
        writeFileSync(join(PICTURES, `${name}-${size}-${scheme}.png`), picture);
        expect(await chromium.evaluate(CONTRASTS)).toEqual([]);
      });

      it("has tables with headers, one main part, headings in order, and links that lead somewhere", async () => {
        await chromium.open(pages.get(name)!);
        expect(await chromium.evaluate(TABLES)).toEqual([]);
      });

      it("is printed, everything unfolded, on light ground", async () => {
        await chromium.view(1280, 900, "dark");
        await chromium.open(pages.get(name)!);
        const { data } = await chromium.send("Page.printToPDF", { printBackground: true });
        const pdf = Buffer.from(data as string, "base64");
        writeFileSync(join(PICTURES, `${name}.pdf`), pdf);
        expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
        await chromium.send("Emulation.setEmulatedMedia", { media: "print" });
        const ground = await chromium.evaluate("getComputedStyle(document.body).backgroundColor");
        expect(ground).toBe("rgb(255, 255, 255)");
        const folded = `[...document.querySelectorAll("details:not([open])>:not(summary)")].filter(e => !e.getBoundingClientRect().height).length`;
        expect(await chromium.evaluate(folded)).toBe(0);
        await chromium.send("Emulation.setEmulatedMedia", { media: "" });
      });
    });
  }

  it("shows what a hostile vdev says, as text", async () => {
    const events = await chromium.open(pages.get("vault")!);
    expect(events.filter(({ method }) => method === "Page.javascriptDialogOpening")).toEqual([]);
    expect(await chromium.evaluate("document.querySelectorAll('script,img,iframe,object').length")).toBe(0);
    const shown = await chromium.evaluate<string>("document.querySelector('main').innerText");
    expect(shown.split(HOSTILE).length).toBeGreaterThan(3);
  });

  it("goes to a line of a source from the list of what was not reached", async () => {
    await chromium.view(1280, 900, "light");
    await chromium.open(pages.get("board")!);
    const inView = await chromium.evaluate(`(async () => {
      const link = [...document.querySelectorAll('#sources a[href^="#f"]')].find(a => /-\\d+$/.test(a.hash));
      link.click();
      await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
      const row = document.querySelector(link.hash).getBoundingClientRect();
      const nav = document.querySelector('nav').getBoundingClientRect();
      return row.top >= nav.bottom && row.bottom <= innerHeight;
    })()`);
    expect(inView).toBe(true);
  });

  it("is wide enough for the registers at 1280 pixels", async () => {
    await chromium.view(1280, 900, "light");
    await chromium.open(pages.get("board")!);
    const cut = await chromium.evaluate(
      "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.ariaLabel)",
    );
    expect(cut).toEqual([]);
  });
});

const COMPLAINTS = new Set(["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"]);

function urlOf({ params }: PageEvent): string {
  return (params.request as { url: string }).url;
}
