use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::time::Instant;

use memcheck::tool::report::Module as Mapped;
use object::{Object, ObjectSection};

use super::symbols::Symbols;

unsafe extern "C" {
    /// From the unwinder in std: calls `trace` for each frame, innermost first.
    fn _Unwind_Backtrace(
        trace: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

/// A call stack: its return addresses, and the lines of [`DIGITS`] on it, both innermost first.
struct Stack {
    addresses: Vec<u64>,
    lines: Vec<u32>,
}

impl Stack {
    #[inline(never)]
    fn here() -> Stack {
        extern "C" fn push(context: *mut c_void, addresses: *mut c_void) -> c_int {
            // SAFETY: called back with the frame and the list that `_Unwind_Backtrace` was given.
            unsafe { (*addresses.cast::<Vec<u64>>()).push(_Unwind_GetIP(context) as u64) };
            0
        }
        let mut addresses: Vec<u64> = Vec::new();
        // SAFETY: the list outlives the call, and nothing else uses it meanwhile.
        unsafe { _Unwind_Backtrace(push, (&raw mut addresses).cast()) };
        Stack { addresses, lines: Vec::new() }
    }

    fn through(mut self, line: u32) -> Stack {
        self.lines.push(line);
        self
    }
}

/// One function for each digit, each on its own line, so that each number has its own stack.
const DIGITS: [fn(&[usize]) -> Stack; 10] = [
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
    |rest| next(rest).through(line!()),
];

#[inline(never)]
fn next(digits: &[usize]) -> Stack {
    match digits {
        [] => Stack::here(),
        [first, rest @ ..] => black_box(DIGITS[*first](rest)),
    }
}

/// The mapped parts of this program: addresses and offsets in the file.
fn mapped() -> (String, Vec<(std::ops::Range<u64>, u64)>) {
    let path = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let parts = maps.lines().filter(|line| line.ends_with(&path)).map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let (start, end) = fields[0].split_once('-').unwrap();
        (number(start)..number(end), number(fields[2]))
    });
    let parts = parts.collect();
    (path, parts)
}

#[test]
fn each_of_a_thousand_stacks_has_its_functions_and_lines() {
    let (path, parts) = mapped();
    let module = Mapped { path, ..Mapped::default() };
    let symbols = Symbols::default();
    for number in 0..1000 {
        let stack = next(&[number / 100, number / 10 % 10, number % 10]);
        let [last, middle, first] = stack.lines[..] else { panic!("{:?}", stack.lines) };
        let mut found = Vec::new();
        for address in stack.addresses {
            // Frames of libc are in another file.
            let Some((part, offset)) = parts.iter().find(|part| part.0.contains(&address)) else {
                continue;
            };
            let functions = symbols.functions(&module, address - part.start + offset).unwrap();
            for place in functions {
                if place.file.is_some_and(|file| file.ends_with("symbolize/symbols_tests.rs")) {
                    let last = place.function.rsplit("::").find(|part| !part.starts_with('{'));
                    found.push((last.unwrap_or_default().to_owned(), place.line));
                }
            }
        }
        let digits: Vec<_> = found.iter().filter(|of| of.0 == "DIGITS").map(|of| of.1).collect();
        assert_eq!(digits, [Some(last), Some(middle), Some(first)], "{number}: {found:?}");
        let functions: Vec<&str> = found.iter().map(|of| of.0.as_str()).collect();
        let between = ["next", "DIGITS", "next", "DIGITS", "next", "DIGITS", "next"];
        assert!(
            functions.windows(between.len()).any(|window| window == between),
            "{number}: {found:?}"
        );
    }
}

/// For `scripts/symbols-cost.sh`, which checks the printed time and compares the lines with those of
/// addr2line.
#[test]
#[ignore = "needs the path of a large program in MEMCHECK_PROGRAM"]
#[expect(clippy::print_stdout, reason = "the script that runs it reads the result")]
fn a_thousand_stacks_of_a_large_program() {
    let path = std::env::var("MEMCHECK_PROGRAM").unwrap();
    let data = std::fs::read(&path).unwrap();
    let file = object::File::parse(&*data).unwrap();
    let text = file.section_by_name(".text").unwrap();
    let (start, size) = text.file_range().unwrap();
    let begin = Instant::now();
    let symbols = Symbols::default();
    let mapped = Mapped { path: path.clone(), ..Mapped::default() };
    let (mut frames, mut unknown) = (0, 0);
    let mut random = 1u64;
    // One fifth of the frames of a stack is new; the others are from earlier stacks.
    let mut pool = Vec::new();
    let mut sample = Vec::new();
    for _ in 0..1000 {
        for depth in 0..20 {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let chosen = (random >> 33) as usize;
            if depth % 5 == 0 || pool.is_empty() {
                pool.push(start + (random >> 11) % size);
            }
            let offset = match depth % 5 {
                0 => pool[pool.len() - 1],
                _ => pool[chosen % pool.len()],
            };
            let functions = symbols.functions(&mapped, offset).unwrap();
            frames += 1;
            unknown += u32::from(functions.is_empty());
            if depth == 0
                && let Some((file, line)) =
                    functions.first().and_then(|at| at.file.as_ref().zip(at.line))
            {
                // The call is before the return address.
                sample.push(format!("{:#x} {file}:{line}", offset - 1 - start + text.address()));
            }
        }
    }
    let took = begin.elapsed();
    sample.iter().for_each(|line| println!("at {line}"));
    println!(
        "{} MB, {frames} frames of 1,000 stacks, {} distinct, {unknown} without a function: {:.2} s",
        data.len() / 1_000_000,
        pool.len(),
        took.as_secs_f64()
    );
}
