/** Oracle: what the command line and the script guest say of themselves. A page that leaves a word out is out of date. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { predefinedSymbols } from "../../host/guests/rom/memory-map.ts";
import { parseScript } from "../../host/guests/script/parse-script.ts";
import { packageRoot } from "../../host/paths.ts";
import { vdevbox } from "../e2e/command-line.ts";

const page = (name: string) => readFileSync(join(packageRoot(), name), "utf8");

describe("docs/command-line.md", () => {
  const text = page("docs/command-line.md");
  const commands = [...vdevbox("--help").out.matchAll(/^ {2}(\w+) {2,}/gm)].map((match) => match[1]!);

  it("has every command", () => {
    expect(commands).toContain("run");
    for (const command of commands) expect(text).toContain(`| \`${command}\``);
  });

  it("has every option of every command", () => {
    for (const command of commands.filter((name) => name !== "help")) {
      const from = text.indexOf(`\n## ${command}\n`);
      const section = text.slice(from, text.indexOf("\n## ", from + 1) >>> 0);
      const options = [...vdevbox(command, "--help").out.matchAll(/^ {2}(--[\w-]+)/gm)].map((match) => match[1]!);
      for (const option of options.filter((name) => name !== "--help" && name !== "--side")) {
        expect(section, `${command} ${option}`).toContain(option);
      }
    }
  });
});

describe("docs/guests.md", () => {
  const text = page("docs/guests.md");

  it("has every word of scripts", () => {
    let told = "";
    try {
      parseScript("xyzzyx-xyzzyx", "s");
    } catch (error) {
      told = String(error);
    }
    const words = /commands are (.*)$/.exec(told)![1]!.split(", ");
    expect(words.length).toBeGreaterThan(20);
    for (const word of words) expect(text).toMatch(new RegExp(`^\\|.*\`${word}\\b.*\\|$`, "m"));
  });

  it("has every name that x86 programs may use, with its value", () => {
    for (const [name, value] of predefinedSymbols) {
      const hex = value.toString(16);
      const line = text.split("\n").find((one) => one.includes(`\`${name}\``) && one.toLowerCase().includes(hex));
      expect(line, `${name} = 0x${hex}`).toBeDefined();
    }
  });
});
