//! Leaks with one true line each, which is marked: `LEAKS:` and the name of the test.
#![cfg(test)]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::CString;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::mpsc;

use memcheck::{Workload, memcheck};

#[memcheck(iterations = 500)]
fn box_leak() {
    Box::leak(black_box(Box::new([1u8; 48]))); // LEAKS: box_leak
}

#[memcheck(iterations = 500)]
fn mem_forget() {
    let bytes = vec![1u8; black_box(100)]; // LEAKS: mem_forget
    std::mem::forget(black_box(bytes));
}

struct Node {
    next: RefCell<Option<Rc<Node>>>,
}

fn cycle() {
    let node = Rc::new(Node { next: RefCell::new(None) }); // LEAKS: rc_cycle
    let itself = Rc::clone(&node);
    *node.next.borrow_mut() = Some(itself);
    black_box(&node);
}

#[memcheck(iterations = 500)]
fn rc_cycle() {
    cycle();
}

static NUMBERS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

#[memcheck(iterations = 4000)]
fn growing_vec() {
    NUMBERS
        .lock()
        .unwrap()
        .push(black_box(1)); // LEAKS: growing_vec
}

#[derive(Default)]
struct Registry {
    names: HashMap<u64, [u64; 4]>,
}

impl Registry {
    fn register(&mut self, name: u64) {
        self.names.insert(name, [name; 4]); // LEAKS: growing_hash_map
    }
}

#[memcheck(iterations = 4000)]
fn growing_hash_map(workload: Workload) {
    let mut registry = Registry::default();
    let mut next = 0;
    workload.iterate(|| {
        next += 1;
        registry.register(black_box(next));
    });
}

static TREE: Mutex<BTreeMap<u64, u64>> = Mutex::new(BTreeMap::new());

#[memcheck(iterations = 4000)]
fn growing_btree_map() {
    let mut tree = TREE.lock().unwrap();
    let key = tree.len() as u64;
    tree.insert(key, key); // LEAKS: growing_btree_map
}

static QUEUE: Mutex<VecDeque<u64>> = Mutex::new(VecDeque::new());

#[memcheck(iterations = 4000)]
fn growing_vec_deque() {
    QUEUE.lock().unwrap().push_front(black_box(1)); // LEAKS: growing_vec_deque
}

static TEXT: Mutex<String> = Mutex::new(String::new());

#[memcheck(iterations = 4000)]
fn growing_string() {
    TEXT.lock().unwrap().push_str(black_box("line\n")); // LEAKS: growing_string
}

#[memcheck(iterations = 4000)]
fn undrained_channel(workload: Workload) {
    let (sender, receiver) = mpsc::channel::<[u64; 4]>();
    workload.iterate(|| sender.send(black_box([1; 4])).unwrap()); // LEAKS: undrained_channel
    drop(receiver);
}

#[memcheck(iterations = 500)]
fn cstring_into_raw() {
    let text = CString::new(black_box("fifteen letters")).unwrap(); // LEAKS: cstring_into_raw
    black_box(text.into_raw());
}

mod native {
    unsafe extern "C" {
        pub fn native_keep(size: usize) -> *mut std::ffi::c_void;
        pub fn native_thread() -> std::ffi::c_ulong;
        pub fn native_stream() -> *mut std::ffi::c_void;
    }
}

#[memcheck(iterations = 500)]
fn c_malloc() {
    // SAFETY: any size may be asked for.
    black_box(unsafe { native::native_keep(64) });
}

fn read(input: &str) -> Result<u64, String> {
    let keep = Box::new(input.len()); // LEAKS: error_path
    let number = input.parse::<u64>().map_err(|error| error.to_string());
    match number {
        Ok(number) => {
            drop(black_box(keep));
            Ok(number)
        }
        Err(error) => {
            std::mem::forget(black_box(keep));
            Err(error)
        }
    }
}

#[memcheck(iterations = 500)]
fn error_path() {
    black_box(read("12").is_ok());
    black_box(read("twelve").is_err());
}

fn each(count: usize, mut act: impl FnMut(usize)) {
    (0..count).for_each(|index| act(index));
}

#[memcheck(iterations = 500)]
fn inlined_closure() {
    each(2, |index| {
        let word = vec![index; black_box(3)]; // LEAKS: inlined_closure
        black_box(word.leak());
    });
}

struct Wrapper<T>(T);

impl<T: Copy> Wrapper<T> {
    #[inline(never)]
    fn keep(&self) {
        Box::leak(black_box(Box::new(self.0))); // LEAKS: generic
    }
}

/// Two instances of one line are one site for the reader.
#[memcheck(iterations = 500)]
fn generic() {
    Wrapper(1u64).keep();
    Wrapper([1u8; 24]).keep();
}

#[memcheck(iterations = 500)]
async fn unfinished_task() {
    // The runtime is one for all iterations, so what is spawned stays.
    tokio::spawn(std::future::pending::<()>()); // LEAKS: unfinished_task
    tokio::task::yield_now().await;
}

#[memcheck(iterations = 100)]
fn mapping() {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let access = libc::PROT_READ;
    // SAFETY: a new mapping, wherever the kernel likes.
    let at = unsafe {
        libc::mmap(std::ptr::null_mut(), 4096, access, flags, -1, 0) // LEAKS: mapping
    };
    // Of another protection than its neighbours, so that the kernel does not merge them.
    let next = black_box(at) as usize / 4096 % 2;
    let access = [libc::PROT_READ, libc::PROT_NONE][next];
    // SAFETY: the page was mapped above.
    assert_eq!(unsafe { libc::mprotect(at, 4096, access) }, 0);
}

#[memcheck(iterations = 40)]
fn thread() {
    let handle = std::thread::spawn(|| loop { // LEAKS: thread
        std::thread::park();
    });
    drop(black_box(handle));
}

#[memcheck(iterations = 100)]
fn descriptor() {
    let file = std::fs::File::open("/dev/null").unwrap(); // LEAKS: descriptor
    std::mem::forget(black_box(file));
}

/// Ended, and never joined: it keeps its stack.
#[memcheck(iterations = 60)]
fn thread_handle_forgotten() {
    let (say, hear) = mpsc::channel();
    let handle = std::thread::spawn(move || say.send(1).unwrap()); // LEAKS: thread_handle_forgotten
    std::mem::forget(black_box(handle));
    hear.recv().unwrap();
}

#[memcheck(iterations = 60)]
fn c_thread_not_joined() {
    // SAFETY: it takes nothing.
    black_box(unsafe { native::native_thread() });
}

#[memcheck(iterations = 60)]
fn stream() {
    // SAFETY: it takes nothing.
    black_box(unsafe { native::native_stream() });
}
