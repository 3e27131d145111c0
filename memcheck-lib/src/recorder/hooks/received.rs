//! Descriptors that come in messages (SCM_RIGHTS, unix(7)).

use std::ffi::c_int;

use super::descriptors::record;
use super::{call_real, real_functions, system_call};
use crate::recorder;

real_functions! { recvmsg, recvmmsg }

pub(super) unsafe extern "C-unwind" fn recvmsg(fd: usize, message: usize, flags: usize) -> isize {
    let length = call_real!(
        recvmsg(fd, message, flags) -> isize,
        system_call!(SYS_recvmsg, fd, message, flags) as isize
    );
    if recorder::is_on() && length >= 0 {
        // SAFETY: the caller's message, into which the call has written.
        unsafe { received(&*std::ptr::with_exposed_provenance(message)) };
    }
    length
}

pub(super) unsafe extern "C-unwind" fn recvmmsg(
    fd: usize,
    messages: usize,
    most: usize,
    flags: usize,
    limit: usize,
) -> c_int {
    let count = call_real!(
        recvmmsg(fd, messages, most, flags, limit) -> c_int,
        system_call!(SYS_recvmmsg, fd, messages, most, flags, limit) as c_int
    );
    if recorder::is_on() {
        let messages = std::ptr::with_exposed_provenance::<libc::mmsghdr>(messages);
        for at in 0..usize::try_from(count).unwrap_or(0) {
            // SAFETY: the caller's messages, into so many of which the call has written.
            unsafe { received(&(*messages.add(at)).msg_hdr) };
        }
    }
    count
}

/// # Safety
/// The kernel has filled the message in.
#[cold]
#[inline(never)]
unsafe fn received(message: &libc::msghdr) {
    // SAFETY: the message is as the kernel filled it in, so its parts are whole.
    let mut part = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !part.is_null() {
        // SAFETY: a part of the message. What it carries need not be aligned.
        unsafe {
            let header = part.read_unaligned();
            if (header.cmsg_level, header.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let first = libc::CMSG_DATA(part).cast::<c_int>();
                let bytes = header.cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for at in 0..bytes / size_of::<c_int>() {
                    record(first.add(at).read_unaligned());
                }
            }
            part = libc::CMSG_NXTHDR(message, part);
        }
    }
}
