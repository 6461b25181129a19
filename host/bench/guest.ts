import { AccessStatus, type GuestBus } from "../guests/bus.ts";
import { createRomGuest } from "../guests/rom/rom-guest.ts";
import { builtFile } from "../paths.ts";
import { plainPlan } from "../vm/plain-plan.ts";
import { createVm } from "../vm/startup.ts";
import { type Figure, figure, median } from "./figure.ts";
import { counterPlan } from "./plans.ts";
import { alternate } from "./rounds.ts";
import { ownSide } from "./side.ts";

const COUNTER = 0xe0000000;
const PASSES = 24;
/** Passes that only bring the code to where the engine leaves it. */
const WARM_UP_PASSES = 8;
const LOOPS = 6000;
const READS_PER_LOOP = 16;

/** Reads the counter over and over and ends each pass with a line of output; the sum keeps every value in use. */
const PROGRAM = `
start:
  mov $${PASSES + 1}, %edx
pass:
  mov $${LOOPS}, %ecx
again:
${`  addl 0x${COUNTER.toString(16)}, %eax\n`.repeat(READS_PER_LOOP)}
  dec %ecx
  jnz again
  mov %eax, %ebx
  mov $10, %eax
  outb %al, $TEXT_PORT
  mov %ebx, %eax
  dec %edx
  jnz pass
  mov $0, %eax
  out %eax, $EXIT_PORT
`;

/** Answers every access at once with a value that changes. */
class EmptyBus implements GuestBus {
  valueLo = 0;
  valueHi = 0;

  read(): AccessStatus {
    this.valueLo = (this.valueLo + 1) | 0;
    return AccessStatus.done;
  }

  write(): AccessStatus {
    return AccessStatus.done;
  }
}

/** `guest:vm` or `guest:empty`; every request is one run of the program. */
export function guestSide(bus = "vm"): (request: string) => Promise<number> {
  const answering = bus === "empty" ? new EmptyBus() : counterVm();
  return () => nanosecondsPerRead(answering);
}

function counterVm(): GuestBus {
  return createVm(plainPlan([counterPlan(builtFile("bench/counter.wasm"), "counter", BigInt(COUNTER))]));
}

/** The median of the passes after the warm-up. */
async function nanosecondsPerRead(bus: GuestBus): Promise<number> {
  const lines: bigint[] = [];
  const guest = await createRomGuest({
    source: PROGRAM,
    file: "bench.s",
    ramBytes: 2 * 1024 * 1024,
    windows: [[COUNTER, 0x1000]],
    ports: [],
    bus,
    onHalt: () => "stop",
    onOutput: () => lines.push(process.hrtime.bigint()),
  });
  const end = await guest.run();
  guest.destroy();
  if (end.reason !== "exit") throw new Error(`the benchmark's guest ended with ${end.reason}`);
  const passes = lines.slice(1).map((line, i) => Number(line - lines[i]!) / (LOOPS * READS_PER_LOOP));
  return median(passes.slice(WARM_UP_PASSES));
}

/** One trapped read of x86 code, from the instruction to the vdev and back. */
export async function mmio(rounds: number): Promise<Figure> {
  const [ours, empty] = [ownSide("guest:vm"), ownSide("guest:empty")];
  try {
    const times = await alternate(rounds, { ours: () => ours.round("run"), empty: () => empty.round("run") });
    return figure(
      {
        value: times.median("ours"),
        unit: "ns",
        yardstick: times.median("empty"),
        ratio: times.ratio("ours", "empty"),
        rounds,
        note: "the yardstick is the same guest with an empty JavaScript handler",
      },
      { of: "ratio", most: 2 },
    );
  } finally {
    ours.close();
    empty.close();
  }
}
