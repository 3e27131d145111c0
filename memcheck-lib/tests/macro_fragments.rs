//! A body means the same under `#[test]`, under `#[memcheck]` and in an annotated module, also where a
//! `macro_rules!` macro makes the test. The fragments of such a macro are in invisible groups, which
//! must stay: without them, `$e * 2` with `1 + 1` is 3.

/// The bodies, each with one kind of fragment.
macro_rules! bodies {
    (
        $(#[$of_module:meta])* mod $module:ident, [$($test:tt)*],
        $e:expr, $t:ty, $i:ident, $path:path, $p:pat, $s:stmt, $b:block, $item:item, $l:literal,
        $life:lifetime, $v:vis, $tt:tt, $meta:meta, $same:pat_param, $bound:ident
    ) => {
        $(#[$of_module])*
        $v mod $module {
            #[allow(unused_imports)]
            use super::Pair;

            /// A constant among the tests.
            const TWICE: i32 = $e * 2;
            static NEGATED: i32 = -$e;
            const AS: i64 = $e as i64;

            $item

            #[$($test)*]
            fn expr() {
                let twice = $e * 2;
                assert_eq!((twice, 2 * $e, -$e, i32::pow($e, 2)), (4, 4, -2, 4));
                assert_eq!([0u8; $e as usize * 2].len(), 4);
                let closure = |x: i32| $e * x;
                assert_eq!(closure(3), 6);
                assert_eq!(match $e * 2 { 4 => 1, _ => 0 } * if $e * 2 == 4 { 1 } else { 0 }, 1);
                assert_eq!(format!("{}", $e * 2), "4");
                {
                    const INNER: i32 = $e * 2;
                    assert_eq!(INNER, 4);
                }
            }

            #[$($test)*]
            fn constants() {
                assert_eq!((TWICE, NEGATED, AS), (4, -2, 2));
            }

            #[$($test)*]
            fn ty() -> Result<(), std::num::ParseIntError> {
                let list: $t = <$t>::new();
                let reference: &$t = &list;
                let cast = reference as *const $t;
                assert!(!cast.is_null() && std::mem::size_of::<$t>() == 24);
                assert!(<$t as IntoIterator>::into_iter(list).next().is_none());
                "1".parse::<u8>().map(drop)
            }

            #[$($test)*]
            fn ident() {
                let $i = 1;
                struct Own { $i: u8 }
                assert_eq!($i + Own { $i: 1 }.$i, 2);
                assert_eq!(stringify!($i), "number");
            }

            #[$($test)*]
            fn path() {
                assert_eq!($path(1, 2), Pair(1, 2));
                let $path(first, _) = $path(1, 2);
                assert_eq!(first, 1);
            }

            #[$($test)*]
            fn pat() {
                let is = |x: i32| match x { $p => true, _ => false };
                assert!(is(1) && is(2) && !is(3));
                assert!(matches!(Some(1), Some($p)));
                let Some($same) = Some(2) else { panic!("refutable") };
                assert_eq!($bound, 2);
            }

            #[$($test)*]
            #[allow(redundant_semicolons)]
            fn stmt() {
                $s;
                if $e == 3 { unreachable!() }
            }

            #[$($test)*]
            fn block() {
                let value: i32 = $b + 1;
                assert_eq!(value, 6);
                fn inner() -> i32 $b
                assert_eq!(inner(), 5);
                let chosen: i32 = if value == 6 $b else { 0 };
                assert_eq!(chosen, 5);
            }

            #[$($test)*]
            fn body_is_a_block() -> impl std::process::Termination {
                let _: i32 = $b;
            }

            #[$($test)*]
            fn item() {
                $item
                assert_eq!(from_item(), 7);
                assert_eq!(self::from_item(), 7);
            }

            #[$($test)*]
            fn literal() {
                assert_eq!(-$l, -8);
                assert_eq!($l.pow(1), 8);
                assert_eq!(concat!("a", $l), "a8");
                assert!(matches!(8, $l));
            }

            #[$($test)*]
            fn lifetime() {
                fn first<$life>(text: &$life str) -> &$life str { text }
                assert_eq!(first("a"), "a");
                $life: loop { break $life; }
            }

            #[$($test)*]
            fn vis() {
                $v struct Visible { $v field: u8 }
                assert_eq!(Visible { field: 9 }.field, 9);
            }

            #[$($test)*]
            fn tt() {
                assert_eq!($tt * 2, 8);
            }

            #[$($test)*]
            #[$meta]
            fn meta() {
                #[$meta]
                fn unused() {}
            }

            #[$($test)*]
            $v fn visible_test() {}
        }
    };
}

/// The same bodies under each attribute.
macro_rules! attributes {
    ($($arguments:tt)*) => {
        bodies!(mod standard, [test], $($arguments)*);
        bodies!(mod function, [memcheck::memcheck(warmup = 0, iterations = 20)], $($arguments)*);
        bodies!(
            #[memcheck::memcheck(warmup = 0, iterations = 20)] mod module, [test], $($arguments)*
        );
    };
}

#[derive(Debug, PartialEq)]
/// A path that is a type, a function and a pattern.
pub struct Pair(i32, i32);

attributes!(
    1i32 + 1,
    Vec<Option<u8>>,
    number,
    Pair,
    1 | 2,
    let _of_statement = 1 + 2,
    { let five = 2; five + 3 },
    fn from_item() -> i32 { 7 },
    8i32,
    'a,
    pub(crate),
    (2 + 2),
    allow(dead_code),
    bound,
    bound
);

/// Bodies that are hard to parse.
macro_rules! odd_bodies {
    ($(#[$of_module:meta])* mod $module:ident, [$($test:tt)*]) => {
        $(#[$of_module])*
        #[allow(clippy::all, unused)]
        mod $module {
            #![allow(dead_code)]

            use std::collections::*;

            #[$($test)*]
            fn inner_attributes() {
                #![allow(unused_variables)]
                //! Inner docs.
                let unused = 1;
            }

            #[$($test)*]
            fn items_in_the_body() {
                use std::fmt::{self, Display};
                mod inner { pub(super) fn f() -> u8 { 1 } }
                struct S<const N: usize = { 1 + 1 }>;
                impl Display for S<{ 3 }> {
                    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}", 3) }
                }
                assert_eq!(inner::f().to_string() + &S::<{ 3 }>.to_string(), "13");
            }

            #[$($test)*]
            fn macros_in_the_body() {
                macro_rules! sum { () => { 1 + 1 }; }
                assert_eq!(sum!() * 2, 4);
                assert_eq!(vec![1 + 1; sum!()].len(), 2);
            }

            #[$($test)*]
            fn expressions() -> Result<(), Box<dyn std::error::Error>> {
                let Some(x) = Some(1) else { return Ok(()) };
                let label = 'outer: { if x > 5 { break 'outer 1 } 2 };
                let y = const { 1 + 1 };
                let range = ..=3; let _ = 1..; let full = ..;
                let text = (r#"a"b"#, b"c", c"d", b'e', '\'', 1_000u64, 1e3, 0x_ff);
                let bits = !0u8 >> 1 << 1 & 3 | 4 ^ 5;
                let generic = Vec::<Vec<Vec<u8>>>::new();
                let closure = |&(a, ref b): &(u8, u8)| -> u8 { a + b };
                let nested = if let Some(z) = Some(2) && z > 1 { z } else { 0 };
                let number: i32 = "4".parse()?;
                // SAFETY: the pointer is that of a local variable.
                let _ = unsafe { *(&raw const number) };
                let _ = async { 1 };
                struct NotACondition { a: u8 }
                if (NotACondition { a: 1 }).a == 1 {}
                match label { 0 | 1 => {} n if n > 1 => (), _ => unreachable!() }
                assert_eq!((label, nested, number, closure(&(1, 2))), (2, 2, 4, 3));
                Ok(())
            }
        }
    };
}

mod odd {
    odd_bodies!(mod standard, [test]);
    odd_bodies!(mod function, [memcheck::memcheck(warmup = 0, iterations = 20)]);
    odd_bodies!(#[memcheck::memcheck(warmup = 0, iterations = 20)] mod module, [test]);
}
