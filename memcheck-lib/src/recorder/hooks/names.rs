//! The names that are defined, and what stands behind them.

use std::sync::atomic::Ordering::Relaxed;

use super::{PROCESS, descriptors, libraries, mappings, process, threads};
use crate::recorder::{SiteKind, Tables};
use crate::weak::weak_definitions;

weak_definitions! {
    open memcheck_jump_open => descriptors::open,
    open64 memcheck_jump_open64 => descriptors::open64,
    openat memcheck_jump_openat => descriptors::openat,
    openat64 memcheck_jump_openat64 => descriptors::openat64,
    creat memcheck_jump_creat => descriptors::creat,
    creat64 memcheck_jump_creat64 => descriptors::creat64,
    socket memcheck_jump_socket => descriptors::socket,
    socketpair memcheck_jump_socketpair => descriptors::socketpair,
    accept memcheck_jump_accept => descriptors::accept,
    accept4 memcheck_jump_accept4 => descriptors::accept4,
    pipe memcheck_jump_pipe => descriptors::pipe,
    pipe2 memcheck_jump_pipe2 => descriptors::pipe2,
    dup memcheck_jump_dup => descriptors::dup,
    dup2 memcheck_jump_dup2 => descriptors::dup2,
    dup3 memcheck_jump_dup3 => descriptors::dup3,
    fcntl memcheck_jump_fcntl => descriptors::fcntl,
    fcntl64 memcheck_jump_fcntl64 => descriptors::fcntl64,
    eventfd memcheck_jump_eventfd => descriptors::eventfd,
    epoll_create memcheck_jump_epoll_create => descriptors::epoll_create,
    epoll_create1 memcheck_jump_epoll_create1 => descriptors::epoll_create1,
    memfd_create memcheck_jump_memfd_create => descriptors::memfd_create,
    timerfd_create memcheck_jump_timerfd_create => descriptors::timerfd_create,
    inotify_init memcheck_jump_inotify_init => descriptors::inotify_init,
    inotify_init1 memcheck_jump_inotify_init1 => descriptors::inotify_init1,
    signalfd memcheck_jump_signalfd => descriptors::signalfd,
    close memcheck_jump_close => descriptors::close,
    mmap memcheck_jump_mmap => mappings::mmap,
    mmap64 memcheck_jump_mmap64 => mappings::mmap64,
    munmap memcheck_jump_munmap => mappings::munmap,
    mremap memcheck_jump_mremap => mappings::mremap,
    pthread_create memcheck_jump_pthread_create => threads::pthread_create,
    dlclose memcheck_jump_dlclose => libraries::dlclose,
}

/// Before `main`, and before most of what runs before it: looking names up takes the loader's locks,
/// which is not allowed in all the places that these functions may be called from.
#[used]
#[unsafe(link_section = ".init_array")]
static FIND: extern "C" fn() = find;

extern "C" fn find() {
    descriptors::real::find();
    mappings::real::find();
    threads::real::find();
    libraries::real::find();
}

/// By which of its functions one knows that a kind is recorded.
const TELLING: [(&[u8], SiteKind); 3] = [
    (b"close", SiteKind::Descriptor),
    (b"munmap", SiteKind::Mapping),
    (b"pthread_create", SiteKind::Thread),
];

/// Makes ready to record, and says to the observer what will be.
pub(in crate::recorder) fn prepare(tables: &Tables) {
    PROCESS.store(process(), Relaxed);
    let mut kinds = 0;
    for (name, jump, here) in members() {
        // Where another definition won, nothing of this kind is told.
        for (telling, kind) in TELLING {
            if name.to_bytes() == telling && jump == here {
                kinds |= 1 << kind as u32;
            }
        }
    }
    if !threads::prepare() {
        kinds &= !(1 << SiteKind::Thread as u32);
    }
    if kinds & 1 << SiteKind::Descriptor as u32 != 0 {
        descriptors::note_open_ones(tables);
    }
    tables.calls.store(kinds, Relaxed);
}
