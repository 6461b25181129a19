import type { X86Registers } from "../guests/x86-registers.ts";
import type { CoreNote } from "./core-file.ts";

/** Owner and type of the note with general registers, as Linux and the debuggers have it. */
const NOTE_OWNER = "CORE";
const NT_PRSTATUS = 1;

/**
 * Linux's `struct elf_prstatus` of i386, which debuggers read registers from: 144 bytes, of which the signal, the pid
 * (the number of the thread) and the registers say something here, the rest being zero.
 */
const PRSTATUS_BYTES = 144;
const PID_AT = 24;
const REGISTERS_AT = 72;

/** The order of i386's `user_regs_struct`. `orig_eax` is the number of a system call: none. */
const ORDER = [
  "ebx",
  "ecx",
  "edx",
  "esi",
  "edi",
  "ebp",
  "eax",
  "ds",
  "es",
  "fs",
  "gs",
  "orig_eax",
  "eip",
  "cs",
  "eflags",
  "esp",
  "ss",
] as const;

/** NT_PRSTATUS of one vCPU. The pid is its number and one, since debuggers take 0 for no thread. */
export function prstatusNote(vcpu: number, registers: X86Registers): CoreNote {
  const bytes = Buffer.alloc(PRSTATUS_BYTES);
  bytes.writeUInt32LE(vcpu + 1, PID_AT);
  for (const [i, name] of ORDER.entries()) {
    bytes.writeUInt32LE(name === "orig_eax" ? 0xffffffff : registers[name], REGISTERS_AT + 4 * i);
  }
  return { name: NOTE_OWNER, type: NT_PRSTATUS, bytes };
}

/** What NT_PRSTATUS has no room for, as JSON with numbers in hex. */
export function systemRegisters(vcpu: number, registers: X86Registers): object {
  const { cr0, cr2, cr3, cr4, tr, ldtr, gdtr, idtr, halted } = registers;
  const table = ({ base, limit }: X86Registers["gdtr"]) => ({ base: hex(base), limit: hex(limit) });
  return {
    vcpu,
    cr0: hex(cr0),
    cr2: hex(cr2),
    cr3: hex(cr3),
    cr4: hex(cr4),
    tr: hex(tr),
    ldtr: hex(ldtr),
    gdtr: table(gdtr),
    idtr: table(idtr),
    halted,
  };
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
