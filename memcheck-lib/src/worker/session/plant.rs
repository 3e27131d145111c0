//! The worker's side of a proof: leaks on purpose, in addition to what the body does.

use std::hint::black_box;
use std::thread;

use rustix::event::{EventfdFlags, eventfd};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

use crate::report::{Plant, PlantKind};

/// Distance of the writes that touch every page of a mapping: the smallest page size of Linux.
const PAGE: usize = 4096;
/// Stack of a planted thread. This is address space; the thread touches one or two pages of it.
const STACK: usize = 256 << 10;

/// A leak that continues with every iteration.
#[derive(Debug)]
pub(super) struct Planting {
    plant: Plant,
    /// Iterations since it was planted.
    seen: u64,
    container: Vec<u8>,
}

impl Planting {
    pub(super) fn new(plant: Plant) -> Self {
        Planting { plant, seen: 0, container: Vec::new() }
    }

    /// Leaks what is due after one more iteration.
    ///
    /// # Errors
    ///
    /// The system's, when it has no more descriptors, threads or memory.
    pub(super) fn iterate(&mut self) -> std::io::Result<()> {
        self.seen += 1;
        if !self.seen.is_multiple_of(self.plant.every.max(1)) {
            return Ok(());
        }
        (0..self.plant.count).try_for_each(|_| self.leak())
    }

    fn leak(&mut self) -> std::io::Result<()> {
        let size = usize::try_from(self.plant.size).unwrap_or(usize::MAX);
        match self.plant.kind {
            PlantKind::RustBlock => std::mem::forget(black_box(vec![0u8; size])),
            PlantKind::CBlock => {
                // SAFETY: `malloc` accepts any size; the block is never used.
                let block = black_box(unsafe { libc::malloc(size) });
                if block.is_null() {
                    return Err(std::io::Error::last_os_error());
                }
            }
            PlantKind::Page => pages(size)?,
            PlantKind::Fd => std::mem::forget(eventfd(0, EventfdFlags::CLOEXEC)?),
            PlantKind::Thread => {
                let builder = thread::Builder::new().name("planted".to_owned()).stack_size(STACK);
                drop(builder.spawn(|| {
                    loop {
                        thread::park();
                    }
                })?);
            }
            PlantKind::GrowingVec => {
                self.container.extend(std::iter::repeat_n(0u8, size));
                black_box(&mut self.container);
            }
        }
        Ok(())
    }
}

/// Leaks an anonymous mapping, after a write to each of its pages.
fn pages(size: usize) -> std::io::Result<()> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, at a place that the kernel chooses.
    let start = unsafe { mmap_anonymous(std::ptr::null_mut(), size, access, MapFlags::PRIVATE) }?;
    for at in (0..size).step_by(PAGE) {
        // SAFETY: inside the mapping, which is writable and used by no other code.
        unsafe { start.cast::<u8>().add(at).write_volatile(1) };
    }
    Ok(())
}
