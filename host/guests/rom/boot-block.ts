import { assembleAndLink } from "./link.ts";
import {
  BOOT_BLOCK,
  FAULT_PORT,
  IDT,
  IDT_GATES,
  IMAGE_END,
  IRQ_BASE,
  IRQ_HANDLERS,
  IRQ_LINES,
  RESET_VECTOR,
  STACK_TOP,
} from "./memory-map.ts";

/** Offsets in the boot block. */
const GDTR_OFFSET = 0x20;
const GDT_OFFSET = 0x28;
const ENTRY_OFFSET = 0x40;
const PROLOGUE_OFFSET = 0x80;
const STUBS_OFFSET = 0x800;
const STUB_BYTES = 16;

const EXCEPTIONS = 32;
const STUBS = EXCEPTIONS + IRQ_LINES + 1;
/** Exceptions with an error code on the stack: #DF, #TS, #NP, #SS, #GP, #PF, #AC (Intel SDM volume 3, table 6-1). */
const WITH_ERROR_CODE: ReadonlySet<number> = new Set([8, 10, 11, 12, 13, 14, 17]);
/** What the prologue reports for an interrupt at a vector nobody has a gate for. */
export const UNKNOWN_VECTOR = 0xff;

/**
 * The way from reset to protected mode. The assembler at hand has no 16-bit mode, so these bytes stand as bytes.
 * The processor starts at F000:FFF0, in real mode, with interrupts off.
 */
function realModeBytes(protectedEntry: number): number[] {
  const gdtr = (BOOT_BLOCK + GDTR_OFFSET) & 0xffff;
  const bytes32 = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
  // biome-ignore format: one instruction a line
  return [
    0xfa, // cli
    0xfc, // cld
    0x2e, 0x66, 0x0f, 0x01, 0x16, gdtr & 0xff, gdtr >> 8, // lgdt cs:[gdtr], 32-bit base
    0x0f, 0x20, 0xc0, // mov eax, cr0
    0x0c, 0x01, // or al, 1: protection enable
    0x0f, 0x22, 0xc0, // mov cr0, eax
    0x66, 0xea, ...bytes32(protectedEntry), 0x08, 0x00, // jmp far 0x08:protectedEntry, 32-bit offset
  ];
}

/** Null, flat code (0x08) and flat data (0x10) descriptors: base 0, limit 4 GiB, 32-bit, ring 0. */
const gdt = [
  [0, 0, 0, 0, 0, 0, 0, 0],
  [0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0],
  [0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0],
].flat();

/** What runs between reset and the guest's `start`; see memory-map.ts for what it promises. */
const prologue = `
prologue:
  mov $0x10, %eax
  mov %ax, %ds
  mov %ax, %es
  mov %ax, %fs
  mov %ax, %gs
  mov %ax, %ss
  mov $STACK_TOP, %esp

  # x87, MMX and SSE: clear CR0.EM and TS, set MP; CR4.OSFXSR and OSXMMEXCPT.
  mov %cr0, %eax
  and $0xFFFFFFF3, %eax
  or $2, %eax
  mov %eax, %cr0
  mov %cr4, %eax
  or $0x600, %eax
  mov %eax, %cr4
  fninit

  # Interrupt gates: a stub of its own for each exception and line, the last stub for every other vector.
  mov $IDT, %edi
  mov $STUBS, %esi
  xor %ecx, %ecx
gate:
  mov %esi, %eax
  and $0xFFFF, %eax
  or $0x80000, %eax          # selector 0x08
  mov %eax, (%edi)
  mov %esi, %eax
  and $0xFFFF0000, %eax
  or $0x8E00, %eax           # present, ring 0, 32-bit interrupt gate
  mov %eax, 4(%edi)
  add $8, %edi
  inc %ecx
  cmp $LAST_STUB, %ecx
  ja gate_checked            # beyond the last stub: stay on it
  add $STUB_BYTES, %esi
gate_checked:
  cmp $IDT_GATES, %ecx
  jb gate
  mov $idtr, %eax
  lidt (%eax)

  # Every line gets the handler that does nothing.
  mov $IRQ_HANDLERS, %edi
  mov $ignore, %eax
  mov $16, %ecx
  cld
  rep stosl

  # Both 8259s: edge-triggered, cascaded at line 2, vectors IRQ_BASE and IRQ_BASE + 8, all lines but the cascade masked.
  mov $0x11, %al
  outb %al, $0x20
  outb %al, $0xA0
  mov $IRQ_BASE, %al
  outb %al, $0x21
  add $8, %al
  outb %al, $0xA1
  mov $4, %al
  outb %al, $0x21
  mov $2, %al
  outb %al, $0xA1
  mov $1, %al
  outb %al, $0x21
  outb %al, $0xA1
  mov $0xFB, %al
  outb %al, $0x21
  mov $0xFF, %al
  outb %al, $0xA1

  mov ENTRY, %eax
  call *%eax
  cli
stay:
  hlt
  jmp stay

# An interrupt line; its number is on the stack.
interrupt:
  pushal
  cld
  mov 32(%esp), %eax
  mov IRQ_HANDLERS(,%eax,4), %edx
  call *%edx
  mov 32(%esp), %ecx
  mov $0x20, %al             # end of interrupt
  cmp $8, %ecx
  jb first_controller
  outb %al, $0xA0
first_controller:
  outb %al, $0x20
  popal
  add $4, %esp
  iretl

ignore:
  ret

# A processor exception; its vector is in ECX, error code and the address it happened at are on the stack.
exception:
  mov %ecx, %eax             # not from the stack, which need not be in RAM
  out %eax, $FAULT_PORT
  pop %eax
  out %eax, $FAULT_PORT
  mov %cr2, %eax
  out %eax, $FAULT_PORT
  pop %eax
  out %eax, $FAULT_PORT      # ends the run
  hlt

idtr:
  .word IDT_GATES * 8 - 1
  .long IDT
`;

/** The boot block for a program that starts at `entry`: what lies from BOOT_BLOCK to the end of the first MiB. */
export function buildBootBlock(entry: number): Uint8Array {
  const block = new Uint8Array(IMAGE_END - BOOT_BLOCK);
  const view = new DataView(block.buffer);
  const code = assembleAndLink({
    source: `${constants()}${prologue}`,
    file: "prologue",
    place: (sections) => sections.map((_, i) => (i === 0 ? BOOT_BLOCK + PROLOGUE_OFFSET : 0)),
    externals: new Map(),
  });
  block.set(code.sections[0].bytes, PROLOGUE_OFFSET);
  block.set(realModeBytes(code.addressOf("prologue")!), 0);
  view.setUint16(GDTR_OFFSET, gdt.length - 1, true);
  view.setUint32(GDTR_OFFSET + 2, BOOT_BLOCK + GDT_OFFSET, true);
  block.set(gdt, GDT_OFFSET);
  view.setUint32(ENTRY_OFFSET, entry, true);
  for (let i = 0; i < STUBS; i++)
    block.set(stub(i, code.addressOf("exception")!, code.addressOf("interrupt")!), stubOffset(i));
  // Reset vector: jmp far F000:offset of the boot block.
  block.set([0xea, BOOT_BLOCK & 0xff, (BOOT_BLOCK >> 8) & 0xff, 0x00, 0xf0], RESET_VECTOR - BOOT_BLOCK);
  return block;
}

function constants(): string {
  const stubs = BOOT_BLOCK + STUBS_OFFSET;
  const values = { IDT, IRQ_HANDLERS, IRQ_BASE, STACK_TOP, FAULT_PORT, IDT_GATES, STUB_BYTES };
  const own = { STUBS: stubs, LAST_STUB: STUBS - 1, ENTRY: BOOT_BLOCK + ENTRY_OFFSET };
  return Object.entries({ ...values, ...own })
    .map(([name, value]) => `.equ ${name}, ${value}\n`)
    .join("");
}

function stubOffset(index: number): number {
  return STUBS_OFFSET + index * STUB_BYTES;
}

/** Puts what the common code wants to know on the stack, or an exception's vector in ECX, and jumps there. */
function stub(index: number, exception: number, interrupt: number): Uint8Array {
  const bytes = new Uint8Array(STUB_BYTES).fill(0x90);
  const isLine = index >= EXCEPTIONS && index < EXCEPTIONS + IRQ_LINES;
  const pushes: number[] = [];
  if (isLine) {
    pushes.push(0x6a, index - EXCEPTIONS); // push the line
  } else {
    if (!WITH_ERROR_CODE.has(index)) pushes.push(0x6a, 0); // push 0 in place of an error code
    pushes.push(0xb9, index < EXCEPTIONS ? index : UNKNOWN_VECTOR, 0, 0, 0); // mov the vector to ecx
  }
  bytes.set(pushes);
  const next = BOOT_BLOCK + stubOffset(index) + pushes.length + 5;
  bytes[pushes.length] = 0xe9; // jmp rel32
  new DataView(bytes.buffer).setInt32(pushes.length + 1, (isLine ? interrupt : exception) - next, true);
  return bytes;
}
