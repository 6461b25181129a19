/** Oracle: what a terminal shows of the bytes, and docs/command-line.md. */
import { describe, expect, it } from "vitest";
import { FuzzStatus } from "./fuzz-status.ts";
import { StatusLine } from "./status-line.ts";

/** What is in the last line of a terminal after these bytes: carriage return goes to its start, ESC [ K empties it. */
function shown(bytes: string): string {
  let line = "";
  let at = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  for (const part of bytes.split(/(\r|\u001b\[K)/)) {
    if (part === "\r") at = 0;
    else if (part === "\u001b[K") line = line.slice(0, at);
    else {
      line = line.slice(0, at) + part + line.slice(at + part.length);
      at += part.length;
    }
  }
  return line;
}

function made(terminal: { isTTY?: boolean; columns?: number }) {
  const clock = { now: 0 };
  const text: string[] = [];
  const line = new StatusLine({ ...terminal, write: (part) => text.push(part) }, () => clock.now);
  return { line, text, clock, show: (what: string) => line.show(() => what) };
}

describe("a status line", () => {
  it("is replaced on a terminal, a few times a second, and never longer than it is wide", () => {
    const { line, text, clock, show } = made({ isTTY: true, columns: 20 });
    for (clock.now = 0; clock.now <= 2000; clock.now += 10) show(`at ${clock.now} ${"long ".repeat(20)}`);
    expect(text.length).toBeGreaterThanOrEqual(4);
    expect(text.length).toBeLessThanOrEqual(16);
    expect(text.join("")).not.toContain("\n");
    for (let i = 1; i <= text.length; i++) expect(shown(text.slice(0, i).join("")).length).toBeLessThan(20);
    line.clear();
    expect(shown(text.join(""))).toBe("");
    const before = text.length;
    line.clear();
    expect(text.length).toBe(before);
  });

  it.each([0, undefined])("is there on a terminal that does not say how wide it is (%s)", (columns) => {
    const { text, clock, show } = made(columns === undefined ? { isTTY: true } : { isTTY: true, columns });
    clock.now = 5000;
    show("x".repeat(500));
    expect(shown(text.join(""))).toMatch(/^x{40,80}$/);
  });

  it("is a line every few seconds elsewhere, without any control character", () => {
    const { line, text, clock, show } = made({});
    for (clock.now = 0; clock.now <= 20_000; clock.now += 10) show(`at ${clock.now}`);
    line.clear();
    expect(text.length).toBeGreaterThanOrEqual(2);
    expect(text.length).toBeLessThanOrEqual(5);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    for (const part of text) expect(part).toMatch(/^[^\x00-\x1f]+\n$/);
  });
});

describe("what is said of a campaign", () => {
  it("has executions, their rate, edges and how long none was new, corpus and findings", () => {
    let now = 1000;
    const status = new FuzzStatus(() => now);
    const progress = { executions: 0, corpus: 1, edges: 10, allEdges: 40, findings: 0 };
    status.see(progress);
    now = 3000;
    status.see({ edges: 20 });
    now = 5500;
    status.see({ edges: 20 });
    const text = status.text({ executions: 9000, corpus: 7, edges: 20, allEdges: 40, findings: 1 });
    // 9,000 in 4.5 s; the 20th edge at 3 s, 2.5 s ago.
    for (const part of [
      "9,000 executions",
      "2,000 a second",
      "20 of 40 edges (50 %)",
      "2.5 s ago",
      "7 programs",
      "1 finding",
    ]) {
      expect(text).toContain(part);
    }
  });
});
