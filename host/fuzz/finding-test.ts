import { basename, relative, resolve, sep } from "node:path";
import type { Finding } from "../gate/finding.ts";
import type { FindingRecord } from "./finding-folder.ts";

/** What generated tests import. */
const TESTING = "vdevbox/testing";

/**
 * The test beside a finding: it fails until the finding is mended.
 * @param folder of the finding, in which the test, the configuration and the program are
 */
export function testOfFinding(record: FindingRecord, folder: string): string {
  const { finding, schedule, atStart } = record;
  const paths = record.modulePath.map((path) => relative(folder, resolve(path)).split(sep).join("/"));
  const vm = [`    config: ${beside("vm.qvmconf")},`, `    modulePath: [${paths.map(beside).join(", ")}],`];
  const isSearch = !atStart && schedule !== undefined;
  const body = atStart ? startBody(vm, finding) : isSearch ? scheduleBody(vm) : programBody(vm, finding);
  return [
    'import { expect, test } from "vitest";',
    `import { ${isSearch ? "exploreDevice" : "createVm"}, fileBeside } from "${TESTING}";`,
    "",
    `test(${JSON.stringify(finding.message)}, async () => {`,
    ...body,
    // A search takes longer than vitest gives a test.
    isSearch ? "}, 120_000);" : "});",
    "",
  ].join("\n");
}

function beside(file: string): string {
  return `fileBeside(import.meta.url, ${JSON.stringify(file)})`;
}

function programBody(vm: readonly string[], { rule }: Finding): string[] {
  if (rule === "nondeterminism") return twiceBody(vm);
  return [
    "  const vm = createVm({",
    ...vm,
    "  });",
    `  await vm.runScript(${beside("program.script")});`,
    "  expect(vm.findings).toEqual([]);",
  ];
}

function twiceBody(vm: readonly string[]): string[] {
  return [
    "  const run = async () => {",
    "    const vm = createVm({",
    ...vm.map((line) => `  ${line}`),
    "    });",
    `    await vm.runScript(${beside("program.script")});`,
    "    return vm.digest();",
    "  };",
    "  expect(await run()).toBe(await run());",
  ];
}

function scheduleBody(vm: readonly string[]): string[] {
  return [
    "  const { findings } = await exploreDevice({",
    ...vm,
    `    guest: ${beside("program.script")},`,
    "  });",
    "  expect(findings).toEqual([]);",
  ];
}

/** It may be refused, which throws as well: what must not come is this finding. */
function startBody(vm: readonly string[], { message, module }: Finding): string[] {
  const anywhere = message.replaceAll(module, basename(module)); // the module may lie elsewhere by then
  return [
    "  const start = () => createVm({",
    ...vm,
    "  });",
    '  let told = "";',
    "  try {",
    '    told = start().findings.map(({ text }) => text).join("\\n");',
    "  } catch (error) {",
    "    told = String(error);",
    "  }",
    `  expect(told).not.toContain(${JSON.stringify(anywhere)});`,
  ];
}
