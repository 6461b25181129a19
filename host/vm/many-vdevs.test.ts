/** Oracle: each of a thousand vdevs is the one its line of the configuration says. */
import { expect, it } from "vitest";
import { read } from "../../test/support/vm.ts";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";

const TYPES = 8;
const COUNT = 1000;
const BASE = 0x1c000000;

/** Answers reads with its own type's number. */
const answering = (n: number) =>
  watVdev({
    vread: `(i32.store offset=32 (local.get $gcp) (i32.const ${n})) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
  });

it("a thousand vdevs of eight types start, each with a name and a place of its own", () => {
  const modules = Object.fromEntries(Array.from({ length: TYPES }, (_, i) => [`type${i}`, answering(i)]));
  const list = Array.from({ length: COUNT }, (_, i) => `vdev type${i % TYPES} loc ${BASE + i * 0x1000}`);
  const { vm, error } = startConfig(modules, list.join("\n"));
  expect(error).toBe("");
  expect(vm!.vdevs.map((vdev) => vdev.name)).toEqual(
    list.map((_, i) => (i < TYPES ? `type${i % TYPES}` : `type${i % TYPES}-${Math.floor(i / TYPES)}`)),
  );
  for (let i = 0; i < COUNT; i++) expect(read(vm!, BigInt(BASE + i * 0x1000))).toEqual([0, BigInt(i % TYPES)]);
});

it("a name the host gives keeps clear of those the user gave before", () => {
  const { vm, error } = startConfig(
    { dev: answering(1) },
    "vdev dev loc 0x1000 name dev-1\nvdev dev loc 0x2000\nvdev dev loc 0x3000\nvdev dev loc 0x4000 name dev-1",
  );
  expect(vm).toBeUndefined();
  expect(error).toBe(
    "vm.qvmconf:4:1: two vdevs are named dev-1 (the other one at vm.qvmconf:1:1); give one another name",
  );
  const free = startConfig(
    { dev: answering(1) },
    "vdev dev loc 0x1000 name dev-1\nvdev dev loc 0x2000\nvdev dev loc 0x3000",
  );
  expect(free.vm!.vdevs.map((vdev) => vdev.name)).toEqual(["dev-1", "dev", "dev-2"]);
});
