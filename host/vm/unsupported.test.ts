/** Oracle: docs/configuration.md, kind by kind and action by action; exit code 5 is qvm's for an unsupported access. */
import { describe, expect, it } from "vitest";
import { read, write } from "../../test/support/vm.ts";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import type { Vm } from "./vm.ts";

const modules = { dev: watVdev({ without: ["vwrite"] }), bad: watVdev({ vread: "(unreachable)" }) };
const VDEVS = "ram 0,4k rom 0x2000,4k vdev dev loc 0x10000 vdev bad loc 0x20000 vdev dev loc io:0x100 name port";

const start = (unsupported: string): Vm => startConfig(modules, `${unsupported} ${VDEVS}`).vm!;

/** Accesses nobody handles, by the kind they are of. */
const ACCESSES = {
  mem: [(vm: Vm) => read(vm, 0x5000n)[0], (vm: Vm) => write(vm, 0x5000n, 1n), (vm: Vm) => write(vm, 0x2000n, 1n)],
  io: [(vm: Vm) => read(vm, 0x9000n, 4, "io")[0], (vm: Vm) => write(vm, 0x9000n, 1n, 4, "io")],
  reference: [
    (vm: Vm) => write(vm, 0x10000n, 1n),
    (vm: Vm) => write(vm, 0x100n, 1n, 4, "io"),
    (vm: Vm) => read(vm, 0x10ffen)[0],
  ],
} as const;
type Kind = keyof typeof ACCESSES;
const KINDS = Object.keys(ACCESSES) as Kind[];

describe("unsupported", () => {
  it.each(KINDS)("%s holds for its own accesses and for no other", (kind) => {
    for (const other of KINDS) {
      for (const access of ACCESSES[other]) {
        expect(access(start(`unsupported reference fail unsupported ${kind} ignore`))).toBe(
          other === kind ? 0 : access(start("")),
        );
        const vm = start(
          `unsupported mem ignore unsupported io ignore unsupported reference ignore unsupported ${kind} abort`,
        );
        access(vm);
        expect(vm.ended?.exitCode).toBe(other === kind ? 5 : undefined);
      }
    }
  });

  it("gives a bus error unless told otherwise, and reads all ones when ignored", () => {
    for (const access of KINDS.flatMap((kind) => ACCESSES[kind])) expect(access(start(""))).toBe(1);
    expect(read(start("unsupported mem ignore"), 0x5000n)).toEqual([0, 0xffffffffn]);
    expect(read(start("unsupported mem ignore unsupported mem fail"), 0x5000n)[0]).toBe(1);
  });

  it("reference follows the kind of its space when nothing is said of it, a stopped vdev included", () => {
    const vm = start("unsupported mem ignore");
    expect(write(vm, 0x10000n, 1n)).toBe(0);
    expect(write(vm, 0x100n, 1n, 4, "io")).toBe(1);
    read(vm, 0x20000n);
    expect(read(vm, 0x20000n)).toEqual([0, 0xffffffffn]);
    const stopped = start("unsupported mem ignore unsupported reference fail");
    read(stopped, 0x20000n);
    expect(read(stopped, 0x20000n)[0]).toBe(1);
  });

  it.each(["register", "instruction"])("%s changes nothing", (kind) => {
    expect(read(start(`unsupported ${kind} abort`), 0x5000n)[0]).toBe(1);
  });
});
