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
