/**
 * What a ROM guest finds when its first instruction runs. This is all a guest author needs to know.
 *
 * | guest-physical | what |
 * |---|---|
 * | 0x00001000 | interrupt descriptor table, 256 gates (`IDT`) |
 * | 0x00001800 | `IRQ_HANDLERS`: 16 addresses, one for each interrupt line |
 * | 0x00010000–0x0007FFFF | `.bss`, zeroed, and whatever else the guest likes |
 * | 0x0008FFF0 | top of the stack, growing down |
 * | 0x000A0000–0x000BFFFF | no RAM; free for regions of vdevs |
 * | 0x000E0000 | the program: `.text`, then the other sections; a copy in RAM, so `.data` may be written |
 * | 0x000FF000 | boot block: prologue, interrupt stubs, reset vector |
 * | 0x00100000 up | RAM, free |
 *
 * State: flat 32-bit protected mode, paging off; CS = 0x08, all other segments 0x10, base 0, limit 4 GiB; interrupts
 * off (`sti` to allow them); x87, MMX and SSE usable; other registers undefined. The guest starts at the label
 * `start`, or at the first byte of `.text` when there is none. Returning from `start` halts the guest for good.
 *
 * Interrupts: the two 8259 controllers are set up so that line n arrives at vector `IRQ_BASE` + n = 0x20 + n, every
 * line masked except the cascade (2). To take line n: store the address of an ordinary routine (ending in `ret`, free
 * to change every general register, entered with interrupts off and the line's number in EAX) in
 * `IRQ_HANDLERS + 4*n`, clear bit n of the mask (ports 0x21 for lines 0–7, 0xA1 for 8–15), `sti`. The prologue saves
 * the registers and sends the end of interrupt. Lines are edge-triggered; ports 0x4D0 and 0x4D1 make them level.
 * A line without a handler does nothing. Other vectors: write a gate into the `IDT`.
 *
 * `hlt` with interrupts on lets virtual time pass until something happens in a vdev. Program it as a loop around a
 * condition: it ends after any event, also one that does not interrupt, so that a program can wait for a register to
 * change without polling through dead time. `hlt` with interrupts off ends the run, as nothing can wake the processor.
 *
 * A processor exception, or an interrupt above vector 0x2F without a gate of the guest's own, ends the run with a
 * sentence that names the exception and the source line.
 *
 * | port | width | direction | what |
 * |---|---|---|---|
 * | 0xE9 `TEXT_PORT` | any | write | low byte is one byte of UTF-8 text output |
 * | 0xE9 `TEXT_PORT` | any | read | 0xE9: the port is there |
 * | 0xF4 `EXIT_PORT` | any | write | ends the run at once; the exit code is the value written |
 * | 0xF5 `FAULT_PORT` | 4 | write | used by the prologue to report an exception |
 *
 * The assembler cannot store a label's address in memory in one step: `mov $label, %eax`, then `mov %eax, place`.
 * The names in capitals can be used in the program as constants, unless it defines them itself.
 */
export const IDT = 0x1000;
export const IRQ_HANDLERS = 0x1800;
export const BSS_START = 0x10000;
export const BSS_END = 0x80000;
export const STACK_TOP = 0x8fff0;
/** No RAM from here up to HOLE_END: where a PC has its video memory. */
export const HOLE_START = 0xa0000;
export const HOLE_END = 0xc0000;
export const PROGRAM_START = 0xe0000;
export const BOOT_BLOCK = 0xff000;
export const IMAGE_END = 0x100000;
export const RESET_VECTOR = 0xffff0;

export const IRQ_BASE = 0x20;
export const IRQ_LINES = 16;
export const IDT_GATES = 256;

export const TEXT_PORT = 0xe9;
export const EXIT_PORT = 0xf4;
export const FAULT_PORT = 0xf5;

/** Names a program may use without defining them. */
export const predefinedSymbols: ReadonlyMap<string, number> = new Map(
  Object.entries({ IDT, IRQ_HANDLERS, IRQ_BASE, STACK_TOP, TEXT_PORT, EXIT_PORT, FAULT_PORT }),
);
