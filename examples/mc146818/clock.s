# x86 code that reads a PC's clock as firmware does, and waits for two seconds by interrupt.
#   npx vdevbox run examples/mc146818/mc146818.qvmconf --guest examples/mc146818/clock.s
# The exit code is 0 when two seconds went by, else 1.

.equ INDEX, 0x70
.equ DATA, 0x71

start:
    # Line 8 is the first of the second 8259: its handler, its mask, and interrupts on.
    mov $on_clock, %eax
    mov %eax, IRQ_HANDLERS + 4*8
    in $0xA1, %al
    and $0xFE, %al
    out %al, $0xA1

    call print_time
    mov $0x0C, %al                  # clear what is pending
    out %al, $INDEX
    in $DATA, %al
    mov $0x0B, %al                  # register B: update interrupt on, 24 hours, BCD
    out %al, $INDEX
    mov $0x12, %al
    out %al, $DATA
    sti

wait:
    hlt                             # virtual time goes on to the next interrupt
    cmpl $2, seconds
    jl wait
    cli
    call print_time

    mov $0x00, %al                  # started at 58: two seconds later it is 0
    out %al, $INDEX
    in $DATA, %al
    movzbl %al, %eax
    test %eax, %eax
    jz done
    mov $1, %eax
done:
    out %eax, $EXIT_PORT

# An update has ended. Reading register C says so, and lets go of the line.
on_clock:
    mov $0x0C, %al
    out %al, $INDEX
    in $DATA, %al
    test $0x10, %al
    jz not_ours
    incl seconds
not_ours:
    ret

# Prints hours, minutes and seconds: BCD digits are hexadecimal digits.
print_time:
    mov $0x04, %al
    call print_byte
    mov $0x3A, %al
    out %al, $TEXT_PORT
    mov $0x02, %al
    call print_byte
    mov $0x3A, %al
    out %al, $TEXT_PORT
    mov $0x00, %al
    call print_byte
    mov $0x0A, %al
    out %al, $TEXT_PORT
    ret

print_byte:
    out %al, $INDEX
    in $DATA, %al
    mov %al, %bl
    shr $4, %al
    add $0x30, %al
    out %al, $TEXT_PORT
    mov %bl, %al
    and $0x0F, %al
    add $0x30, %al
    out %al, $TEXT_PORT
    ret

.data
seconds: .long 0
