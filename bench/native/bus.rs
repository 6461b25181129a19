//! The yardstick of `vdevbox bench dispatch.*`: a bus as native monitors build it. An ordered map of ranges behind a
//! read-write lock, devices behind a mutex, dynamic dispatch, one 32-bit register read for each access.
//!
//! Usage: bus REGIONS KINDS. The regions are dealt out to KINDS types of device, as the WebAssembly benchmark deals
//! them out to modules. Each line on stdin, `random` or `sequential`, asks for one round of reads in that order, which
//! is the order of the WebAssembly benchmark; each is answered with a line: nanoseconds a read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

trait Device: Send {
    fn read(&mut self, offset: u64, data: &mut [u8]);
    fn write(&mut self, offset: u64, data: &[u8]);
}

/// A register file with one word that counts reads, so that no read can be left out. Each KIND is a type with code of
/// its own, as each module is.
struct Counter<const KIND: u32> {
    count: u32,
    key: u32,
}

impl<const KIND: u32> Device for Counter<KIND> {
    fn read(&mut self, _offset: u64, data: &mut [u8]) {
        let value = self.count.wrapping_add(self.key).wrapping_add(KIND);
        self.count = self.count.wrapping_add(1);
        match data.len() {
            1 => data[0] = value as u8,
            2 => data.copy_from_slice(&(value as u16).to_le_bytes()),
            4 => data.copy_from_slice(&value.to_le_bytes()),
            8 => data.copy_from_slice(&u64::from(value).to_le_bytes()),
            _ => data.fill(0xff),
        }
    }

    fn write(&mut self, _offset: u64, data: &[u8]) {
        if data.len() == 4 {
            self.count = u32::from_le_bytes([data[0], data[1], data[2], data[3]]);
        }
    }
}

fn counter(kind: u64, key: u32) -> Arc<Mutex<dyn Device>> {
    let count = 0;
    match kind {
        0 => Arc::new(Mutex::new(Counter::<0> { count, key })),
        1 => Arc::new(Mutex::new(Counter::<1> { count, key })),
        2 => Arc::new(Mutex::new(Counter::<2> { count, key })),
        3 => Arc::new(Mutex::new(Counter::<3> { count, key })),
        4 => Arc::new(Mutex::new(Counter::<4> { count, key })),
        5 => Arc::new(Mutex::new(Counter::<5> { count, key })),
        6 => Arc::new(Mutex::new(Counter::<6> { count, key })),
        _ => Arc::new(Mutex::new(Counter::<7> { count, key })),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    base: u64,
    len: u64,
}

struct Bus {
    devices: RwLock<BTreeMap<Range, Arc<Mutex<dyn Device>>>>,
}

impl Bus {
    fn find(&self, addr: u64) -> Option<(u64, Arc<Mutex<dyn Device>>)> {
        let devices = self.devices.read().unwrap();
        let (range, device) = devices
            .range(..=Range { base: addr, len: u64::MAX })
            .next_back()?;
        let offset = addr - range.base;
        if offset < range.len {
            Some((offset, device.clone()))
        } else {
            None
        }
    }

    fn read(&self, addr: u64, data: &mut [u8]) -> bool {
        match self.find(addr) {
            Some((offset, device)) => {
                device.lock().unwrap().read(offset, data);
                true
            }
            None => false,
        }
    }

    fn write(&self, addr: u64, data: &[u8]) -> bool {
        match self.find(addr) {
            Some((offset, device)) => {
                device.lock().unwrap().write(offset, data);
                true
            }
            None => false,
        }
    }
}

const PASSES: usize = 16;
const READS: usize = 65_536;
const SEED: u32 = 12_345;

/// Pages spread unevenly; the same as in host/bench/traps.ts, as all the numbers above.
fn region_base(i: u64) -> u64 {
    (0x10000 + i * 37 + (i * i) % 7) << 12
}

/// A linear congruential generator chooses region and word.
fn random_order(bases: &[u64]) -> Vec<u64> {
    let mut state = SEED;
    (0..READS)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bases[(state >> 8) as usize % bases.len()] + u64::from((state >> 20) & 0xffc)
        })
        .collect()
}

fn sequential_order(bases: &[u64]) -> Vec<u64> {
    (0..READS)
        .map(|i| bases[i % bases.len()] + ((i as u64 * 4) & 0xffc))
        .collect()
}

/// One pass over the addresses. Returns the sum of what was read.
fn read_all(bus: &Bus, order: &[u64]) -> u32 {
    let mut sum: u32 = 0;
    for &addr in order {
        let mut data = [0u8; 4];
        assert!(bus.read(addr, &mut data));
        sum = sum.wrapping_add(u32::from_le_bytes(data));
    }
    sum
}

/// The median of the passes, in nanoseconds a read.
fn round(bus: &Bus, order: &[u64], sum: &mut u32) -> f64 {
    let mut passes: Vec<f64> = (0..PASSES)
        .map(|_| {
            let start = Instant::now();
            *sum = sum.wrapping_add(read_all(bus, order));
            start.elapsed().as_nanos() as f64 / READS as f64
        })
        .collect();
    passes.sort_by(f64::total_cmp);
    (passes[PASSES / 2 - 1] + passes[PASSES / 2]) / 2.0
}

fn argument(index: usize) -> u64 {
    std::env::args()
        .nth(index)
        .and_then(|text| text.parse().ok())
        .expect("usage: bus REGIONS KINDS")
}

fn main() {
    let (regions, kinds) = (argument(1), argument(2));
    assert!((1..=8).contains(&kinds), "there are 1 to 8 kinds");
    let bus = Bus { devices: RwLock::new(BTreeMap::new()) };
    let bases: Vec<u64> = (0..regions).map(region_base).collect();
    for (i, &base) in bases.iter().enumerate() {
        let device = counter(i as u64 % kinds, i as u32);
        bus.devices.write().unwrap().insert(Range { base, len: 0x1000 }, device);
    }
    assert!(bus.write(bases[0], &7u32.to_le_bytes()));
    let (random, sequential) = (random_order(&bases), sequential_order(&bases));
    let mut sum: u32 = 0;
    for line in std::io::stdin().lines() {
        let order = match line.expect("stdin is text").as_str() {
            "random" => &random,
            "sequential" => &sequential,
            other => panic!("an order is random or sequential, not {other}"),
        };
        println!("{:.3}", round(&bus, order, &mut sum));
    }
    eprintln!("{sum}");
}
