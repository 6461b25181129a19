import { AccessStatus, type AccessWidth, type GuestBus, type Space } from "../bus.ts";
import { createRomGuest, type RomGuest, type RomGuestEnd, type RomGuestOptions } from "./rom-guest.ts";

/** A bus for tests: writes every access down and answers reads with one value. */
export class MockBus implements GuestBus {
  /** `read memory e0000000 4`, `write io 300 2 = beef`: numbers in hex, widths in bytes. */
  readonly log: string[] = [];
  valueLo = 0x44332211;
  valueHi = 0x88776655;
  /** What an access is answered with; called after it was written down. */
  answer: (entry: string) => AccessStatus = () => AccessStatus.done;

  read(space: Space, addressLo: number, addressHi: number, width: AccessWidth, vcpu: number): AccessStatus {
    return this.#take(`read ${space} ${hex(addressHi, addressLo)} ${width}`, vcpu);
  }

  write(
    space: Space,
    addressLo: number,
    addressHi: number,
    width: AccessWidth,
    valueLo: number,
    valueHi: number,
    vcpu: number,
  ): AccessStatus {
    return this.#take(`write ${space} ${hex(addressHi, addressLo)} ${width} = ${hex(valueHi, valueLo)}`, vcpu);
  }

  #take(entry: string, vcpu: number): AccessStatus {
    this.log.push(vcpu === 0 ? entry : `${entry} by vcpu ${vcpu}`);
    return this.answer(entry);
  }
}

function hex(hi: number, lo: number): string {
  return hi === 0 ? lo.toString(16) : hi.toString(16) + lo.toString(16).padStart(8, "0");
}

export interface TestRun {
  readonly bus: MockBus;
  readonly guest: RomGuest;
  /** The joined text output so far. */
  readonly text: () => string;
  readonly run: () => Promise<RomGuestEnd>;
}

/** A guest with 2 MiB of RAM, a window of two pages at 0xE0000000 and ports 0x300 to 0x30F. */
export async function bootTest(source: string, options: Partial<RomGuestOptions> = {}): Promise<TestRun> {
  const bus = new MockBus();
  const output: string[] = [];
  const guest = await createRomGuest({
    source,
    file: "test.s",
    ramBytes: 2 * 1024 * 1024,
    windows: [[0xe0000000, 0x2000]],
    ports: [[0x300, 0x10]],
    bus,
    onHalt: () => "stop",
    onOutput: (text) => output.push(text),
    instructionLimit: 5_000_000,
    ...options,
  });
  return { bus, guest, text: () => output.join(""), run: () => guest.run() };
}

/** Lines that end the program with the value of EAX as exit code. */
export const exitWithEax = "out %eax, $EXIT_PORT\n";

/** Source that lets `line` in and counts its interrupts in `seen`, the line they said they were in `seen_line`. */
export function countInterrupts(line: number): string {
  const [port, bit] = line < 8 ? [0x21, line] : [0xa1, line - 8];
  return `
    mov $count, %eax
    mov %eax, IRQ_HANDLERS + 4 * ${line}
    inb $${port}, %al
    and $${0xff & ~(1 << bit)}, %al
    outb %al, $${port}
    sti
    jmp go
   count:
    mov %eax, seen_line
    incl seen
    ret
   .bss
   seen: .long 0
   seen_line: .long 0
   .text
   go:`;
}
