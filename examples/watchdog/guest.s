# A guest for two watchdogs: what an embedded program does to be watched, and what happens when it hangs.
#
#   npx vdevbox run examples/watchdog/watchdog.qvmconf --guest rom:examples/watchdog/guest.s
#
# It kicks the SP805 for a while, lets its first stage interrupt it and saves itself in the handler, stops it, does the
# same with the IB700's ports, and hangs. The run then ends with exit code 4: a watchdog bit.
#
# This file is assembled when the VM starts (AT&T syntax: source first, destination last) and runs as real 32-bit x86
# code, from reset. host/guests/rom/memory-map.ts says what it finds. Every guest access takes a microsecond of virtual
# time, so with the SP805's clock at 1 MHz an access is a tick.

.equ SP805, 0xE0000000
.equ LOAD, SP805 + 0x000
.equ VALUE, SP805 + 0x004
.equ CONTROL, SP805 + 0x008
.equ INTCLR, SP805 + 0x00C
.equ RIS, SP805 + 0x010
.equ LOCK, SP805 + 0xC00
.equ KEY, 0x1ACCE551
.equ WATCHDOG_LINE, 5

.equ IB700_STOP, 0x441
.equ IB700_START, 0x443

start:
    # 1. Is it an SP805? Its identification registers have one byte each; together they read 0x00141805.
    mov $says_who, %esi
    call print
    mov $SP805 + 0xFEC, %ebx        # the highest byte comes first
    mov $4, %ecx
    xor %eax, %eax
next_byte:
    shl $8, %eax
    orl (%ebx), %eax
    sub $4, %ebx
    loop next_byte
    call print_hex
    cmpl $0x00141805, %eax
    mov $1, %edi
    jne failed

    # 2. Let its interrupt in: a handler for line 5, which is masked so far.
    mov $on_watchdog, %eax
    mov %eax, IRQ_HANDLERS + 4*WATCHDOG_LINE
    inb $0x21, %al
    and $0xDF, %al                  # all ones but bit 5
    outb %al, $0x21
    sti

    # 3. Count from 1000, with interrupt and reset on, and lock it: only the key lets anybody change that.
    movl $KEY, LOCK
    movl $1000, LOAD
    movl $3, CONTROL
    movl $0, LOCK

    # 4. Work, and kick when there are less than 100 µs left; ten times. A kick is a write to INTCLR, unlocked for it.
    mov $says_kick, %esi
    call print
    mov $10, %ecx
work:
    movl VALUE, %eax
    cmpl $100, %eax
    ja work
    movl $KEY, LOCK
    movl $1, INTCLR
    movl $0, LOCK
    loop work
    movl barks, %eax
    call print_hex
    cmpl $0, %eax                   # it was always in time
    mov $2, %edi
    jne failed

    # 5. Sleep instead. The counter reaches zero, and the watchdog barks: on_watchdog runs, kicks, and we go on.
    mov $says_sleep, %esi
    call print
sleep:
    hlt
    cmpl $0, barks
    je sleep
    movl barks, %eax
    call print_hex
    cmpl $1, %eax
    mov $3, %edi
    jne failed

    # 6. Switch it off.
    movl $KEY, LOCK
    movl $0, CONTROL
    movl RIS, %eax
    cmpl $0, %eax
    mov $4, %edi
    jne failed

    # 7. The other one knows a start, a stop and nothing else. Code 10 is ten seconds, code 14 two.
    mov $says_ports, %esi
    call print
    mov $IB700_START, %edx
    mov $10, %al
    outb %al, %dx
    mov $IB700_STOP, %edx
    outb %al, %dx
    mov $IB700_START, %edx
    mov $14, %eax
    outw %ax, %dx                   # 16 bits, as the board's manual does it

    # 8. Hang. Two seconds later the watchdog bites; nothing behind this is executed.
    mov $says_hang, %esi
    call print
hang:
    hlt
    jmp hang

# The first stage of the SP805. The guest still runs, so it kicks.
on_watchdog:
    incl barks
    movl $KEY, LOCK
    movl $1, INTCLR
    movl $0, LOCK
    ret

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
barks:       .long 0
digits:      .ascii "0123456789abcdef"
says_who:    .asciz "guest: who is there:                "
says_kick:   .asciz "guest: kicked 10 times, barks:      "
says_sleep:  .asciz "guest: slept too long, barks:       "
says_ports:  .asciz "guest: the other watchdog, two seconds\n"
says_hang:   .asciz "guest: hangs\n"
says_wrong:  .asciz "guest: not as expected, check number "
