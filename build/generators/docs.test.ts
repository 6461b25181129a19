import { describe, expect, test } from "vitest";
import { ENTRIES, FUNCTIONS, HEADERS } from "../../abi/definition/index.ts";
import { generateDocs } from "./docs.ts";
import { safetySection } from "./docs-header.ts";

const pages = generateDocs(ENTRIES);
const page = (name: string) => pages.get(`docs/abi/${name}.md`) as string;
const of = (header: string) => FUNCTIONS.filter((entry) => entry.header === header);

describe("pages", () => {
  test("one a header, the callbacks and an index", () => {
    expect([...pages.keys()].sort()).toEqual(
      ["README", "callbacks", ...HEADERS].map((name) => `docs/abi/${name}.md`).sort(),
    );
  });

  test("every function has its block, every struct its offsets", () => {
    for (const entry of FUNCTIONS) expect(page(entry.header)).toContain(`### \`${entry.name}()\``);
    expect(page("vdev-core")).toContain("| 16 | 16 | `v_block` | `struct qvm_state_block` |");
  });

  test("tables keep their columns", () => {
    for (const [path, text] of pages) {
      for (const block of text
        .trimEnd()
        .split("\n\n")
        .filter((part) => part.startsWith("| "))) {
        const widths = block.split("\n").map((line) => line.replaceAll("\\|", "").split("|").length);
        expect(new Set(widths).size, `${path}: ${block.slice(0, 60)}`).toBe(1);
      }
    }
  });

  test("links between pages lead somewhere", () => {
    for (const [path, text] of pages) {
      for (const [, target] of text.matchAll(/\]\(([\w-]+\.md)[#)]/g)) {
        expect(pages.has(`docs/abi/${target}`), `${path} links to ${target}`).toBe(true);
      }
    }
  });
});

describe("function safety", () => {
  test("a header without functions says that none is needed", () => {
    expect(page("types")).toContain("defines no functions, so it needs no function safety table");
    expect(page("abi")).toContain("defines no functions");
  });

  test("a header whose functions all behave alike says so in one sentence", () => {
    const text = safetySection(of("vq"), "").join("\n");
    expect(text).toContain("All 3 functions of this header behave alike");
    expect(text).not.toContain("| Function |");
  });

  test("one function that differs brings the table back", () => {
    const functions = of("vq").map((entry, i) =>
      i === 0 ? { ...entry, phase: { value: "startup", status: "documented" } as const } : entry,
    );
    expect(safetySection(functions, "").join("\n")).toContain("| `vq_get_from_driver` | startup |");
  });

  test("conditions are spelled out", () => {
    expect(page("guest")).toContain(
      "| `guest_intr_string` | startup and running | yes; while running without allocated buffers |",
    );
    expect(page("gasp")).toContain("only between `gasp_lock()` and `gasp_unlock()`");
  });
});

test("a prototype of ours is marked as not portable, and never as a release's", () => {
  const block = page("vdev-core")
    .split("### ")
    .find((part) => part.startsWith("`vdev_path()`")) as string;
  expect(block).toContain("not portable as is");
  expect(block).not.toContain("/* 7.0 */");
});

test("callbacks give phase and thread, and whose statement it is", () => {
  expect(page("callbacks")).toContain("| vread | `vdev_vread_func_t` | running | vcpu |");
  expect(page("callbacks")).toContain("| ASSIGN | `VDEV_CTRL_ASSIGN` | 8 (vdevbox) | startup | main |");
  expect(page("callbacks")).toContain("| timer | `vdev_timer_func_t` | running (inferred) | timer (vdevbox) |");
});
