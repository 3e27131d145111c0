//! The modules of a run. Each is parsed once for all tests.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use memcheck::tool::report::{FileVersion, Module as Mapped, SourceLocation};

use super::module::Module;
use crate::causes::with_causes;

/// A module, or why it cannot be read.
type Opened = Arc<Mutex<Result<Module, String>>>;

/// A file in the version that ran.
type FileKey = (String, Vec<FileVersion>);

/// Parsed modules by path and version.
#[derive(Default)]
pub(super) struct Symbols {
    modules: Mutex<HashMap<FileKey, Opened>>,
}

impl Symbols {
    /// The functions at a return address in a file, or why the file cannot be used.
    pub(super) fn functions(
        &self,
        mapped: &Mapped,
        offset: u64,
    ) -> Result<Vec<SourceLocation>, String> {
        let module = {
            let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (mapped.path.clone(), mapped.versions.clone());
            match modules.get(&key) {
                Some(module) => Arc::clone(module),
                None => {
                    // Parsed with the lock held: tests that wait most likely need the same file.
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
