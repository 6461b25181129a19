/**
 * How runs with threads in parallel end, whatever the threads are at. Oracle: docs/threads.md and the exit codes of
 * docs/command-line.md; the remarks in the vdev's source for the lines. That a process is gone says that its workers are.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { type Outcome, scratch, vdevbox, vdevboxSignalled } from "../e2e/command-line.ts";

const SOURCE = join(packageRoot(), "test/parallel/assembly/ends.ts");
const lines = readFileSync(SOURCE, "utf8").split("\n");
const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;
const INSIDE = join(packageRoot(), `build/out/parallel-ends-${process.pid}`);

beforeAll(async () => {
  mkdirSync(INSIDE, { recursive: true });
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  writeFileSync(join(INSIDE, "ends.wasm"), wasm);
  writeFileSync(join(INSIDE, "ends.wasm.map"), sourceMap);
}, 60_000);
afterAll(() => rmSync(INSIDE, { recursive: true, force: true }));

/** A guest that begins a job, and then goes on for a while: a read every 20 ms. */
function commandOf(job: number, ...settings: string[]): string[] {
  const guest = join(scratch(), `job${job}.script`);
  const turns = 'clock_step 20000000\nreadl 0xe0000000\nprint "turn"\n'.repeat(15);
  writeFileSync(guest, `writel 0xe0000000 ${job}\nprint "begun"\n${turns}print "over"\n`);
  const config = ["set threads parallel", ...settings, "vdev ends loc 0xe0000000"];
  return ["run", ...config, "--guest", guest, "--module-path", INSIDE];
}

const HOSTS_OWN = /node:internal|file:\/\/|TypeError|Uncaught|Warning/;
const lastOf = ({ err }: Outcome) => err.trimEnd().split("\n").at(-1);

it.each([
  [1, "sleeps until it is cancelled", 0, /the guest ended .* no findings/],
  [2, "waits for a condition until it is cancelled", 0, /the guest ended .* no findings/],
  [4, "calls the host all the time", 0, /the guest ended .* no findings/],
  [9, "ends the VM with a lock held", 32, /cause 32 .* no findings/],
  [12, "ends the VM beside threads that call the host", 32, /cause 32 .* no findings/],
] as const)("job %i, a thread that %s, ends with %i", (job, _what, code, end) => {
  const run = vdevbox(...commandOf(job));
  expect([run.code, lastOf(run)]).toEqual([code, expect.stringMatching(end)]);
});

it.each([
  [3, "never waits", "for ever"],
  [5, "traps beside threads that call the host", "traps"],
  [6, "fails an assertion", "fails"],
  [8, "breaks a rule", "unlocks what is not locked"],
  [10, "traps with locks held", "traps with locks"],
])("job %i, a thread that %s, ends with 6 and no word of the host's own", (job, _what, remark) => {
  const run = vdevbox(...commandOf(job));
  expect([run.code, run.err]).toEqual([6, expect.not.stringMatching(HOSTS_OWN)]);
  expect(run.err).toContain(`ends.ts:${lineOf(remark)}:`);
});

const MOMENTS = [1, 2, 3, 4].flatMap((job) =>
  (["SIGINT", "SIGTERM"] as const).flatMap((signal) =>
    ["begun", "turn\nturn\nturn\n"].map((seen) => ({ job, signal, seen })),
  ),
);
it.each(MOMENTS)(
  "$signal to job $job behind $seen ends it with 3, and nothing is left",
  async ({ job, signal, seen }) => {
    const run = await vdevboxSignalled(signal, seen, ...commandOf(job, "set vdevbox-steps 1000000000"));
    expect([run.code, run.err]).toEqual([3, expect.not.stringMatching(HOSTS_OWN)]);
    expect(run.out).not.toContain("over");
  },
);
