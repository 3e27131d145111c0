//! Works out how to step over a frame, from the unwind tables (`.eh_frame`) in memory.
//!
//! It allocates nothing and takes no lock of this library. Executables and shared libraries have
//! these tables also without debug information, because panics need them.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameOffset, Encoding, EndianSlice, Expression,
    LittleEndian, Operation, Register, RegisterRule, UnwindContext, UnwindContextStorage,
    UnwindExpression, UnwindSection, UnwindTableRow,
};

use super::rule_cache::{Base, Rule, RuleSource, Saved};

#[cfg(target_arch = "x86_64")]
mod registers {
    use gimli::{Register, X86_64};

    pub(super) const STACK: Register = X86_64::RSP;
    pub(super) const FRAME: Register = X86_64::RBP;
    pub(super) const RETURN: Register = X86_64::RA;
}
#[cfg(target_arch = "aarch64")]
mod registers {
    use gimli::{AArch64, Register};

    pub(super) const STACK: Register = AArch64::SP;
    pub(super) const FRAME: Register = AArch64::X29;
    pub(super) const RETURN: Register = AArch64::X30;
}

type Slice = EndianSlice<'static, LittleEndian>;

/// Limits of one row of a table, which is kept on the stack: the callee-saved registers and a few
/// more. Larger rows count as unknown.
struct SmallRows;

impl UnwindContextStorage<usize> for SmallRows {
    type Rules = [(Register, RegisterRule<usize>); 32];
    type Stack = [UnwindTableRow<usize, Self>; 3];
}

/// Works out the rule for the frame that contains a return address.
pub(super) const EH_FRAME: RuleSource<Option<usize>> = RuleSource {
    find_tables: |ret| find(call(ret)),
    read_rule: |(tables, ret)| {
        tables.and_then(|header| from_tables(header, call(ret))).unwrap_or(Rule::Unknown)
    },
};

/// An address in the call instruction that returns to `ret`. `ret` itself can be in the next
/// function, if a call that never returns is the last instruction.
fn call(ret: u64) -> u64 {
    ret - 1
}

/// The beginning of `.eh_frame_hdr` (Linux Standard Base, 10.6.2). A table of all functions
/// follows, in the order of their addresses.
#[repr(C)]
struct Header {
    /// Version 1, and the encodings of the following fields.
    encodings: [u8; 4],
    /// Offset of `.eh_frame` from this field.
    frames: i32,
    entries: u32,
}

/// The encodings that linkers write. libgcc, too, searches only these (unwind-dw2-fde-dip.c).
const ENCODINGS: [u8; 4] = [
    1,
    gimli::constants::DW_EH_PE_pcrel.0 | gimli::constants::DW_EH_PE_sdata4.0,
    gimli::constants::DW_EH_PE_udata4.0,
    gimli::constants::DW_EH_PE_datarel.0 | gimli::constants::DW_EH_PE_sdata4.0,
];

/// An entry of the table; both fields are offsets from the header.
#[repr(C)]
struct Function {
    start: i32,
    entry: i32,
}

/// The rule from the tables whose header is at `header`.
fn from_tables(header: usize, address: u64) -> Option<Rule> {
    if !header.is_multiple_of(align_of::<Header>()) {
        return None;
    }
    let pointer = std::ptr::with_exposed_provenance::<Header>(header);
    // SAFETY: the loader has given the address of the header. It stays mapped while code of its
    // file is on the stack of this thread.
    let Header { encodings, frames, entries } = unsafe { pointer.read() };
    if encodings != ENCODINGS {
        return None;
    }
    // SAFETY: the table follows the header in the same section; every bit pattern is a valid
    // `Function`.
    let functions: &[Function] =
        unsafe { std::slice::from_raw_parts(pointer.add(1).cast(), entries as usize) };
    let wanted = i32::try_from(address.wrapping_sub(header as u64) as i64).ok()?;
    let next = functions.partition_point(|function| function.start <= wanted);
    let entry = header.checked_add_signed(functions.get(next.checked_sub(1)?)?.entry as isize)?;
    let frames =
        (header + std::mem::offset_of!(Header, frames)).checked_add_signed(frames as isize)?;

    let length = std::ptr::with_exposed_provenance::<u32>(entry);
    // SAFETY: an entry of `.eh_frame` begins with its length.
    let length = unsafe { length.read_unaligned() };
    // Values from 0xffff_fff0 announce a length of 64 bits.
    let end = entry + size_of::<u32>() + usize::try_from(length).ok().filter(|of| *of < 1 << 31)?;
    let offset = entry.checked_sub(frames)?;
    // SAFETY: `.eh_frame` is one mapped section; this is its beginning up to the end of one entry.
    let bytes = unsafe {
        let start = std::ptr::with_exposed_provenance(frames);
        std::slice::from_raw_parts(start, end - frames)
    };
    let mut section = EhFrame::from(EndianSlice::new(bytes, LittleEndian));
    section.set_address_size(8);
    let bases = BaseAddresses::default().set_eh_frame(frames as u64);
    let entry =
        section.fde_from_offset(&bases, EhFrameOffset(offset), EhFrame::cie_from_offset).ok()?;
    let mut context = UnwindContext::<usize, SmallRows>::new_in();
    let row = entry.unwind_info_for_address(&section, &bases, &mut context, address).ok()?;
    Some(from_row(row, &section, entry.cie().encoding()))
}

fn from_row(
    row: &UnwindTableRow<usize, SmallRows>,
    section: &EhFrame<Slice>,
    encoding: Encoding,
) -> Rule {
    let of = |register: Register| {
        row.registers().find(|(of, _)| *of == register).map(|(_, rule)| rule.clone())
    };
    let near = |offset: i64| i32::try_from(offset).ok();
    let rule = || {
        let ret = match of(registers::RETURN) {
            // Without a rule, the register is undefined.
            None | Some(RegisterRule::Undefined) => return Some(Rule::End),
            Some(RegisterRule::Offset(offset)) => near(offset)?,
            _ => return None,
        };
        let (base, cfa) = match row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => match *register {
                registers::STACK => (Base::Stack, near(*offset)?),
                registers::FRAME => (Base::Frame, near(*offset)?),
                _ => return None,
            },
            CfaRule::Expression(expression) => {
                (Base::FrameIndirect, near(frame_offset(expression, section, encoding, true)?)?)
            }
        };
        let frame = match of(registers::FRAME) {
            None | Some(RegisterRule::SameValue | RegisterRule::Undefined) => Saved::Same,
            Some(RegisterRule::Offset(offset)) => Saved::FromCfa(near(offset)?),
            Some(RegisterRule::Expression(expression)) => {
                Saved::FromFrame(near(frame_offset(&expression, section, encoding, false)?)?)
            }
            Some(_) => return None,
        };
        Some(Rule::Step { base, cfa, frame, ret })
    };
    rule().unwrap_or(Rule::Unknown)
}

/// The offset in an expression of the one form that compilers write for functions that realign
/// their stack: frame pointer plus offset, followed by a dereference if `indirect`.
fn frame_offset(
    expression: &UnwindExpression<usize>,
    section: &EhFrame<Slice>,
    encoding: Encoding,
    indirect: bool,
) -> Option<i64> {
    let Expression(bytes) = expression.get(section).ok()?;
    let mut operations = Expression(bytes).operations(encoding);
    let Some(Operation::RegisterOffset { register, offset, .. }) = operations.next().ok()? else {
        return None;
    };
    if indirect && !matches!(operations.next().ok()?, Some(Operation::Deref { .. })) {
        return None;
    }
    (register == registers::FRAME && operations.next().ok()?.is_none()).then_some(offset)
}

/// The address of `_dl_find_object` (glibc 2.35 and later), which takes no lock. 0 without it.
static FIND_OBJECT: AtomicUsize = AtomicUsize::new(0);

/// `struct dl_find_object` (dlfcn.h), with space for fields that later versions add.
#[repr(C)]
struct Found {
    flags: u64,
    start: *mut c_void,
    end: *mut c_void,
    link_map: *mut c_void,
    eh_frame_header: *mut c_void,
    reserved: [u64; 27],
}

/// Looks up `_dl_find_object`. Call it before recording, because the lookup takes a lock.
pub(super) fn prepare() {
    // SAFETY: the name is a C string.
    let function = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_dl_find_object".as_ptr()) };
    FIND_OBJECT.store(function as usize, Relaxed);
}

/// The address of the header of the unwind tables for the code at `address`.
fn find(address: u64) -> Option<usize> {
    let function = FIND_OBJECT.load(Relaxed);
    if function == 0 {
        return find_in_list(address);
    }
    // SAFETY: this is the address of `_dl_find_object`, which has this signature (dlfcn.h).
    let find_object = unsafe {
        std::mem::transmute::<usize, unsafe extern "C" fn(*mut c_void, *mut Found) -> c_int>(
            function,
        )
    };
    let nothing = std::ptr::null_mut();
    let mut found = Found {
        flags: 0,
        start: nothing,
        end: nothing,
        link_map: nothing,
        eh_frame_header: nothing,
        reserved: [0; 27],
    };
    // SAFETY: any address is allowed; `found` is at least as large as the result.
    let failed = unsafe { find_object(address as *mut c_void, &mut found) } != 0;
    if failed || found.eh_frame_header.is_null() {
        return None;
    }
    Some(found.eh_frame_header as usize)
}

/// The address that [`visit`] searches for, and the result.
struct Search {
    address: u64,
    found: Option<usize>,
}

fn find_in_list(address: u64) -> Option<usize> {
    let mut search = Search { address, found: None };
    // SAFETY: `visit` casts the pointer back to the `Search` that it points to.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.found
}

unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    search: *mut c_void,
) -> c_int {
    // SAFETY: the loader passes a valid description, and `find_in_list` its `Search`.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
    // SAFETY: the loader passes the address and the number of the headers.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let (mut inside, mut tables) = (false, None);
    for header in headers {
        let start = info.dlpi_addr.wrapping_add(header.p_vaddr);
        let past = start.wrapping_add(header.p_memsz);
        match header.p_type {
            libc::PT_LOAD => inside |= (start..past).contains(&search.address),
            libc::PT_GNU_EH_FRAME => tables = Some(start as usize),
            _ => {}
        }
    }
    if inside {
        search.found = tables;
    }
    c_int::from(inside)
}

/// How often code was loaded or unloaded so far.
pub(in crate::recorder::on) fn code_changes() -> u64 {
    unsafe extern "C" fn first(
        info: *mut libc::dl_phdr_info,
        size: libc::size_t,
        sum: *mut c_void,
    ) -> c_int {
        if size >= size_of::<libc::dl_phdr_info>() {
            // SAFETY: the loader passes a valid description of this size, and the caller its `sum`.
            unsafe { *sum.cast::<u64>() = (*info).dlpi_adds + (*info).dlpi_subs };
        }
        1
    }
    let mut sum = 0u64;
    // SAFETY: `first` casts the pointer back to the number that it points to.
    unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut sum).cast()) };
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(address: u64) -> Rule {
        (EH_FRAME.read_rule)(((EH_FRAME.find_tables)(address), address))
    }

    #[inline(never)]
    fn here() -> u64 {
        // The walk needs an address in this function; it need not be that of a call.
        here as *const () as u64 + 1
    }

    #[test]
    fn both_lookups_find_the_rule_of_own_code() {
        let address = here();
        assert!(
            matches!(rule(address), Rule::Step { ret: -8, .. }) || cfg!(target_arch = "aarch64")
        );
        let by_list = find_in_list(address).and_then(|tables| from_tables(tables, address - 1));
        prepare();
        assert_eq!(by_list, Some(rule(address)));
    }

    #[test]
    fn an_address_outside_code_has_no_rule() {
        prepare();
        let on_stack = 0u64;
        assert_eq!(rule((&raw const on_stack) as u64), Rule::Unknown);
        assert_eq!(rule(4096), Rule::Unknown);
    }
}
