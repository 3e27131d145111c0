//! The cost of reading a process. Run by hand, in a release build:
//! `cargo test -p memcheck-lib --release --test process -- --ignored --nocapture cost::`.
#![expect(clippy::print_stdout, reason = "measurements are for a reader")]

use std::hint::black_box;
use std::process::{Child, Command};
use std::time::Duration;

use memcheck::tool::process::{ProcessSnapshot, Sampler, inspect};

fn sleeper() -> Child {
    Command::new("sleep").arg("60").spawn().expect("sleep is everywhere")
}

/// A process that is killed at the end of the test, also if the test fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// CPU time of `body`.
fn once(body: &mut dyn FnMut()) -> Duration {
    let now = || {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    };
    let start = now();
    body();
    now() - start
}

/// The minimum of many rounds, because other processes only add time.
fn timed(rounds: usize, mut body: impl FnMut()) -> Duration {
    (0..rounds).map(|_| once(&mut body)).min().unwrap_or_default()
}

/// The median ratio of alternating rounds, because the speed of a shared machine changes.
fn ratio(rounds: usize, mut body: impl FnMut(), mut to: impl FnMut()) -> f64 {
    let mut ratios: Vec<f64> =
        (0..rounds).map(|_| once(&mut body).as_secs_f64() / once(&mut to).as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[rounds / 2]
}

#[test]
#[ignore = "a measurement"]
fn sample_of_a_small_process() {
    let child = Killed(sleeper());
    let pid = child.0.id() as i32;
    std::thread::sleep(Duration::from_millis(50));
    let mut watch = Sampler::new(pid).expect("our own child");
    println!("{:?}", watch.sample());
    println!("sample, files kept open:   {:?}", timed(2000, || _ = black_box(watch.sample())));
    println!(
        "sample, files reopened: {:?}",
        timed(2000, || _ = black_box(Sampler::new(pid).expect("our own child").sample()))
    );
    for name in ["smaps_rollup", "status", "maps", "smaps"] {
        let path = format!("/proc/{pid}/{name}");
        println!("bare read of {name}: {:?}", timed(2000, || _ = black_box(std::fs::read(&path))));
    }
    println!("own process: {:?}", {
        let mut watch = Sampler::new(std::process::id() as i32).expect("own");
        timed(500, || _ = black_box(watch.sample()))
    });
}

/// A process with many mappings: every second page is read-only.
fn with_mappings(count: usize) -> (Killed, i32) {
    let program = format!(
        "import ctypes,mmap,sys,time\n\
         libc=ctypes.CDLL(None,use_errno=True)\n\
         n={count}\n\
         m=mmap.mmap(-1,n*4096,flags=mmap.MAP_PRIVATE|mmap.MAP_ANONYMOUS)\n\
         m.write(b'x'*(n*4096))\n\
         a=ctypes.addressof(ctypes.c_char.from_buffer(m))\n\
         for i in range(0,n,2): assert libc.mprotect(ctypes.c_void_p(a+i*4096),4096,1)==0\n\
         print('ready',flush=True)\n\
         time.sleep(600)"
    );
    let mut child = Command::new("python3")
        .args(["-c", &program])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
    assert_eq!(line, "ready\n");
    let pid = child.id() as i32;
    (Killed(child), pid)
}

#[test]
#[ignore = "a measurement"]
fn many_mappings() {
    for count in [100, 1_000, 10_000, 60_000] {
        let (_child, pid) = with_mappings(count);
        let rounds = 20;
        let mut watch = Sampler::new(pid).expect("our own child");
        println!("{count} mappings: {:?}", watch.sample());
        println!("  sample   {:?}", timed(rounds, || _ = black_box(watch.sample())));
        println!("  snapshot {:?}", timed(rounds, || _ = black_box(ProcessSnapshot::of(pid))));
        println!("  inspect  {:?}", timed(rounds, || _ = black_box(inspect(pid, false))));
        for name in ["maps", "smaps_rollup", "smaps"] {
            let path = format!("/proc/{pid}/{name}");
            let read = || _ = black_box(std::fs::read(&path));
            println!("  bare read of {name}: {:?}", timed(rounds, read));
        }
        let path = format!("/proc/{pid}/smaps");
        let ratio = ratio(
            rounds,
            || _ = black_box(inspect(pid, false)),
            || _ = black_box(std::fs::read(&path)),
        );
        println!("  inspect takes {ratio:.2} of a bare read of smaps");
        assert!(cfg!(debug_assertions) || count < 10_000 || ratio < 1.5, "inspect is slow");
    }
}

#[test]
#[ignore = "a measurement"]
fn many_threads_and_descriptors() {
    let program = "import threading,time,os\n\
                   fds=[os.open('/dev/null',0) for _ in range(1000)]\n\
                   [threading.Thread(target=time.sleep,args=(600,),daemon=True).start() for _ in range(100)]\n\
                   print('ready',flush=True)\n\
                   time.sleep(600)";
    let mut child = Command::new("python3")
        .args(["-c", program])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
    let child = Killed(child);
    let mut watch = Sampler::new(child.0.id() as i32).expect("our own child");
    println!("{:?}", watch.sample());
    println!(
        "sample with 100 threads, 1,000 descriptors: {:?}",
        timed(200, || _ = black_box(watch.sample()))
    );
}
