//! The modules of a run, each parsed once, whichever test needs it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use memcheck::report::{FileVersion, Module as Mapped, Place};

use super::module::Module;
use crate::error::with_causes;

/// A module, or why there is none.
type Opened = Arc<Mutex<Result<Module, String>>>;

/// A file as it was when it ran.
type Known = (String, Vec<FileVersion>);

/// Parsed modules by path and version.
#[derive(Default)]
pub(super) struct Symbols {
    modules: Mutex<HashMap<Known, Opened>>,
}

impl Symbols {
    /// The functions at a return address in a file; a sentence where it cannot be read, or is not the
    /// one that ran.
    pub(super) fn functions(&self, mapped: &Mapped, offset: u64) -> Result<Vec<Place>, String> {
        let module = {
            let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (mapped.path.clone(), mapped.versions.clone());
            match modules.get(&key) {
                Some(module) => Arc::clone(module),
                None => {
                    // Parsed with the lock held: another test needs the same file more likely than
                    // another.
                    let opened = Module::open(Path::new(&mapped.path), &mapped.versions);
                    let opened = opened.map_err(|error| with_causes(&error));
                    let module = Arc::new(Mutex::new(opened));
                    modules.insert(key, Arc::clone(&module));
                    module
                }
            }
        };
        let mut module = module.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *module {
            Ok(module) => Ok(module.functions(offset)),
            Err(sentence) => Err(sentence.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use object::{Object, ObjectSection};

    use super::*;

    /// By hand: `MEMCHECK_PROGRAM=… cargo test --release --bins large -- --ignored --nocapture`.
    #[test]
    #[ignore = "measures a program that is named in MEMCHECK_PROGRAM"]
    #[expect(clippy::print_stdout, reason = "its result is for whoever runs it by hand")]
    fn a_thousand_stacks_of_a_large_program() {
        let path = std::env::var("MEMCHECK_PROGRAM").unwrap();
        let data = std::fs::read(&path).unwrap();
        let file = object::File::parse(&*data).unwrap();
        let (start, size) = file.section_by_name(".text").unwrap().file_range().unwrap();
        let begin = Instant::now();
        let symbols = Symbols::default();
        let mapped = Mapped { path: path.clone(), ..Mapped::default() };
        let (mut frames, mut lines) = (0, 0);
        let mut random = 1u64;
        // A fifth of the frames is new in each stack; the others are those of stacks before.
        let mut pool = Vec::new();
        for _ in 0..1000 {
            for depth in 0..20 {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let chosen = (random >> 33) as usize;
                if depth % 5 == 0 || pool.is_empty() {
                    pool.push(start + (random >> 11) % size);
                }
                let offset = match depth % 5 {
                    0 => pool[pool.len() - 1],
                    _ => pool[chosen % pool.len()],
                };
                let functions = symbols.functions(&mapped, offset).unwrap();
                frames += 1;
                lines += functions.iter().filter(|place| place.line.is_some()).count();
            }
        }
        println!(
            "{} MB, {frames} frames of 1,000 stacks, {} distinct, {lines} lines: {:.2} s",
            data.len() / 1_000_000,
            pool.len(),
            begin.elapsed().as_secs_f64()
        );
    }
}
