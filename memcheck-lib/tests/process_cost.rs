//! What reading a process costs. Run by hand, in a release build:
//! `cargo test -p memcheck-lib --release --test process_cost -- --ignored --nocapture`.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "measurements are for a reader")]

use std::hint::black_box;
use std::process::{Child, Command};
use std::time::Duration;

use memcheck::process::{ProcessSnapshot, Watch, inspect};

fn sleeper() -> Child {
    Command::new("sleep").arg("60").spawn().expect("sleep is everywhere")
}

/// The least of many rounds, in time of the processor: what else runs on the machine only adds.
fn timed(rounds: usize, mut body: impl FnMut()) -> Duration {
    let now = || {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    };
    let times = (0..rounds).map(|_| {
        let start = now();
        body();
        now() - start
    });
    times.min().unwrap_or_default()
}

#[test]
#[ignore = "a measurement"]
fn sample_of_a_small_process() {
    let mut child = sleeper();
    let pid = child.id() as i32;
    std::thread::sleep(Duration::from_millis(50));
    let mut watch = Watch::new(pid).expect("our own child");
    println!("{:?}", watch.sample());
    println!("sample, files kept open:   {:?}", timed(2000, || _ = black_box(watch.sample())));
    println!(
        "sample, files opened anew: {:?}",
        timed(2000, || _ = black_box(Watch::new(pid).expect("our own child").sample()))
    );
    for name in ["smaps_rollup", "status", "maps", "smaps"] {
        let path = format!("/proc/{pid}/{name}");
        println!("bare read of {name}: {:?}", timed(2000, || _ = black_box(std::fs::read(&path))));
    }
    println!("own process: {:?}", {
        let mut watch = Watch::new(std::process::id() as i32).expect("own");
        timed(500, || _ = black_box(watch.sample()))
    });
    child.kill().expect("our own child");
    child.wait().expect("our own child");
}

/// A process with many mappings: each second page readable only.
fn with_mappings(count: usize) -> (Child, i32) {
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
    (child, pid)
}

#[test]
#[ignore = "a measurement"]
fn many_mappings() {
    for count in [100, 1_000, 10_000, 60_000] {
        let (mut child, pid) = with_mappings(count);
        let rounds = 20;
        let mut watch = Watch::new(pid).expect("our own child");
        println!("{count} mappings: {:?}", watch.sample());
        println!("  sample   {:?}", timed(rounds, || _ = black_box(watch.sample())));
        println!("  snapshot {:?}", timed(rounds, || _ = black_box(ProcessSnapshot::of(pid))));
        let inspected = timed(rounds, || _ = black_box(inspect(pid, false)));
        for name in ["maps", "smaps_rollup", "smaps"] {
            let path = format!("/proc/{pid}/{name}");
            let read = || _ = black_box(std::fs::read(&path));
            println!("  bare read of {name}: {:?}", timed(rounds, read));
        }
        let path = format!("/proc/{pid}/smaps");
        let bare = timed(rounds, || _ = black_box(std::fs::read(&path)));
        let ratio = inspected.as_secs_f64() / bare.as_secs_f64();
        println!("  inspect  {inspected:?}, {ratio:.2} of the bare read of smaps");
        assert!(cfg!(debug_assertions) || count < 10_000 || ratio < 1.5, "inspect is slow");
        child.kill().expect("our own child");
        child.wait().expect("our own child");
    }
}
