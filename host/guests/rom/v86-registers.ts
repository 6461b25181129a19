import { X86_SELECTORS, type X86Registers } from "../x86-registers.ts";

/**
 * Where v86 0.5.462 keeps the registers of its processor in its memory: byte offsets, beside those of v86-adapter.ts.
 * EFLAGS is not among them: v86 works out its arithmetic bits when somebody asks.
 */
const At = {
  general: 64,
  idtLimit: 564,
  idtBase: 568,
  gdtLimit: 572,
  gdtBase: 576,
  control: 580,
  inHlt: 616,
  selectors: 668,
  segmentBases: 736,
} as const;
/** The order in which v86 counts segments is that of the instruction set, with TR and LDTR behind. */
const CS = X86_SELECTORS.indexOf("cs");

/**
 * The processor's registers.
 * @param memory v86's
 * @param linear address of the instruction that eip is to mean: eip counts from the base of cs
 */
export function readRegisters(memory: ArrayBufferLike, linear: number, eflags: number): X86Registers {
  const view = new DataView(memory);
  const word = (at: number) => view.getUint32(at, true);
  const general = (index: number) => word(At.general + 4 * index);
  const selector = (name: (typeof X86_SELECTORS)[number]) =>
    view.getUint16(At.selectors + 2 * X86_SELECTORS.indexOf(name), true);
  const control = (number: number) => word(At.control + 4 * number);
  return {
    eax: general(0),
    ecx: general(1),
    edx: general(2),
    ebx: general(3),
    esp: general(4),
    ebp: general(5),
    esi: general(6),
    edi: general(7),
    eip: (linear - word(At.segmentBases + 4 * CS)) >>> 0,
    eflags: eflags >>> 0,
    es: selector("es"),
    cs: selector("cs"),
    ss: selector("ss"),
    ds: selector("ds"),
    fs: selector("fs"),
    gs: selector("gs"),
    tr: selector("tr"),
    ldtr: selector("ldtr"),
    cr0: control(0),
    cr2: control(2),
    cr3: control(3),
    cr4: control(4),
    gdtr: { base: word(At.gdtBase), limit: word(At.gdtLimit) & 0xffff },
    idtr: { base: word(At.idtBase), limit: word(At.idtLimit) & 0xffff },
    halted: view.getUint8(At.inHlt) !== 0,
  };
}
