//! Bodies that state their truth in their names.

use std::ffi::{CString, c_char, c_void};
use std::hint::black_box;
use std::process::Command;

use memcheck::{Workload, memcheck};

#[link(name = "border", kind = "static")]
unsafe extern "C" {
    fn forgets_strdup();
    fn thread_gives(size: usize) -> *mut c_void;
    fn thread_frees(block: *mut c_void);
    fn keeps(block: *mut c_void);
    fn frees_anything(block: *mut c_void);
}

fn text() -> *mut c_char {
    CString::new("ten chars.").unwrap().into_raw()
}

#[memcheck]
fn leaks_24_bytes_in_c() {
    unsafe { forgets_strdup() };
}

#[memcheck]
fn leaks_104_bytes_in_a_c_thread() {
    black_box(unsafe { thread_gives(100) });
}

#[memcheck]
fn clean_freed_on_another_thread() {
    unsafe { thread_frees(libc::malloc(1000)) };
    unsafe { libc::free(thread_gives(1000)) };
}

#[memcheck(time = "5s")]
fn clean_fork_and_exec() {
    assert!(Command::new("/bin/true").env("SOME", "variable").status().unwrap().success());
}

#[memcheck]
fn clean_fork_without_exec() {
    unsafe {
        let child = libc::fork();
        if child == 0 {
            // Forgotten in the child alone.
            black_box(libc::malloc(100));
            libc::_exit(0);
        }
        assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
    }
}

fn plugin(function: &std::ffi::CStr) -> (*mut c_void, unsafe extern "C" fn()) {
    let path = CString::new(env!("PLUGIN")).unwrap();
    unsafe {
        let library = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        assert!(!library.is_null());
        (library, std::mem::transmute(libc::dlsym(library, function.as_ptr())))
    }
}

#[memcheck]
fn leaks_104_bytes_in_a_loaded_library(workload: Workload) {
    let (_library, forgets) = plugin(c"forgets");
    workload.iterate(|| unsafe { forgets() });
}

#[memcheck]
fn clean_loads_and_unloads_a_library() {
    let (library, uses) = plugin(c"uses");
    unsafe {
        uses();
        assert_eq!(libc::dlclose(library), 0);
    }
}

#[memcheck]
fn leaks_11_bytes_of_rust_given_to_c() {
    unsafe { keeps(text().cast()) };
}

#[memcheck]
fn clean_given_to_c_and_taken_back() {
    let text = text();
    unsafe {
        keeps(text.cast());
        drop(CString::from_raw(text));
    }
}

#[memcheck]
fn mismatch_rust_block_freed_by_c() {
    unsafe { frees_anything(text().cast()) };
}

#[memcheck]
fn mismatch_c_block_freed_by_rust() {
    unsafe { drop(Box::from_raw(libc::malloc(32).cast::<[u8; 32]>())) };
}

/// A block at the top of the heap that changes place keeps what was freed below it from the system,
/// more with every iteration; the live heap stays as it is.
#[memcheck(time = "500ms")]
fn retained_by_the_allocator(workload: Workload) {
    let mut pin = Vec::new();
    let mut pages = 0;
    workload.iterate(|| {
        pages += 1;
        let blocks: Vec<Box<[u8; 4000]>> = (0..pages).map(|_| Box::new([1; 4000])).collect();
        pin = black_box(vec![0u8; 4000]);
        drop(black_box(blocks));
    });
}

/// Pages of a mapping of its own, touched one after the other.
#[memcheck(time = "500ms")]
fn leaks_pages_past_the_heap(workload: Workload) {
    let length = 4 << 30;
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
    let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    assert_eq!(unsafe { libc::madvise(start, length, libc::MADV_NOHUGEPAGE) }, 0);
    let mut at = 0;
    workload.iterate(|| {
        for _ in 0..4 {
            unsafe { start.cast::<u8>().add(at).write(1) };
            at += 4096;
        }
    });
}
