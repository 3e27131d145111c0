//! Leaks in shared libraries: linked, loaded while running, and unloaded again.
#![cfg(test)]

use std::ffi::{CString, c_void};
use std::hint::black_box;

use memcheck::{Workload, memcheck};

unsafe extern "C" {
    fn linked_keep(bytes: usize) -> *mut c_void;
}

type Keep = unsafe extern "C" fn(usize) -> *mut c_void;

struct Library {
    handle: *mut c_void,
    keep: Keep,
}

impl Library {
    fn load(name: &str) -> Library {
        let path = CString::new(format!("{}/lib{name}.so", env!("LIBRARIES"))).unwrap();
        let function = CString::new(format!("{name}_keep")).unwrap();
        unsafe {
            let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW);
            assert!(!handle.is_null());
            let keep = libc::dlsym(handle, function.as_ptr());
            assert!(!keep.is_null());
            Library { handle, keep: std::mem::transmute::<*mut c_void, Keep>(keep) }
        }
    }

    fn keep(&self) {
        black_box(unsafe { (self.keep)(black_box(40)) }); // CALLS
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        unsafe { libc::dlclose(self.handle) };
    }
}

#[memcheck(iterations = 500)]
fn linked() {
    black_box(unsafe { linked_keep(black_box(24)) });
}

#[memcheck(iterations = 500)]
fn loaded(workload: Workload) {
    let plugin = Library::load("plugin");
    workload.iterate(|| plugin.keep());
}

#[memcheck(iterations = 500)]
fn loaded_without_debug_information(workload: Workload) {
    let bare = Library::load("bare");
    workload.iterate(|| bare.keep());
}

#[memcheck(iterations = 500)]
fn unloaded() {
    Library::load("plugin").keep();
}

/// Two libraries at the same place in turn.
#[memcheck(iterations = 500)]
fn in_turn() {
    Library::load("plugin").keep();
    Library::load("other").keep();
}
