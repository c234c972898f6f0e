//! The disk in memory does what every disk must.

use replica::{
    conformance::{self, Place},
    disk::Disk,
    memory::{Left, Memory},
};

/// A disk in memory whose rows are, after a power cut, as `left` says.
struct InMemory(Memory, Left);

impl Place for InMemory {
    fn open(&mut self) -> Box<dyn Disk> {
        Box::new(self.0.open().unwrap())
    }

    fn cut(&mut self, end: &mut dyn FnMut()) {
        self.0.cut(self.1);
        end();
    }

    fn lose_rows(&mut self) {
        self.0.lose_rows();
    }

    fn fail(&mut self, _: &mut dyn FnMut(usize)) {
        self.0.fail(usize::from(self.1 == Left::RowsAhead));
    }

    fn mend(&mut self) {}

    fn copy(&mut self) -> Box<dyn Place> {
        Box::new(InMemory(self.0.copy(), self.1))
    }

    fn last_words(&mut self) -> Option<Vec<u8>> {
        self.0.last_words()
    }
}

/// A disk whose randomness follows from a seed.
pub fn memory(seed: u64) -> Memory {
    let mut state = seed;
    Memory::new(Box::new(move |bytes| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    }))
}

#[test]
fn the_disk_in_memory_conforms_whatever_is_left_of_its_rows() {
    for left in [Left::Rows, Left::RowsAhead, Left::Nothing] {
        let mut made = 0;
        let mut make = || -> Box<dyn Place> {
            made += 1;
            Box::new(InMemory(memory(made), left))
        };
        conformance::all(&mut make);
    }
}
