//! C libraries through their bindings: used correctly (must PASS with 0 B and 0 blocks per
//! iteration on the C heap), and with the release forgotten (must LEAK on the C heap).
//! `scripts/c-libraries.sh` runs them; openssl needs Debian's libssl-dev.
#![cfg(test)]

use std::hint::black_box;
use std::mem::{MaybeUninit, forget};

use memcheck::{Workload, memcheck};

fn deflate(end: bool) {
    let mut input = [7u8; 1000];
    let mut output = [0u8; 2000];
    // zlib fills in what must not be null (its allocation functions) at initialisation.
    let mut stream = MaybeUninit::<libz_sys::z_stream>::zeroed();
    let at = stream.as_mut_ptr();
    // SAFETY: zlib's protocol: a zeroed stream is initialised, fed with live buffers, and ended.
    unsafe {
        let size = size_of::<libz_sys::z_stream>() as i32;
        assert_eq!(libz_sys::deflateInit_(at, 6, c"1.2.11".as_ptr(), size), 0);
        (*at).next_in = input.as_mut_ptr();
        (*at).avail_in = input.len() as u32;
        (*at).next_out = output.as_mut_ptr();
        (*at).avail_out = output.len() as u32;
        assert_eq!(libz_sys::deflate(at, libz_sys::Z_FINISH), libz_sys::Z_STREAM_END);
        if end {
            libz_sys::deflateEnd(at);
        }
    }
    black_box(output);
}

#[memcheck(iterations = 1000)]
fn zlib_clean() {
    deflate(true);
}

#[memcheck(iterations = 1000)]
fn zlib_leaks_its_stream() {
    deflate(false);
}

fn compress(free: bool) {
    let input = [7u8; 1000];
    let mut output = [0u8; 2000];
    // SAFETY: a context is created, used with live buffers and freed once.
    unsafe {
        let context = zstd_sys::ZSTD_createCCtx();
        let written = zstd_sys::ZSTD_compressCCtx(
            context,
            output.as_mut_ptr().cast(),
            output.len(),
            input.as_ptr().cast(),
            input.len(),
            1,
        );
        assert_eq!(zstd_sys::ZSTD_isError(written), 0);
        if free {
            zstd_sys::ZSTD_freeCCtx(context);
        }
    }
    black_box(output);
}

#[memcheck(iterations = 1000)]
fn zstd_clean() {
    compress(true);
}

#[memcheck(iterations = 1000)]
fn zstd_leaks_its_context() {
    compress(false);
}

fn query(workload: Workload, finalise: bool) {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    workload.iterate(|| {
        let mut statement = database.prepare("SELECT ?1 + 1").unwrap();
        let sum: i64 = statement.query_row([41], |row| row.get(0)).unwrap();
        assert_eq!(sum, 42);
        if !finalise {
            forget(statement);
        }
    });
    if !finalise {
        // It cannot be closed with open statements.
        forget(database);
    }
}

#[memcheck(iterations = 1000)]
fn sqlite_clean(workload: Workload) {
    query(workload, true);
}

#[memcheck(iterations = 1000)]
fn sqlite_leaks_a_statement(workload: Workload) {
    query(workload, false);
}

fn digest(free: bool) {
    let mut context = openssl::md_ctx::MdCtx::new().unwrap();
    context.digest_init(openssl::md::Md::sha256()).unwrap();
    context.digest_update(b"some text").unwrap();
    let mut out = [0u8; 32];
    context.digest_final(&mut out).unwrap();
    black_box(out);
    if !free {
        forget(context);
    }
}

#[memcheck(iterations = 1000)]
fn openssl_clean() {
    digest(true);
}

#[memcheck(iterations = 1000)]
fn openssl_leaks_a_context() {
    digest(false);
}
