/** A headless Chromium, spoken to in the DevTools protocol over a pipe. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** Without sandbox, because root may not have one; and without what Chromium looks for on the network by itself. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-pipe",
];

/** The Chromium there is: that of the environment variable CHROMIUM, or of the PATH. @returns undefined without one */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM;
  for (const name of named === undefined ? ["chromium", "chromium-browser", "google-chrome"] : [named]) {
    if (spawnSync(name, ["--version"], { timeout: 20_000 }).status === 0) return name;
  }
  if (named !== undefined) throw new Error(`CHROMIUM is ${named}, which does not run`);
  return undefined;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** What a page did that it was not asked for. */
export interface PageEvent {
  readonly method: string;
  readonly params: Record<string, unknown>;
}

export class Chromium {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  readonly #events: PageEvent[] = [];
  readonly #listeners = new Map<string, () => void>();
  #buffer = "";
  #id = 0;
  #session: string | undefined;

  private constructor(binary: string) {
    this.#profile = mkdtempSync(join(tmpdir(), "vdevbox-chromium-"));
    this.#child = spawn(binary, [...FLAGS, `--user-data-dir=${this.#profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    const from = this.#child.stdio[4] as Readable;
    from.setEncoding("utf8");
    from.on("data", (text: string) => this.#read(text));
    this.#child.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("Chromium has ended"));
    });
  }

  static async start(binary: string): Promise<Chromium> {
    const chromium = new Chromium(binary);
    const { targetId } = await chromium.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await chromium.send("Target.attachToTarget", { targetId, flatten: true });
    chromium.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await chromium.send(`${domain}.enable`);
    return chromium;
  }

  /** @throws Error for what Chromium refuses */
  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    const answer = new Promise<Answer>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  #read(text: string): void {
    const messages = (this.#buffer + text).split("\0");
    this.#buffer = messages.pop()!;
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      if (answer.id !== undefined) {
        this.#waiting.get(answer.id)?.resolve(answer);
        this.#waiting.delete(answer.id);
      } else if (answer.method !== undefined) {
        this.#events.push({ method: answer.method, params: answer.params ?? {} });
        this.#listeners.get(answer.method)?.();
      }
    }
  }

  /** Shows a page, and waits until it is there. @returns all that happened meanwhile */
  async open(url: string): Promise<readonly PageEvent[]> {
    this.#events.length = 0;
    const loaded = new Promise<void>((resolve) => this.#listeners.set("Page.loadEventFired", resolve));
    await this.send("Page.navigate", { url });
    await loaded;
    await this.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    return [...this.#events];
  }

  /** Pixels of the window, and the scheme of colours its user prefers. */
  async view(width: number, height: number, scheme: "light" | "dark"): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  }

  /** What an expression, or a promise it gives, is worth in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: T }; exceptionDetails?: { text: string; exception?: { description?: string } } };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** A picture of the page from `y` on, as PNG. */
  async picture(y: number, width: number, height: number): Promise<Buffer> {
    const clip = { x: 0, y, width, height, scale: 1 };
    const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true, clip });
    return Buffer.from(data as string, "base64");
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.on("exit", resolve));
    if (this.#child.exitCode === null) {
      this.#session = undefined;
      await this.send("Browser.close").catch(() => this.#child.kill("SIGKILL"));
      await ended;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
