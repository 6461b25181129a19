// The program of examples/trace against a model of the trace vdev: one 32-bit word that counts seconds.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { AccessStatus, AccessWidth } from "../bus.ts";
import { MockBus } from "./mock-bus.ts";
import { createRomGuest } from "./rom-guest.ts";

const path = fileURLToPath(new URL("../../../examples/trace/guest.s", import.meta.url));

class TraceModel extends MockBus {
  counter = 0;
  secondsPerHalt = 1;

  override write(...access: Parameters<MockBus["write"]>): AccessStatus {
    this.counter = access[4];
    return super.write(...access);
  }

  override read(...access: Parameters<MockBus["read"]>): AccessStatus {
    const width: AccessWidth = access[3];
    this.valueLo = width === 4 ? this.counter : this.counter & (256 ** width - 1);
    return super.read(...access);
  }
}

async function runExample(prepare: (vdev: TraceModel) => void = () => {}) {
  const bus = new TraceModel();
  prepare(bus);
  let text = "";
  const guest = await createRomGuest({
    source: await readFile(path, "utf8"),
    file: "guest.s",
    ramBytes: 1024 * 1024,
    windows: [[0xe0000000, 4]],
    ports: [],
    bus,
    onHalt: () => {
      bus.counter += bus.secondsPerHalt;
      return "resume";
    },
    onOutput: (line) => {
      text += line;
    },
  });
  return { end: await guest.run(), text, log: bus.log };
}

test("it reads, writes, waits for a second, reads narrowly, and is content", async () => {
  const { end, text, log } = await runExample();
  expect(end).toEqual({ reason: "exit", code: 0 });
  expect(log).toEqual([
    "read memory e0000000 4",
    "write memory e0000000 4 = 12345678",
    "read memory e0000000 4",
    "read memory e0000000 4",
    "read memory e0000000 2",
    "read memory e0000000 1",
  ]);
  expect(text).toContain("waited for a second:       12345679\n");
});

test("it says which check failed when the counter is not zero at first, or does not move", async () => {
  const started = await runExample((vdev) => {
    vdev.counter = 5;
  });
  expect(started.end).toEqual({ reason: "exit", code: 1 });
  const stuck = await runExample((vdev) => {
    vdev.secondsPerHalt = 0;
  });
  expect(stuck.end).toEqual({ reason: "exit", code: 3 });
  expect(stuck.text).toContain("not as expected, check number 00000003");
});
