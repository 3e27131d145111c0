//! Intercepts the functions that receive descriptors in messages (SCM_RIGHTS, unix(7)).

use std::ffi::c_int;

use super::descriptor_events::record_open;
use super::next_definition::{call_next, next_definitions};
use super::system_call::system_call;
use crate::recorder::on::state::is_on;

next_definitions! { recvmsg, recvmmsg }

pub(super) unsafe extern "C-unwind" fn recvmsg(fd: usize, message: usize, flags: usize) -> isize {
    let length = call_next!(
        recvmsg(fd, message, flags) -> isize,
        system_call!(SYS_recvmsg, fd, message, flags) as isize
    );
    if is_on() && length >= 0 {
        // SAFETY: the caller's message, which the successful call has filled in.
        unsafe { record_received(&*std::ptr::with_exposed_provenance(message)) };
    }
    length
}

pub(super) unsafe extern "C-unwind" fn recvmmsg(
    fd: usize,
    messages: usize,
    limit: usize,
    flags: usize,
    timeout: usize,
) -> c_int {
    let count = call_next!(
        recvmmsg(fd, messages, limit, flags, timeout) -> c_int,
        system_call!(SYS_recvmmsg, fd, messages, limit, flags, timeout) as c_int
    );
    if is_on() {
        let messages = std::ptr::with_exposed_provenance::<libc::mmsghdr>(messages);
        for at in 0..usize::try_from(count).unwrap_or(0) {
            // SAFETY: the caller's messages, of which the call has filled in `count`.
            unsafe { record_received(&(*messages.add(at)).msg_hdr) };
        }
    }
    count
}

/// Records the descriptors of a message.
///
/// # Safety
///
/// The kernel has filled in the message.
#[cold]
#[inline(never)]
unsafe fn record_received(message: &libc::msghdr) {
    // SAFETY: the kernel has filled in the message, so its parts are complete.
    let mut part = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !part.is_null() {
        // SAFETY: `part` is a complete part of the message. Its data need not be aligned.
        unsafe {
            let header = part.read_unaligned();
            if (header.cmsg_level, header.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let first = libc::CMSG_DATA(part).cast::<c_int>();
                let bytes = header.cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for at in 0..bytes / size_of::<c_int>() {
                    record_open(first.add(at).read_unaligned());
                }
            }
            part = libc::CMSG_NXTHDR(message, part);
        }
    }
}
