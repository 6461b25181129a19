# A guest for the trace vdev: what an embedded program does with a memory-mapped register.
#
# The trace vdev has one 32-bit register, at guest-physical address 0xE0000000 in this VM. It counts: one more each
# second of virtual time. Every access to it below is trapped and goes to the vdev's vread or vwrite; all other memory
# the program touches is RAM and costs nothing.
#
# This file is assembled when the VM starts (AT&T syntax: source first, destination last) and runs as real 32-bit x86
# code, from reset. It starts at `start` in flat protected mode with a stack; what else it finds is described in
# host/guests/rom/memory-map.ts. TEXT_PORT prints, EXIT_PORT ends the run; both names are known to the assembler.
#
# The exit code is 0 when all is well, else the number of the check that failed.

.equ COUNTER, 0xE0000000

start:
    # 1. Read. The width of the instruction is the width of the access: `movl` is 4 bytes.
    mov $says_read, %esi
    call print
    movl COUNTER, %eax
    call print_hex
    cmpl $0, %eax                   # nothing counted yet: no virtual time has passed
    mov $1, %edi
    jne failed

    # 2. Write, and read back what was written.
    mov $says_write, %esi
    call print
    movl $0x12345678, COUNTER
    movl COUNTER, %eax
    call print_hex
    cmpl $0x12345678, %eax
    mov $2, %edi
    jne failed

    # 3. Wait until the counter moves. `hlt` stops the processor; the VM then moves virtual time straight to the next
    #    thing that happens, here the vdev's timer. No real second passes. The vdev does not interrupt, so all lines
    #    stay masked; `sti` only says that the processor may be woken. A wait always has an end: 10 events.
    mov $says_wait, %esi
    call print
    sti
    mov $10, %ecx
wait:
    hlt
    movl COUNTER, %eax
    cmpl $0x12345678, %eax
    jne moved
    dec %ecx
    jnz wait
moved:
    cli
    call print_hex
    cmpl $0x12345679, %eax          # one second, one count
    mov $3, %edi
    jne failed

    # 4. Narrower reads reach the vdev as what they are: `movw` as 2 bytes, `movb` as 1. They carry the low bits.
    mov $says_narrow, %esi
    call print
    xor %eax, %eax
    movw COUNTER, %ax
    call print_hex
    cmpl $0x5679, %eax
    mov $4, %edi
    jne failed
    xor %eax, %eax
    movb COUNTER, %al
    call print_hex
    cmpl $0x79, %eax
    mov $5, %edi
    jne failed

    mov $says_well, %esi
    call print
    mov $0, %eax
    out %eax, $EXIT_PORT            # nothing behind this is executed

# A check failed; its number is in EDI.
failed:
    mov $says_wrong, %esi
    call print
    mov %edi, %eax
    call print_hex
    out %eax, $EXIT_PORT

# Prints the text at ESI, up to a zero byte. Changes ESI.
print:
    push %eax
print_next:
    lodsb                           # AL = the byte at ESI; ESI moves on
    test %al, %al
    jz print_end
    outb %al, $TEXT_PORT
    jmp print_next
print_end:
    pop %eax
    ret

# Prints EAX as eight hexadecimal digits and ends the line. Changes nothing.
print_hex:
    pushal
    mov %eax, %ebx
    mov $8, %ecx
next_digit:
    rol $4, %ebx                    # the highest digit comes round to the lowest place
    mov %ebx, %eax
    and $15, %eax
    movb digits(%eax), %al
    outb %al, $TEXT_PORT
    dec %ecx
    jnz next_digit
    mov $10, %al
    outb %al, $TEXT_PORT
    popal
    ret

.data
digits:      .ascii "0123456789abcdef"
says_read:   .asciz "guest: read the counter:          "
says_write:  .asciz "guest: wrote 12345678, read back: "
says_wait:   .asciz "guest: waited for a second:       "
says_narrow: .asciz "guest: the same in 16 and 8 bits: \n"
says_well:   .asciz "guest: all as expected\n"
says_wrong:  .asciz "guest: not as expected, check number "
