# The smallest driver of a UART, as x86 code: it enables the pl011 and sends a text, waiting for room in the FIFO.
#   npx vdevbox run examples/pl011/pl011.qvmconf --guest examples/pl011/hello.s

.equ UART, 0x1C090000
.equ DR, UART + 0x00
.equ FR, UART + 0x18
.equ IBRD, UART + 0x24
.equ FBRD, UART + 0x28
.equ LCR_H, UART + 0x2C
.equ CR, UART + 0x30

start:
    movl $13, IBRD                  # 115200 baud of 24 MHz
    movl $1, FBRD
    movl $0x70, LCR_H               # 8N1, FIFOs on; takes the divisor over
    movl $0x301, CR                 # enabled, transmitter and receiver on

    mov $text, %esi
next:
    lodsb                           # AL = the byte at ESI; ESI moves on
    test %al, %al
    jz drain
    movzbl %al, %ebx
full:
    movl FR, %eax
    testl $0x20, %eax               # TXFF: the FIFO is full. Each look at it takes a microsecond of virtual time
    jnz full
    movl %ebx, DR
    jmp next

drain:
    movl FR, %eax
    testl $0x08, %eax               # BUSY: something is still on its way
    jnz drain
    mov $0, %eax
    out %eax, $EXIT_PORT

.data
text: .asciz "Hello from x86 code, through an Arm UART, out of a WebAssembly sandbox.\n"
