/**
 * x86 code and a vdev that share memory: mappings, transfers of guest memory, and interrupts, from the guest's program to
 * the recording. Oracle: the program itself, which checks every result and exits with the number of the check that failed.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox } from "./command-line.ts";

const PROGRAM = `
.equ DMA, 0xD0000000
start:
    mov $on_irq, %eax
    mov %eax, IRQ_HANDLERS + 4*5
    in $0x21, %al
    and $0xDF, %al
    out %al, $0x21
    sti

    # 1. Sum of "hello" through a read-only mapping: 104+101+108+108+111 = 532.
    mov $text, %eax
    mov %eax, DMA
    movl $5, DMA+4
    movl $1, DMA+8
    call wait
    cmpl $532, DMA+12
    mov $1, %edi
    jne failed

    # 2. Upper case, in place: the program sees it in its own RAM.
    movl $2, DMA+8
    call wait
    cmpl $0x4C4C4548, text          # "HELL"
    mov $2, %edi
    jne failed

    # 3. The vdev stores a register's value into RAM.
    mov $place, %eax
    mov %eax, DMA
    movl $0xCAFEF00D, DMA+12
    movl $3, DMA+8
    call wait
    cmpl $0xCAFEF00D, place
    mov $3, %edi
    jne failed

    # 4. And loads one.
    movl $0x12345678, place
    movl $4, DMA+8
    call wait
    cmpl $0x12345678, DMA+12
    mov $4, %edi
    jne failed

    # 5. RAM ends at 4 MiB: a mapping beyond it is refused.
    movl $0x00400000, DMA
    movl $1, DMA+8
    call wait
    cmpl $0xFFFFFFFF, DMA+12
    mov $5, %edi
    jne failed

    mov $0, %eax
    out %eax, $EXIT_PORT
failed:
    mov %edi, %eax
    out %eax, $EXIT_PORT

# Waits for the interrupt that a command ends with.
wait:
    mov $1000, %ecx
again:
    cmpl $0, seen
    jne done
    dec %ecx
    jnz again
    mov $99, %edi
    jmp failed
done:
    movl $0, seen
    ret

on_irq:
    movl $1, seen
    movl $5, DMA+8
    ret

.data
text: .ascii "hello"
    .byte 0, 0, 0
place: .long 0
seen: .long 0
`;

let folder: string;
beforeAll(async () => {
  folder = scratch();
  await compileVdev({
    file: join(packageRoot(), "test/e2e/assembly/dma.ts"),
    outFile: join(folder, "dma.wasm"),
    projectDir: packageRoot(),
  });
  writeFileSync(join(folder, "dma.s"), PROGRAM);
  writeFileSync(join(folder, "dma.qvmconf"), "system dma\nram 0,4M\nvdev dma loc 0xd0000000 intr 8259:5\n");
});

describe("a vdev that reaches the memory of x86 code", () => {
  it("maps, reads, writes and interrupts; the recording replays without the guest", () => {
    const recording = join(folder, "dma.rec");
    const run = vdevbox("run", join(folder, "dma.qvmconf"), "--guest", join(folder, "dma.s"), "--record", recording);
    // Each command runs on the vCPU's thread, and the manual advises against gasp_*() there: warnings, no violations.
    expect(run.err).toContain("the guest exited with 0");
    expect(run.err).not.toMatch(/violation/);
    expect(run.code).toBe(0);
    const again = vdevbox("replay", recording);
    expect(again.out).toContain("identical");
    expect(again.code).toBe(0);
  });
});
