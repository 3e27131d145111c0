//! The options of a [`Check`], as in the attribute.

use std::time::Duration;

use super::Check;
use crate::options::with_each_option;
use crate::units::Bytes;

macro_rules! setters {
    ($($field:ident: $type:ty),*) => {
        /// Each option of a check, as in the attribute.
        impl Check {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](crate::Options#structfield.", stringify!($field), ").")]
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.options.$field = Some(value.into());
                    self
                }
            )*
        }
    };
}

with_each_option!(setters);
