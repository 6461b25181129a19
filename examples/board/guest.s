# The program of a small board: it says hello, sets the clock, starts a watchdog, kicks it, and hangs. What `npm start`
# shows is this program; the watchdog is meant to end it.
#
#   npx vdevbox run examples/board/board.qvmconf --guest examples/board/guest.s --explain; echo $?
#
# It is assembled when the VM starts (AT&T syntax: source first, destination last) and runs as real 32-bit x86 code from
# reset; docs/guests.md says what it finds. Only accesses to devices are trapped. Each takes a microsecond of virtual
# time; instructions take none.
#
# The exit code is 4, qvm's for a watchdog. A check that does not hold ends it with 100 and the number of the step.

.equ TRACE, 0xE0000000              # the trace vdev: one word, one more each second

.equ UART, 0x1C090000               # a pl011
.equ DR, UART + 0x00                # a write sends a character
.equ FR, UART + 0x18                # flags
.equ BUSY, 0x08                     # something is still on its way
.equ IBRD, UART + 0x24
.equ FBRD, UART + 0x28
.equ LCR_H, UART + 0x2C
.equ CR, UART + 0x30

.equ RTC, 0x70                      # an mc146818: select a byte at this port, have it at the next
.equ RTC_DATA, 0x71
.equ REGISTER_A, 0x0A               # bit 7: an update is near or in progress
.equ REGISTER_B, 0x0B               # bit 7: set the time; bit 4: interrupt after each update; bit 1: 24 hours
.equ REGISTER_C, 0x0C               # what happened; a read lets go of the interrupt line
.equ RTC_LINE, 8

.equ WATCHDOG, 0x1C0F0000           # an SP805; after reset it is unlocked
.equ LOAD, WATCHDOG + 0x00
.equ CONTROL, WATCHDOG + 0x08
.equ INTCLR, WATCHDOG + 0x0C        # any write is a kick: the counter starts again from LOAD
.equ WATCHDOG_LINE, 5

start:
    # 1. The UART: 115200 baud of 24 MHz, 8N1, FIFOs on, transmitter enabled. Then hello.
    movl $13, IBRD
    movl $1, FBRD
    movl $0x70, LCR_H               # takes the divisor over
    movl $0x101, CR
    mov $says_hello, %esi
    call print

    # 2. The trace vdev: write its counter, and read it back.
    movl $0x1000, TRACE
    mov $102, %edi
    cmpl $0x1000, TRACE
    jne failed

    # 3. Set the clock to two seconds before the end of a leap day. A write of 16 bits to the first port selects a byte
    #    (low half) and writes it (high half) at once.
    mov $0x8200 + REGISTER_B, %eax  # SET: the clock stands while it is set
    outw %ax, $RTC
    mov $time, %esi
    mov $7, %ecx
set_next:
    lodsw
    outw %ax, $RTC
    loop set_next
    mov $0x1200 + REGISTER_B, %eax  # the clock goes, and interrupts after each update
    outw %ax, $RTC
    call print_clock
    mov $103, %edi
    cmpl $0x38353a39, says_clock + 22   # "9:58", as it was set; the first byte is the low one
    jne failed

    # 4. Let the interrupts of clock and watchdog in: a handler for each, and its bit of the mask cleared.
    mov $on_second, %eax
    mov %eax, IRQ_HANDLERS + 4*RTC_LINE
    mov $on_warning, %eax
    mov %eax, IRQ_HANDLERS + 4*WATCHDOG_LINE
    inb $0x21, %al
    and $0xDF, %al                  # line 5: bit 5 of the first 8259
    outb %al, $0x21
    inb $0xA1, %al
    and $0xFE, %al                  # line 8: bit 0 of the second
    outb %al, $0xA1

    # 5. Start the watchdog: 1500 ms, interrupt and bite enabled. Kick it each second, twice. `hlt` lets virtual time
    #    go on to the next event of a device, which need not be the clock's: so it is a loop around a condition.
    mov $says_watched, %esi
    call print
    movl $1500, LOAD
    movl $3, CONTROL
    sti
    mov $1, %ebx
wait:
    hlt
    cmpl %ebx, seconds
    jb wait
    movl $1, INTCLR                 # the kick
    mov $says_kick, %esi
    call print
    inc %ebx
    cmp $2, %ebx
    jbe wait
    mov $105, %edi
    cmpl $0, warnings               # always in time
    jne failed

    # 6. Two seconds later it is March, and the trace vdev has counted on.
    mov $0x0200 + REGISTER_B, %eax  # no more interrupts of the clock
    outw %ax, $RTC
    call print_clock
    mov $106, %edi
    cmpl $0x30303a30, says_clock + 22   # "0:00"
    jne failed
    cmpl $0x1000, TRACE
    jbe failed

    # 7. Hang: no more kicks. At its first zero the watchdog interrupts, and a program that lives would kick. At the
    #    second it bites; the VM ends in the middle of this loop.
    mov $says_hang, %esi
    call print
hang:
    hlt
    cmpl $1, warnings
    jne hang
    mov $says_warned, %esi
    call print
hang_on:
    hlt
    jmp hang_on

# The clock has gone on by a second. A handler is an ordinary routine and may change every register.
on_second:
    mov $REGISTER_C, %al
    outb %al, $RTC
    inb $RTC_DATA, %al
    incl seconds
    ret

# The watchdog's first zero. This handler only counts: it does not kick.
on_warning:
    incl warnings
    ret

# A check failed; the exit code is in EDI.
failed:
    mov %edi, %eax
    out %eax, $EXIT_PORT

# Sends the text at ESI, up to a zero byte, and waits until it is out. The FIFO is empty before, and takes 32 characters
# at once; no text here is longer. Changes EAX and ESI.
print:
    lodsb                           # AL = the byte at ESI; ESI moves on
    movzbl %al, %eax
    test %eax, %eax
    jz print_wait
    movl %eax, DR
    jmp print
print_wait:
    movl FR, %eax
    test $BUSY, %eax
    jnz print_wait
    ret

# Writes the time of the clock into the text, and sends it. Changes all registers but EBX and EDI.
print_clock:
    mov $REGISTER_A, %al            # not while an update changes it
    outb %al, $RTC
clock_busy:
    inb $RTC_DATA, %al
    test $0x80, %al
    jnz clock_busy
    mov $time, %esi
    mov $says_clock + 7, %edx       # where the first digits go
    mov $7, %ecx
clock_next:
    lodsw                           # AL = which byte; its value when the clock was set does not matter here
    outb %al, $RTC
    inb $RTC_DATA, %al
    movzbl %al, %eax
    ror $4, %eax                    # two digits of 4 bits: the high one becomes the low one, and the other way round
    or $0x30, %al
    movb %al, (%edx)
    shr $28, %eax
    or $0x30, %al
    movb %al, 1(%edx)
    add $2, %edx
    cmp $7, %ecx                    # behind the century comes the year at once, else there is a sign between
    je clock_joined
    inc %edx
clock_joined:
    loop clock_next
    mov $says_clock, %esi
    jmp print

.data
seconds:      .long 0
warnings:     .long 0
# Which byte of the clock, and what it is set to, in BCD: 2024-02-29 23:59:58.
time:         .byte 0x32,0x20, 0x09,0x24, 0x08,0x02, 0x07,0x29, 0x04,0x23, 0x02,0x59, 0x00,0x58
says_hello:   .asciz "Hello from x86 code!\n"
says_clock:   .asciz "clock: yyyy-mm-dd hh:mm:ss\n"
says_watched: .asciz "watchdog: started, 1500 ms\n"
says_kick:    .asciz "watchdog: kicked\n"
says_hang:    .asciz "no more kicks\n"
says_warned:  .asciz "watchdog: warned, not kicked\n"
