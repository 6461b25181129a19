import { afterAll } from "vitest";
import type { TestVmOptions } from "../../host/testing/api.js";
import type { Twin } from "../planted/devices/devices.ts";
import { PLANTED_DEVICES } from "../planted/devices/expected.ts";
import { DeviceModule } from "../planted/devices/time-to-bug.ts";

/** Planted devices and their corrected twins, as the tests of a file want them. */
export class Devices {
  readonly #modules = new Map<string, DeviceModule>();

  constructor() {
    afterAll(() => {
      for (const module of this.#modules.values()) module.end();
    });
  }

  /** Compiles both twins. */
  async make(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const planted = PLANTED_DEVICES.find((one) => one.name === name)!;
      for (const twin of ["planted", "fixed"] as const)
        this.#modules.set(`${name} ${twin}`, await DeviceModule.make(planted, twin));
    }
  }

  /** A VM of one of them, at 0x1000, with guest memory. */
  vm(name: string, twin: Twin): TestVmOptions {
    const text = `system lab\nram 0x10000,1M\nvdev ${name} loc 0x1000\n`;
    return { text, modulePath: [this.#modules.get(`${name} ${twin}`)!.folder] };
  }
}
