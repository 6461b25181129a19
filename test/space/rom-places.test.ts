/**
 * Places that the machine of a ROM guest cannot trap, asked for while it runs. Oracles: the program, which exits with what
 * it saw; and the replay, which has no guest and must refuse the same.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { createSession, parseGuestSpec } from "../../host/cli/session.ts";
import { Recorder } from "../../host/recording/recorder.ts";
import { replay } from "../../host/recording/replay.ts";
import { parseRecording } from "../../host/recording/text.ts";
import type { VmEvent } from "../../host/vm/events.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vdevbox-places-"));
  const file = fileURLToPath(new URL("./assembly/bar.ts", import.meta.url));
  await compileVdev({ file, outFile: join(folder, "bar.wasm") });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Moves the window there, and exits with 1 when the vdev was told that it is there, with 2 when it answers there. */
const program = (place: bigint) => `
start:
    movq place, %mm0
    movq %mm0, 0xd0000000           # BASE
    movl 0xd0000010, %ebx           # RESULT: regions set
    xor %eax, %eax
    cmpl $1, %ebx
    jne not_told
    or $1, %eax
not_told:
    cmpl $${place & 0xffffffffn}, ${place & 0xffffffffn}
    jne end
    or $2, %eax
end:
    out %eax, $EXIT_PORT
.data
place: .long ${place & 0xffffffffn}, ${place >> 32n}
`;

async function run(guest: string, conf = "ram 0,1M vdev bar loc 0xd0000000") {
  writeFileSync(join(folder, "guest.s"), guest);
  const early: VmEvent[] = [];
  const text: string[] = [];
  let recorder: Recorder | undefined;
  const pieces = [{ text: conf, file: "test.qvmconf" }];
  const session = await createSession({
    pieces,
    guest: parseGuestSpec(`rom:${join(folder, "guest.s")}`),
    listener: (event) => (recorder === undefined ? early.push(event) : recorder.event(event)),
    onOutput: () => {},
    modulePath: [folder],
  });
  recorder = new Recorder(session.vm, { guest: "rom", pieces }, (part) => text.push(part));
  for (const event of early) recorder.event(event);
  const end = await session.run();
  recorder.end(end);
  session.close();
  return { vm: session.vm, exitCode: end.exitCode, recording: text.join("") };
}

describe("a window that x86 code moves", () => {
  it.each([
    ["where nothing is", 0xd1000000n, 3, undefined],
    ["to the local APIC", 0xfee00ff8n, 0, "0xfee00ff8 of 0x10 bytes overlaps the local APIC"],
    [
      "to the last bytes of memory",
      2n ** 64n - 16n,
      0,
      "0xfffffffffffffff0 of 0x10 bytes does not fit below 0x100000000",
    ],
    ["over 4 GiB", 0xfffffff8n, 0, "0xfffffff8 of 0x10 bytes does not fit below 0x100000000"],
  ])("%s: is there or refused, and a replay agrees", async (_what, place, exitCode, sentence) => {
    const { exitCode: code, recording } = await run(program(place));
    expect(code).toBe(exitCode);
    if (sentence !== undefined) expect(recording).toContain(`memory region ${sentence}`);
    const again = replay(parseRecording(recording, "test.rec"), { modulePath: [folder] });
    expect(again.divergence).toBeUndefined();
  });
});

describe("between the two pieces of a ROM guest's RAM", () => {
  it("is room for a vdev, and above it the same memory that the guest has", async () => {
    // The device adds nothing: a read of the window's first word is its own address.
    const guest = `
start:
    movl $0xa0100, 0xa0000          # BASE: a window in the hole too
    movl 0xa0100, %eax
    cmp $0xa0100, %eax
    jne end
    movl $0x55, 0xc0000             # RAM again
    movl 0xc0000, %eax
end:
    out %eax, $EXIT_PORT
`;
    const { exitCode, recording, vm } = await run(guest, "ram 0,1M vdev bar loc 0xa0000");
    expect(exitCode).toBe(0x55);
    expect(vm.ram.ranges.map(({ start, bytes }) => [start, bytes.length])).toEqual([
      [0n, 0xa0000],
      [0xc0000n, 0x40000],
    ]);
    expect(vm.ram.ranges[1]?.bytes[0]).toBe(0x55);
    expect(replay(parseRecording(recording, "test.rec"), { modulePath: [folder] }).divergence).toBeUndefined();
  });

  it("is no room for a vdev that reaches into either", async () => {
    const at = (place: string) => run("start: ret", `ram 0,1M vdev bar loc ${place}`);
    await expect(at("0x9fff8")).rejects.toThrow(/overlaps 0x0\.\.0x9ffff of ram/);
    await expect(at("0xbfff8")).rejects.toThrow(/overlaps 0xc0000\.\.0xfffff of ram/);
  });
});
