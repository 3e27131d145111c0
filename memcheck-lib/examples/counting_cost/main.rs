//! What counting costs: a body on JSON with the counters of both heaps (this program) and without
//! (`counting_cost_plain`, the same body in a program that has nothing of memcheck), in turns.
//!
//! ```text
//! cargo build --release -p memcheck-lib --examples
//! target/release/examples/counting_cost [ROUNDS]
//! ```
//!
//! Each program is started once and told to run rounds; a round of the one is followed by a round
//! of the other, which goes first changes with every pair. Compared is CPU time, which neighbours on
//! the machine change less than wall time; threads that wait for each other's cache lines spend it.
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(unreachable_pub, reason = "the module is shared with the plain program")]

mod body;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

// Both heaps are counted as soon as the library is linked.
use memcheck::tool::heap;

/// A running program.
struct Program {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Program {
    fn start(mut command: Command) -> Result<Self, Box<dyn Error>> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().ok_or("no pipe to the program")?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no pipe from the program")?);
        Ok(Program { child, stdin, stdout })
    }

    /// CPU nanoseconds of a round.
    fn round(&mut self, threads: usize) -> Result<f64, Box<dyn Error>> {
        writeln!(self.stdin, "{threads}")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("work") {
        assert!(heap::is_counted() && heap::c_heap_state() == heap::CHeapState::Counted);
        return body::serve();
    }
    let rounds: usize = argument.map_or(Ok(200), |rounds| rounds.parse())?;
    let this = std::env::current_exe()?;
    let plain = this.with_file_name("counting_cost_plain");
    if !plain.exists() {
        return Err(format!("{} is missing: build all examples", plain.display()).into());
    }
    let mut counted = Command::new(&this);
    counted.arg("work");
    let mut counted = Program::start(counted)?;
    let mut plain = Program::start(Command::new(plain))?;
    println!("| threads | plain | counted | median of ratios | ratio of least times |");
    println!("|---|---|---|---|---|");
    for threads in [1, 2] {
        let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds + 5 {
            let (a, b);
            if round % 2 == 0 {
                a = counted.round(threads)?;
                b = plain.round(threads)?;
            } else {
                b = plain.round(threads)?;
                a = counted.round(threads)?;
            }
            // The first are warm-up.
            if round >= 5 {
                with.push(a);
                without.push(b);
                ratios.push(a / b);
            }
        }
        let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
        let (least_with, least_without) = (least(&with), least(&without));
        println!(
            "| {threads} | {:.2} ms | {:.2} ms | {:.3} | {:.3} |",
            median(&mut without) / 1e6,
            median(&mut with) / 1e6,
            median(&mut ratios),
            least_with / least_without
        );
    }
    for mut program in [counted, plain] {
        drop(program.stdin);
        program.child.wait()?;
    }
    Ok(())
}
