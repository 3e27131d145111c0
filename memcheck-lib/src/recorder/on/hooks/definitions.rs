//! The list of intercepted functions, and the lookup of their next definitions.

use std::sync::atomic::Ordering::Relaxed;

use super::{
    children, closing, descriptor_events, descriptors, mappings, raw_syscall, received, scope,
    split_libraries, streams, system_call, threads, unloading,
};
use crate::metric::SiteKind;
use crate::recorder::on::tables::Tables;
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
    fanotify_init memcheck_jump_fanotify_init => descriptors::fanotify_init,
    pidfd_open memcheck_jump_pidfd_open => descriptors::pidfd_open,
    pidfd_getfd memcheck_jump_pidfd_getfd => descriptors::pidfd_getfd,
    open_by_handle_at memcheck_jump_open_by_handle_at => descriptors::open_by_handle_at,
    __open_2 memcheck_jump___open_2 => descriptors::__open_2,
    __open64_2 memcheck_jump___open64_2 => descriptors::__open64_2,
    __openat_2 memcheck_jump___openat_2 => descriptors::__openat_2,
    __openat64_2 memcheck_jump___openat64_2 => descriptors::__openat64_2,
    mkstemp memcheck_jump_mkstemp => descriptors::mkstemp,
    mkstemp64 memcheck_jump_mkstemp64 => descriptors::mkstemp64,
    mkostemp memcheck_jump_mkostemp => descriptors::mkostemp,
    mkostemp64 memcheck_jump_mkostemp64 => descriptors::mkostemp64,
    mkstemps memcheck_jump_mkstemps => descriptors::mkstemps,
    mkstemps64 memcheck_jump_mkstemps64 => descriptors::mkstemps64,
    mkostemps memcheck_jump_mkostemps => descriptors::mkostemps,
    mkostemps64 memcheck_jump_mkostemps64 => descriptors::mkostemps64,
    fopen memcheck_jump_fopen => streams::fopen,
    fopen64 memcheck_jump_fopen64 => streams::fopen64,
    freopen memcheck_jump_freopen => streams::freopen,
    freopen64 memcheck_jump_freopen64 => streams::freopen64,
    tmpfile memcheck_jump_tmpfile => streams::tmpfile,
    tmpfile64 memcheck_jump_tmpfile64 => streams::tmpfile64,
    popen memcheck_jump_popen => streams::popen,
    setmntent memcheck_jump_setmntent => streams::setmntent,
    opendir memcheck_jump_opendir => streams::opendir,
    fclose memcheck_jump_fclose => streams::fclose,
    pclose memcheck_jump_pclose => streams::pclose,
    endmntent memcheck_jump_endmntent => streams::endmntent,
    closedir memcheck_jump_closedir => streams::closedir,
    posix_openpt memcheck_jump_posix_openpt => split_libraries::posix_openpt,
    getpt memcheck_jump_getpt => split_libraries::getpt,
    openpty memcheck_jump_openpty => split_libraries::openpty,
    forkpty memcheck_jump_forkpty => split_libraries::forkpty,
    shm_open memcheck_jump_shm_open => split_libraries::shm_open,
    mq_open memcheck_jump_mq_open => split_libraries::mq_open,
    mq_close memcheck_jump_mq_close => split_libraries::mq_close,
    recvmsg memcheck_jump_recvmsg => received::recvmsg,
    recvmmsg memcheck_jump_recvmmsg => received::recvmmsg,
    syscall memcheck_jump_syscall => raw_syscall::syscall,
    close memcheck_jump_close => closing::close,
    close_range memcheck_jump_close_range => closing::close_range,
    closefrom memcheck_jump_closefrom => closing::closefrom,
    mmap memcheck_jump_mmap => mappings::mmap,
    mmap64 memcheck_jump_mmap64 => mappings::mmap64,
    munmap memcheck_jump_munmap => mappings::munmap,
    mremap memcheck_jump_mremap => mappings::mremap,
    pthread_create memcheck_jump_pthread_create => threads::pthread_create,
    fork memcheck_jump_fork => children::fork,
    _Fork memcheck_jump__Fork => children::_Fork,
    clone memcheck_jump_clone => children::clone,
    posix_spawn memcheck_jump_posix_spawn => children::posix_spawn,
    posix_spawnp memcheck_jump_posix_spawnp => children::posix_spawnp,
    pidfd_spawn memcheck_jump_pidfd_spawn => children::pidfd_spawn,
    pidfd_spawnp memcheck_jump_pidfd_spawnp => children::pidfd_spawnp,
    wait memcheck_jump_wait => children::wait,
    wait3 memcheck_jump_wait3 => children::wait3,
    wait4 memcheck_jump_wait4 => children::wait4,
    waitid memcheck_jump_waitid => children::waitid,
    waitpid memcheck_jump_waitpid => children::waitpid,
    dlclose memcheck_jump_dlclose => unloading::dlclose,
}

/// Runs before `main` and before most other initializers. The lookup takes locks of the loader, and
/// some callers of these functions must not wait for them.
#[used]
#[unsafe(link_section = ".init_array")]
static FIND_NEXT_DEFINITIONS: extern "C" fn() = find_next_definitions;

extern "C" fn find_next_definitions() {
    system_call::next::find();
    descriptors::next::find();
    closing::next::find();
    streams::next::find();
    split_libraries::next::find();
    received::next::find();
    mappings::next::find();
    threads::next::find();
    children::next::find();
    unloading::next::find();
}

/// One function of each kind. The kind counts as recorded if memcheck's definition of that function
/// is the one that the program calls.
const REPRESENTATIVES: [(&[u8], SiteKind); 4] = [
    (b"close", SiteKind::Descriptor),
    (b"munmap", SiteKind::Mapping),
    (b"pthread_create", SiteKind::Thread),
    (b"waitpid", SiteKind::Child),
];

/// Prepares the recording, and writes to the tables which kinds are recorded.
pub(in crate::recorder::on) fn prepare(tables: &Tables) {
    scope::record_this_process();
    let mut kinds = 0;
    for (name, jump, here) in members() {
        // If another definition won, the kind is not recorded.
        for (representative, kind) in REPRESENTATIVES {
            if name.to_bytes() == representative && jump == here {
                kinds |= 1 << kind as u32;
            }
        }
    }
    if !threads::prepare() {
        kinds &= !(1 << SiteKind::Thread as u32);
    }
    if kinds & 1 << SiteKind::Descriptor as u32 != 0 {
        descriptor_events::insert_open_descriptors(tables);
    }
    if kinds & 1 << SiteKind::Mapping as u32 != 0 {
        mappings::insert_mapped_ranges(tables);
    }
    tables.intercepted_kinds.store(kinds, Relaxed);
}
