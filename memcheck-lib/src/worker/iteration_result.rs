//! What the body of one iteration may return.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, Ref, RefCell, RefMut};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::fmt::{self, Debug};
use std::fs;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::num::{Saturating, Wrapping};
use std::ops::{Bound, ControlFlow, Range, RangeFrom, RangeInclusive};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Child, ExitCode, ExitStatus, Output, Termination};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// What the body of one iteration may return: any value of the standard library, and a `Result` with any
/// value in it. The value is dropped within the iteration. An `Err` fails the test with its message, as
/// does an `ExitCode` other than success.
///
/// For a value of another type, other than in a `Result`, end the body with `;`. The trait cannot be
/// implemented for other types.
///
/// ```no_run
/// # struct Response;
/// # fn get() -> Response { Response }
/// # fn body(workload: memcheck::Workload) {
/// workload.iterate(|| {
///     get();
/// });
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "an iteration cannot return a `{Self}`",
    label = "end the body with `;`, so that it drops this value",
    note = "values of the standard library and every `Result<_, E>` with `E: Debug` can be returned"
)]
pub trait IterationResult: Sized {
    /// Why the iteration failed; `None` for a success. Drops the value.
    fn failure(self) -> Option<String> {
        None
    }
}

impl<T, E: Debug> IterationResult for Result<T, E> {
    fn failure(self) -> Option<String> {
        self.err().map(|error| format!("{error:?}"))
    }
}

impl IterationResult for ExitCode {
    fn failure(self) -> Option<String> {
        (self != ExitCode::SUCCESS).then(|| format!("{self:?}"))
    }
}

/// What the function of a test returned, which says itself what is wrong.
#[derive(Debug)]
pub(crate) struct Returned<R>(pub(crate) R);

impl<R: Termination> IterationResult for Returned<R> {
    fn failure(self) -> Option<String> {
        // The implementation for `Result` prints the error.
        (self.0.report() != ExitCode::SUCCESS).then(String::new)
    }
}

/// The return type of a function.
trait ReturnType {
    type Type;
}

impl<R> ReturnType for fn() -> R {
    type Type = R;
}

/// `!`: what a body returns that always panics. The type has no name in stable Rust.
type Never = <fn() -> ! as ReturnType>::Type;

macro_rules! values {
    ($($type:ty),*) => {$(
        impl IterationResult for $type {}
    )*};
}

values!(
    (),
    Never,
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    String,
    OsString,
    CString,
    PathBuf,
    Infallible,
    Ordering,
    fmt::Error,
    std::io::Error,
    Duration,
    Instant,
    SystemTime,
    IpAddr,
    SocketAddr,
    TcpListener,
    TcpStream,
    UdpSocket,
    Child,
    ExitStatus,
    Output,
    fs::File,
    fs::Metadata
);

macro_rules! generic_values {
    ($($type:ident),*) => {$(
        impl<T> IterationResult for $type<T> {}
    )*};
}

generic_values!(
    Option,
    Poll,
    Pin,
    ManuallyDrop,
    Vec,
    VecDeque,
    LinkedList,
    BinaryHeap,
    BTreeSet,
    Wrapping,
    Saturating,
    Reverse,
    Bound,
    Range,
    RangeFrom,
    RangeInclusive,
    Cell,
    RefCell,
    OnceCell,
    OnceLock,
    Mutex,
    RwLock,
    JoinHandle,
    Sender,
    Receiver
);

impl<T: ?Sized> IterationResult for &T {}
impl<T: ?Sized> IterationResult for &mut T {}
impl<T: ?Sized> IterationResult for *const T {}
impl<T: ?Sized> IterationResult for *mut T {}
impl<T: ?Sized> IterationResult for Box<T> {}
impl<T: ?Sized> IterationResult for Rc<T> {}
impl<T: ?Sized> IterationResult for Arc<T> {}
impl<T: ?Sized> IterationResult for std::rc::Weak<T> {}
impl<T: ?Sized> IterationResult for std::sync::Weak<T> {}
impl<T: ?Sized> IterationResult for PhantomData<T> {}
impl<T: ?Sized> IterationResult for Ref<'_, T> {}
impl<T: ?Sized> IterationResult for RefMut<'_, T> {}
impl<T: ?Sized> IterationResult for MutexGuard<'_, T> {}
impl<T: ?Sized> IterationResult for RwLockReadGuard<'_, T> {}
impl<T: ?Sized> IterationResult for RwLockWriteGuard<'_, T> {}
impl<T: ToOwned + ?Sized> IterationResult for Cow<'_, T> {}
impl<T, const N: usize> IterationResult for [T; N] {}
impl<K, V> IterationResult for BTreeMap<K, V> {}
impl<K, V, S> IterationResult for HashMap<K, V, S> {}
impl<T, S> IterationResult for HashSet<T, S> {}
impl<B, C> IterationResult for ControlFlow<B, C> {}

macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        impl<$first, $($rest),*> IterationResult for ($first, $($rest),*) {}
        tuples!($($rest)*);
    };
    () => {};
}

tuples!(A B C D E F G H I J K L);

/// Prints why an iteration failed, as the standard library does for a `main` that returns an error.
#[cold]
#[expect(clippy::print_stderr, reason = "libtest captures it and shows it for failed tests")]
pub(crate) fn print_failure(message: &str) {
    if !message.is_empty() {
        eprintln!("Error: {message}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{Steps, Workload};

    fn once<R: IterationResult>(body: impl FnMut() -> R) {
        Workload::new(Steps::Once { done: false }).iterate(body);
    }

    struct Response;
    #[derive(Debug)]
    struct Refused;

    #[test]
    fn values_are_no_failures() {
        let mut list = Vec::new();
        once(|| {
            list.push(1);
        });
        once(|| vec![1u8]);
        once(|| Some("text"));
        once(|| 5);
        once(|| (1, String::new()));
        once(|| Box::new(Response));
        once(|| Ok::<Response, Refused>(Response));
        once(|| Ok::<_, Box<dyn std::error::Error>>("1".parse::<u8>()?));
        once(|| ExitCode::SUCCESS);
        once(|| list.first());
        let mut map = HashMap::new();
        once(|| map.insert(1, 2));
        let body: fn() = || ();
        once(body);
    }

    #[test]
    fn errors_are_failures_with_their_message() {
        assert_eq!(Err::<Response, _>(Refused).failure().as_deref(), Some("Refused"));
        assert!(ExitCode::FAILURE.failure().is_some());
        assert_eq!(Returned(ExitCode::FAILURE).failure().as_deref(), Some(""));
        assert_eq!(Returned(Ok::<(), Refused>(())).failure(), None);
    }

    #[test]
    #[should_panic = "a body that always panics"]
    fn a_body_that_always_panics_has_a_type() {
        once(|| panic!("a body that always panics"));
    }

    #[test]
    fn the_value_is_dropped_in_the_iteration() {
        struct Counted<'a>(&'a Cell<u32>);
        impl Drop for Counted<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let dropped = Cell::new(0);
        assert_eq!(vec![Counted(&dropped)].failure(), None);
        assert_eq!(Ok::<_, Refused>(Counted(&dropped)).failure(), None);
        assert_eq!(dropped.get(), 2);
    }
}
