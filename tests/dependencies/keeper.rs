//! A published crate with leaks, each on one line that is marked: `ALLOCATES:` and the name of a test.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Mutex;
use std::task::Waker;

/// It and its root hold each other.
pub struct Document {
    pub root: RefCell<Option<Rc<Node>>>,
    pub text: Vec<u8>,
}

pub struct Node {
    pub document: Rc<Document>,
}

#[inline(never)]
pub fn parse(text: &str) -> usize {
    // The text is the larger part of what survives, and tells nothing of the cycle.
    let text = text.repeat(100).into_bytes(); // ALLOCATES: cycle
    let document = Rc::new(Document { root: RefCell::new(None), text });
    let root = Rc::new(Node { document: document.clone() });
    *document.root.borrow_mut() = Some(root);
    document.text.len()
}

/// Forgets what was made before a panic.
#[inline(never)]
pub fn fill<T>(mut make: impl FnMut(usize) -> T) -> Vec<T> {
    let mut made = ManuallyDrop::new(Vec::new());
    for index in 0..4 {
        made.push(make(index)); // ALLOCATES: half_built
    }
    ManuallyDrop::into_inner(made)
}

#[inline(never)]
pub fn open() {
    std::mem::forget(std::fs::File::open("/dev/null").unwrap()); // ALLOCATES: descriptor
}

/// Keeps the waker of everyone who ever waited.
pub struct Event(pub Mutex<Vec<Waker>>);

impl Event {
    #[inline(never)]
    pub fn wait(&self, waker: &Waker) {
        self.0.lock().unwrap().push(waker.clone()); // ALLOCATES: wakers
    }
}
