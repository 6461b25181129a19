//! The yardstick of `vdevbox bench dispatch.*`: a bus as native monitors build it. An ordered map of ranges behind a
//! read-write lock, devices behind a mutex, dynamic dispatch, one 32-bit register read for each access.
//!
//! Usage: bus ROUNDS ACCESSES REGIONS DEVICES SEED. Reads addresses in the same pseudo-random order as the
//! WebAssembly benchmark and prints one line a round: nanoseconds an access.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

trait Device: Send {
    fn read(&mut self, offset: u64, data: &mut [u8]);
    fn write(&mut self, offset: u64, data: &[u8]);
}

/// A register file with one word that counts reads, so that no read can be left out.
struct Counter {
    count: u32,
    key: u32,
}

impl Device for Counter {
    fn read(&mut self, _offset: u64, data: &mut [u8]) {
        let value = self.count.wrapping_add(self.key);
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

fn argument(index: usize) -> u64 {
    std::env::args()
        .nth(index)
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("argument {index} must be a number"))
}

fn main() {
    let (rounds, accesses, regions, seed) = (argument(1), argument(2), argument(3), argument(4));
    let bus = Bus { devices: RwLock::new(BTreeMap::new()) };
    let mut bases = Vec::new();
    for i in 0..regions {
        let base = (0x10000 + i * 37 + (i * i) % 7) << 12;
        bases.push(base);
        let device = Arc::new(Mutex::new(Counter { count: 0, key: i as u32 }));
        bus.devices.write().unwrap().insert(Range { base, len: 0x1000 }, device);
    }
    let mut state = seed as u32;
    let order: Vec<u64> = (0..accesses)
        .map(|_| {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            bases[((state >> 8) as u64 % regions) as usize] + ((state >> 20) & 0xffc) as u64
        })
        .collect();
    assert!(bus.write(bases[0], &7u32.to_le_bytes()));
    let mut sum: u32 = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        for &addr in &order {
            let mut data = [0u8; 4];
            assert!(bus.read(addr, &mut data));
            sum = sum.wrapping_add(u32::from_le_bytes(data));
        }
        println!("{:.3}", start.elapsed().as_nanos() as f64 / accesses as f64);
    }
    eprintln!("{sum}");
}
