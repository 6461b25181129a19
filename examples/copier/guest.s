# A guest for the copier: lets it copy 16 KiB, and counts while it does. The exit code is 0 when all is well, else the
# number of the check that failed.

.equ COPIER,  0xD0000000            # SOURCE, TARGET, LENGTH, STATUS
.equ STATUS,  0xD000000C
.equ BUSY,    1
.equ DONE,    2
.equ ERROR,   3

.equ FROM,    0x100000
.equ TO,      0x200000
.equ BYTES,   16384
.equ BEHIND,  0x204000              # TO + BYTES

start:
    # Every four bytes of the source are another number.
    mov $FROM, %edi
    mov $0xC0DE0000, %eax
    mov $BYTES / 4, %ecx
fill:
    mov %eax, (%edi)
    add $4, %edi
    inc %eax
    dec %ecx
    jnz fill
    movl $0x5AFE5AFE, BEHIND        # the copy must end before this

    movl $FROM, COPIER
    movl $TO, COPIER+4
    movl $BYTES, COPIER+8
    movl $1, STATUS                 # begin

    # The processor has something else to do meanwhile: it counts, and looks at the device now and then.
    xor %ebx, %ebx
    mov $1000000, %edx              # a wait always has an end
look:
    mov $200, %ecx
work:
    inc %ebx
    dec %ecx
    jnz work
    mov STATUS, %eax
    cmp $BUSY, %eax
    jne over
    dec %edx
    jnz look
    mov $1, %edi
    jmp failed

over:
    mov $2, %edi
    cmp $DONE, %eax
    jne failed

    # What is there now is what was to be copied, all of it and no more.
    mov $3, %edi
    mov $TO, %esi
    mov $0xC0DE0000, %eax
    mov $BYTES / 4, %ecx
compare:
    cmp %eax, (%esi)
    jne failed
    add $4, %esi
    inc %eax
    dec %ecx
    jnz compare
    mov $4, %edi
    cmpl $0x5AFE5AFE, BEHIND
    jne failed

    # RAM ends at 4 MiB. The device says so, and does not stop.
    movl $0x3FFFF0, COPIER+4
    movl $1, STATUS
    mov $1000000, %edx
wait:
    mov STATUS, %eax
    cmp $BUSY, %eax
    jne refused
    dec %edx
    jnz wait
refused:
    mov $5, %edi
    cmp $ERROR, %eax
    jne failed

    mov $says_well, %esi
    call print
    mov $0, %eax
    out %eax, $EXIT_PORT

failed:
    mov %edi, %eax
    out %eax, $EXIT_PORT

# Prints the text at ESI, up to a zero byte.
print:
    lodsb
    test %al, %al
    jz print_end
    outb %al, $TEXT_PORT
    jmp print
print_end:
    ret

.data
says_well: .asciz "guest: copied, and counted meanwhile\n"
