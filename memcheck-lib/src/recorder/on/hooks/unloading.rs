//! Intercepts `dlclose`: after a library was unloaded, other code can be loaded at its addresses,
//! and what was recorded for the old code must not be attributed to the new.

use std::ffi::{CStr, c_int, c_void};
use std::sync::atomic::{Ordering::Relaxed, Ordering::Release};

use super::next_definition::{call_next, next_definitions};
use super::scope::{keeping_errno, records};
use crate::recorder::on::state::with_tables;
use crate::recorder::on::tables::{CodeTable, PATHS, SEGMENTS, Segment, Tables};

next_definitions! { dlclose }

pub(super) unsafe extern "C-unwind" fn dlclose(handle: usize) -> c_int {
    let records = records();
    if records {
        keeping_errno(|| with_tables(note_loaded_code));
    }
    // Without a next definition, no library can have been loaded.
    let result = call_next!(dlclose(handle) -> c_int, -1);
    if records {
        keeping_errno(|| with_tables(forget_unloaded_code));
    }
    result
}

/// Notes the libraries in memory. Call it before a library can be unloaded.
fn note_loaded_code(tables: &Tables) {
    let _guard = tables.code.scan_lock.lock();
    scan(&tables.code);
}

/// Removes the unwind rules of unloaded libraries. Call it after a library can have been unloaded.
fn forget_unloaded_code(tables: &Tables) {
    let code = &tables.code;
    let _guard = code.scan_lock.lock();
    let was_loaded: [bool; SEGMENTS] = std::array::from_fn(|at| {
        let segment = code.segments().get(at);
        segment.is_some_and(|segment| segment.is_loaded.swap(false, Relaxed))
    });
    scan(code);
    for (segment, was_loaded) in code.segments().iter().zip(was_loaded) {
        if was_loaded && !segment.is_loaded.load(Relaxed) {
            tables.rule_cache.forget(segment.start.load(Relaxed), segment.end.load(Relaxed));
        }
    }
}

/// Marks the segments that are in memory, and adds new ones. The caller holds the scan lock.
fn scan(code: &CodeTable) {
    // SAFETY: `visit` casts the pointer back to the `CodeTable` that it points to.
    unsafe { libc::dl_iterate_phdr(Some(visit), std::ptr::from_ref(code).cast_mut().cast()) };
}

/// Marks one segment as in memory, and adds it if it is new. The caller holds the scan lock.
fn note_segment(
    code: &CodeTable,
    (start, end): (u64, u64),
    offset: u64,
    path: &[u8],
    build_id: &[u8],
) {
    let is_same = |segment: &&Segment| {
        let (known, length) = segment.build_id();
        (segment.start.load(Relaxed), segment.end.load(Relaxed)) == (start, end)
            && code.path(segment) == path
            && &known[..length] == build_id
    };
    if let Some(segment) = code.segments().iter().find(is_same) {
        return segment.is_loaded.store(true, Relaxed);
    }
    let (used, path_start) = (code.used.load(Relaxed), code.paths_used.load(Relaxed));
    let Some(segment) = code.segments.get(used as usize) else { return };
    if path_start as usize + path.len() > PATHS {
        return;
    }
    // SAFETY: the range is within the table and behind every path. No other thread writes, because
    // the caller holds the scan lock.
    unsafe {
        let to = code.paths.get().cast::<u8>().add(path_start as usize);
        std::ptr::copy_nonoverlapping(path.as_ptr(), to, path.len());
    }
    segment.start.store(start, Relaxed);
    segment.end.store(end, Relaxed);
    segment.offset.store(offset, Relaxed);
    segment.path.store(path_start, Relaxed);
    segment.path_length.store(path.len() as u32, Relaxed);
    for (word, bytes) in segment.build_id.iter().zip(build_id.chunks(8)) {
        let mut padded = [0; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        word.store(u64::from_le_bytes(padded), Relaxed);
    }
    segment.build_id_length.store(build_id.len() as u32, Relaxed);
    segment.is_loaded.store(true, Relaxed);
    code.paths_used.store(path_start + path.len() as u32, Relaxed);
    code.used.store(used + 1, Release);
}

unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    code: *mut c_void,
) -> c_int {
    // SAFETY: the loader passes a valid description, and `scan` its table, of which this function
    // writes only what is atomic or protected by the scan lock.
    let (info, code) = unsafe { (&*info, &*code.cast::<CodeTable>()) };
    if info.dlpi_name.is_null() || info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the loader passes a C string.
    let path = unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes();
    // The program itself has no name, and the vDSO no path. Neither is ever unloaded.
    if !path.contains(&b'/') {
        return 0;
    }
    // SAFETY: the loader passes the address and the number of the headers.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let address = |of: &libc::Elf64_Phdr| info.dlpi_addr.wrapping_add(of.p_vaddr);
    let notes = headers.iter().filter(|of| of.p_type == libc::PT_NOTE).map(|of| {
        // SAFETY: notes are in a loaded segment.
        unsafe { std::slice::from_raw_parts(address(of) as *const u8, of.p_memsz as usize) }
    });
    let fits = |id: &&[u8]| id.len() <= Segment::BUILD_ID;
    let build_id = notes.filter_map(build_id).find(fits).unwrap_or_default();
    for of in headers {
        if of.p_type == libc::PT_LOAD && of.p_flags & libc::PF_X != 0 {
            let start = address(of);
            let range = (start, start.wrapping_add(of.p_memsz));
            note_segment(code, range, of.p_offset, path, build_id);
        }
    }
    0
}

/// The build ID in a section of notes. A note has three words (the lengths of name and data, and
/// the type), then the name and the data, each padded to whole words (elf(5)).
fn build_id(mut notes: &[u8]) -> Option<&[u8]> {
    const NT_GNU_BUILD_ID: u32 = 3;
    loop {
        let (words, rest) = notes.split_at_checked(12)?;
        let word = |at: usize| words.get(at..at + 4).and_then(|word| word.try_into().ok());
        let [name, data, note_type] = [0, 4, 8].map(|at| word(at).map_or(0, u32::from_ne_bytes));
        let padded = |length: u32| (length as usize).next_multiple_of(4);
        let (name, rest) = rest.split_at_checked(padded(name))?;
        if note_type == NT_GNU_BUILD_ID && name == b"GNU\0" {
            return rest.get(..data as usize);
        }
        notes = rest.get(padded(data)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::on::tables::Memory;
    use crate::recorder::on::test_memory::zeroed;

    #[test]
    fn each_loaded_library_is_listed_once() {
        let memory = Memory::private().unwrap();
        let tables = memory.tables();
        note_loaded_code(tables);
        let listed = tables.loaded_code();
        let function = libc::getpid as *const () as u64;
        let libc = listed.iter().find(|of| (of.start..of.end).contains(&function)).unwrap();
        let maps = std::fs::read("/proc/self/maps").unwrap();
        let mapping = maps
            .split(|byte| *byte == b'\n')
            .filter_map(crate::process::MappingHeader::parse)
            .find(|of| (of.start..of.end).contains(&function))
            .unwrap();
        assert_eq!(function - libc.start + libc.offset, function - mapping.start + mapping.offset);

        note_loaded_code(tables);
        forget_unloaded_code(tables);
        assert_eq!(tables.loaded_code(), listed);
        assert!(tables.code.segments().iter().all(|segment| segment.is_loaded.load(Relaxed)));
    }

    #[test]
    fn a_build_id_is_found_among_notes() {
        let note = |name: &[u8; 4], note_type: u8, data: &[u8]| {
            let mut note = vec![4, 0, 0, 0, data.len() as u8, 0, 0, 0, note_type, 0, 0, 0];
            note.extend(name);
            note.extend(data);
            note.resize(note.len().next_multiple_of(4), 0);
            note
        };
        let notes = [note(b"GNU\0", 5, b"12345"), note(b"GNU\0", 3, b"abcdefg")].concat();
        assert_eq!(build_id(&notes), Some(&b"abcdefg"[..]));
        assert_eq!(build_id(&note(b"Go\0\0", 3, b"abc")), None);
        assert_eq!(build_id(&notes[..notes.len() - 8]), None);
        assert_eq!(build_id(b""), None);
    }

    #[test]
    fn a_full_table_keeps_the_first_segments() {
        let code = zeroed::<CodeTable>();
        for at in 0..SEGMENTS as u64 + 5 {
            note_segment(&code, (at << 12, (at + 1) << 12), 0, b"/t/a.so", b"12345678 0");
        }
        assert_eq!(code.segments().len(), SEGMENTS);
        let last = &code.segments()[SEGMENTS - 1];
        assert_eq!(code.path(last), b"/t/a.so");
        assert_eq!(last.build_id().0[..last.build_id().1], *b"12345678 0");
    }
}
