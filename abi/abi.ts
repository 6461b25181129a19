/** <qvm/abi.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

/**
 * ABI version a vdev passes to vdev_register_factory(); qvm refuses (quits with an error) a vdev built for another
 * value. Changes with any exposed structure size, prototype, or added/removed function.
 */
export const QVM_VDEV_ABI: u32 = 0x7858dfe1;
