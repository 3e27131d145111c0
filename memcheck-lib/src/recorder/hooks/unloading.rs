//! Shared libraries that are unloaded: what was recorded of their code must not be taken for that of
//! what is loaded to their place.

use std::ffi::{CStr, c_int, c_void};
use std::sync::atomic::{Ordering::Relaxed, Ordering::Release};

use super::{aside, call_real, real_functions, recording};
use crate::recorder::Tables;
use crate::recorder::calls::recording_self;
use crate::recorder::code::{Code, NAMES, PARTS, Part};

real_functions! { dlclose }

pub(super) unsafe extern "C-unwind" fn dlclose(handle: usize) -> c_int {
    let watched = recording();
    if watched {
        aside(|| recording_self(Tables::note_code));
    }
    // Where there is no function behind this one, nothing was loaded that could be unloaded.
    let result = call_real!(dlclose(handle) -> c_int, -1);
    if watched {
        aside(|| recording_self(Tables::forget_unloaded));
    }
    result
}

impl Tables {
    /// To be called before a library may be unloaded.
    fn note_code(&self) {
        let _held = self.code.looking.hold();
        self.code.look();
    }

    /// To be called after it: what is known of code that is gone does not hold for what is loaded to
    /// its place.
    fn forget_unloaded(&self) {
        let _held = self.code.looking.hold();
        let there: [bool; PARTS] = std::array::from_fn(|at| {
            let part = self.code.parts().get(at);
            part.is_some_and(|part| part.is_there.swap(false, Relaxed))
        });
        self.code.look();
        for (part, was_there) in self.code.parts().iter().zip(there) {
            if was_there && !part.is_there.load(Relaxed) {
                self.rules.forget(part.start.load(Relaxed), part.end.load(Relaxed));
            }
        }
    }
}

impl Code {
    /// Says that a part is in memory.
    fn see(&self, start: u64, end: u64, offset: u64, name: &[u8], build: &[u8]) {
        let is = |part: &&Part| {
            let (known, length) = part.build();
            (part.start.load(Relaxed), part.end.load(Relaxed)) == (start, end)
                && self.name(part) == name
                && &known[..length] == build
        };
        if let Some(part) = self.parts().iter().find(is) {
            return part.is_there.store(true, Relaxed);
        }
        let (used, name_start) = (self.used.load(Relaxed), self.names_used.load(Relaxed));
        let Some(part) = self.parts.get(used as usize) else { return };
        if name_start as usize + name.len() > NAMES {
            return;
        }
        // SAFETY: within the table, in a part that no name has yet; the lock, which `look` holds,
        // makes this thread the only writer.
        unsafe {
            let to = self.names.get().cast::<u8>().add(name_start as usize);
            std::ptr::copy_nonoverlapping(name.as_ptr(), to, name.len());
        }
        part.start.store(start, Relaxed);
        part.end.store(end, Relaxed);
        part.offset.store(offset, Relaxed);
        part.name.store(name_start, Relaxed);
        part.name_length.store(name.len() as u32, Relaxed);
        for (word, bytes) in part.build.iter().zip(build.chunks(8)) {
            let mut whole = [0; 8];
            whole[..bytes.len()].copy_from_slice(bytes);
            word.store(u64::from_le_bytes(whole), Relaxed);
        }
        part.build_length.store(build.len() as u32, Relaxed);
        part.is_there.store(true, Relaxed);
        self.names_used.store(name_start + name.len() as u32, Relaxed);
        self.used.store(used + 1, Release);
    }

    /// Looks at what is loaded.
    fn look(&self) {
        // SAFETY: `visit` takes the place it is given for the `Code` that it is.
        unsafe { libc::dl_iterate_phdr(Some(visit), std::ptr::from_ref(self).cast_mut().cast()) };
    }
}

unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    code: *mut c_void,
) -> c_int {
    // SAFETY: the loader gives a valid description, `look` its table, which is only read here but
    // for what may be written while it is shared.
    let (info, code) = unsafe { (&*info, &*code.cast::<Code>()) };
    if info.dlpi_name.is_null() || info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the loader gives a C string.
    let name = unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes();
    // The program itself has no name, what the kernel brings no path. Both stay.
    if !name.contains(&b'/') {
        return 0;
    }
    // SAFETY: the loader gives the place and number of the headers.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let place = |of: &libc::Elf64_Phdr| info.dlpi_addr.wrapping_add(of.p_vaddr);
    let notes = headers.iter().filter(|of| of.p_type == libc::PT_NOTE).map(|of| {
        // SAFETY: notes lie in the part of the file that is mapped.
        unsafe { std::slice::from_raw_parts(place(of) as *const u8, of.p_memsz as usize) }
    });
    let build = notes.filter_map(build).find(|id| id.len() <= Part::BUILD).unwrap_or_default();
    for of in headers {
        if of.p_type == libc::PT_LOAD && of.p_flags & libc::PF_X != 0 {
            let start = place(of);
            code.see(start, start.wrapping_add(of.p_memsz), of.p_offset, name, build);
        }
    }
    0
}

/// The identifier of a build among notes: three words (length of the name, of what is noted, kind),
/// then both, each filled up to whole words (elf(5)).
fn build(mut notes: &[u8]) -> Option<&[u8]> {
    const BUILD_ID: u32 = 3;
    loop {
        let (words, rest) = notes.split_at_checked(12)?;
        let word = |at: usize| words.get(at..at + 4).and_then(|word| word.try_into().ok());
        let [name, noted, kind] = [0, 4, 8].map(|at| word(at).map_or(0, u32::from_ne_bytes));
        let whole = |length: u32| (length as usize).next_multiple_of(4);
        let (name, rest) = rest.split_at_checked(whole(name))?;
        if kind == BUILD_ID && name == b"GNU\0" {
            return rest.get(..noted as usize);
        }
        notes = rest.get(whole(noted)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Memory;

    #[test]
    fn what_is_loaded_is_listed_once() {
        let memory = Memory::private().unwrap();
        let tables = memory.tables();
        tables.note_code();
        let listed = tables.loaded_code();
        let function = libc::getpid as *const () as u64;
        let libc = listed.iter().find(|of| (of.start..of.end).contains(&function)).unwrap();
        let maps = std::fs::read("/proc/self/maps").unwrap();
        let mapping = maps
            .split(|byte| *byte == b'\n')
            .filter_map(crate::process::Header::parse)
            .find(|of| (of.start..of.end).contains(&function))
            .unwrap();
        assert_eq!(function - libc.start + libc.offset, function - mapping.start + mapping.offset);

        tables.note_code();
        tables.forget_unloaded();
        assert_eq!(tables.loaded_code(), listed);
        assert!(tables.code.parts().iter().all(|part| part.is_there.load(Relaxed)));
    }

    #[test]
    fn the_identifier_of_a_build_is_found() {
        let note = |name: &[u8; 4], kind: u8, noted: &[u8]| {
            let mut note = vec![4, 0, 0, 0, noted.len() as u8, 0, 0, 0, kind, 0, 0, 0];
            note.extend(name);
            note.extend(noted);
            note.resize(note.len().next_multiple_of(4), 0);
            note
        };
        let notes = [note(b"GNU\0", 5, b"12345"), note(b"GNU\0", 3, b"abcdefg")].concat();
        assert_eq!(build(&notes), Some(&b"abcdefg"[..]));
        assert_eq!(build(&note(b"Go\0\0", 3, b"abc")), None);
        assert_eq!(build(&notes[..notes.len() - 8]), None);
        assert_eq!(build(b""), None);
    }

    #[test]
    fn a_full_table_loses_only_what_is_too_much() {
        let memory = Memory::private().unwrap();
        let code = &memory.tables().code;
        for at in 0..PARTS as u64 + 5 {
            code.see(at << 12, (at + 1) << 12, 0, b"/t/a.so", b"12345678 0");
        }
        assert_eq!(code.parts().len(), PARTS);
        let last = &code.parts()[PARTS - 1];
        assert_eq!(code.name(last), b"/t/a.so");
        assert_eq!(last.build().0[..last.build().1], *b"12345678 0");
    }
}
