// Generated from abi/definition by build/generators: do not edit.

/** struct vdev_s: vdevbox. */
export const vdev_s = {
  SIZEOF: 72,
  ALIGN: 8,
  v_device: 0,
  v_factory: 4,
  v_gsp: 8,
  v_block: 16,
  v_intr: 32,
  v_mtx: 44,
  v_sched: 60,
} as const;

/** struct vdev_factory: documented. */
export const vdev_factory = {
  SIZEOF: 52,
  ALIGN: 4,
  next: 0,
  control: 4,
  vread: 8,
  vwrite: 12,
  pulse: 16,
  timer: 20,
  pic: 24,
  option_list: 28,
  name: 32,
  factory_flags: 36,
  acc_sizes: 40,
  extra_space: 44,
  safety: 48,
} as const;

/** struct vdev_pic_functions: documented. */
export const vdev_pic_functions = {
  SIZEOF: 28,
  ALIGN: 4,
  flags: 0,
  pnum_mask: 4,
  signal: 8,
  notify: 12,
  parse: 16,
  string: 20,
  table_spec: 24,
} as const;

/** struct guest_timer_data: documented. */
export const guest_timer_data = {
  SIZEOF: 32,
  ALIGN: 8,
  host_notify_start: 0,
  host_current: 8,
  guest_notify_start: 16,
  guest_current: 24,
} as const;

/** struct gasp_map_handle_t: documented. */
export const gasp_map_handle_t = { SIZEOF: 24, ALIGN: 8, reserved: 0 } as const;

/** struct gasp_walk_state: documented. */
export const gasp_walk_state = {
  SIZEOF: 48,
  ALIGN: 8,
  span: 0,
  gsp: 4,
  guest_loc: 8,
  host_loc: 16,
  length: 24,
  max_length: 32,
  flags: 40,
} as const;

/** struct gasp_walk_state_filtered: vdevbox. */
export const gasp_walk_state_filtered = {
  SIZEOF: 72,
  ALIGN: 8,
  ws: 0,
  filter: 48,
  remaining_guest_loc: 56,
  remaining_length: 64,
} as const;

/** struct qvm_state_block: documented. */
export const qvm_state_block = { SIZEOF: 16, ALIGN: 8, location: 0, length: 8, type: 12, flags: 14 } as const;

/** struct gasp_region: documented. */
export const gasp_region = {
  SIZEOF: 40,
  ALIGN: 8,
  flags: 0,
  cookie: 4,
  vdev: 8,
  host_location: 16,
  guest: 24,
} as const;

/** struct guest_intr: documented. */
export const guest_intr = { SIZEOF: 12, ALIGN: 4, pic: 0, param: 4, src_id: 8 } as const;

/** struct qvm_sched_info: vdevbox. */
export const qvm_sched_info = { SIZEOF: 8, ALIGN: 4, policy: 0, sched: 4 } as const;

/** struct vio_description: documented. */
export const vio_description = {
  SIZEOF: 32,
  ALIGN: 4,
  device_type: 0,
  vendor_id: 2,
  pci_class: 4,
  num_queues: 8,
  device_config_size: 12,
  device_features: 16,
} as const;

/** struct vio_state: documented. */
export const vio_state = { SIZEOF: 24, ALIGN: 4, vsip: 0, qinfo: 4, driver_features: 8 } as const;

/** struct vio_iov: documented. */
export const vio_iov = {
  SIZEOF: 32,
  ALIGN: 4,
  vi_iov: 0,
  vi_paddrs: 4,
  vi_iov_len: 8,
  vi_reserved: 12,
  vi_flags: 16,
  vi_hdr_len: 20,
  vi_count: 24,
  vi_payload: 28,
} as const;

/** struct vio_queue_info: vdevbox. */
export const vio_queue_info = { SIZEOF: 32, ALIGN: 4, pvq: 0, reserved: 4 } as const;

/** struct vpci_bar: documented. */
export const vpci_bar = {
  SIZEOF: 56,
  ALIGN: 8,
  vb_mapping: 0,
  vb_value: 40,
  vb_value_upper: 44,
  vb_slice: 48,
  vb_breg: 50,
} as const;

/** struct vpci_rw_state: vdevbox. */
export const vpci_rw_state = { SIZEOF: 256, ALIGN: 4, reserved: 0 } as const;

/** struct cdev_state: vdevbox. */
export const cdev_state = { SIZEOF: 256, ALIGN: 8, reserved: 0 } as const;

/** struct wdog_state: vdevbox. */
export const wdog_state = { SIZEOF: 16, ALIGN: 4, ws_action: 0, ws_intr: 4 } as const;

/** struct qvm_slice_descriptor: documented. */
export const qvm_slice_descriptor = {
  SIZEOF: 12,
  ALIGN: 4,
  writable: 0,
  offset: 4,
  store_offset: 6,
  nbytes: 8,
} as const;

/** struct pthread_mutex_t: vdevbox. */
export const pthread_mutex_t = { SIZEOF: 16, ALIGN: 4, opaque: 0 } as const;

/** struct pthread_mutexattr_t: vdevbox. */
export const pthread_mutexattr_t = { SIZEOF: 8, ALIGN: 4, type: 0, reserved: 4 } as const;

/** struct pthread_cond_t: vdevbox. */
export const pthread_cond_t = { SIZEOF: 16, ALIGN: 4, opaque: 0 } as const;

/** struct sem_t: vdevbox. */
export const sem_t = { SIZEOF: 16, ALIGN: 4, opaque: 0 } as const;

/** struct pthread_condattr_t: vdevbox. */
export const pthread_condattr_t = { SIZEOF: 8, ALIGN: 4, clock: 0, reserved: 4 } as const;

/** struct pthread_once_t: vdevbox. */
export const pthread_once_t = { SIZEOF: 4, ALIGN: 4, state: 0 } as const;

/** struct pthread_attr_t: vdevbox. */
export const pthread_attr_t = {
  SIZEOF: 16,
  ALIGN: 4,
  magic: 0,
  detachstate: 4,
  inheritsched: 5,
  policy: 6,
  priority: 8,
  stacksize: 12,
} as const;

/** struct sched_param: vdevbox. */
export const sched_param = { SIZEOF: 4, ALIGN: 4, sched_priority: 0 } as const;

/** struct timespec: vdevbox. */
export const timespec = { SIZEOF: 16, ALIGN: 8, tv_sec: 0, tv_nsec: 8 } as const;

/** struct itimerspec: vdevbox. */
export const itimerspec = { SIZEOF: 32, ALIGN: 8, it_interval: 0, it_value: 16 } as const;

/** struct sigevent: vdevbox. */
export const sigevent = {
  SIZEOF: 24,
  ALIGN: 8,
  sigev_notify: 0,
  sigev_code: 4,
  sigev_priority: 8,
  sigev_coid: 12,
  sigev_value: 16,
} as const;
