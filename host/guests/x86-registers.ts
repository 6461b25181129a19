/** A table register: where the table is and its last byte's offset. */
export interface TableRegister {
  readonly base: number;
  readonly limit: number;
}

/** Names of the registers of a 32-bit x86 processor that hold one number; all are unsigned 32 bits. */
export const X86_NUMBERS = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags"] as const;
/** Selectors of its segments, 16 bits. */
export const X86_SELECTORS = ["es", "cs", "ss", "ds", "fs", "gs", "tr", "ldtr"] as const;
export const X86_CONTROLS = ["cr0", "cr2", "cr3", "cr4"] as const;

type Name = (typeof X86_NUMBERS)[number] | (typeof X86_SELECTORS)[number] | (typeof X86_CONTROLS)[number];

/** The registers of a 32-bit x86 processor (Intel SDM volume 1, 3.4, and volume 3, 2.4 and 2.5) at one moment. */
export interface X86Registers extends Readonly<Record<Name, number>> {
  readonly gdtr: TableRegister;
  readonly idtr: TableRegister;
  /** It waits in HLT. */
  readonly halted: boolean;
}
