//! JSON to values.

use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::JsonError;

/// Arrays and objects in each other, at most. A text with more would exhaust the stack.
const DEEPEST: u32 = 128;

/// The value that is written in a text.
pub(crate) fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.document().map_err(|error| error.at(text, reader.at))
}

/// Reads values from the front of the rest of a text.
struct Reader<'t> {
    text: &'t [u8],
    /// Bytes that were read.
    at: usize,
    depth: u32,
}

impl Reader<'_> {
    fn document<T: DeserializeOwned>(&mut self) -> Result<T, JsonError> {
        let value = T::deserialize(&mut *self)?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(JsonError::new("trailing characters")),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
        None
    }

    /// The next byte, whatever it is.
    fn next(&mut self) -> Result<u8, JsonError> {
        let byte = self.text.get(self.at).copied().ok_or_else(ended)?;
        self.at += 1;
        Ok(byte)
    }

    /// Reads a byte that is written next.
    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(JsonError::new(format!("expected `{}`", char::from(byte)))),
            None => Err(ended()),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.starts_with(word.as_bytes()) {
            true => {
                self.at += word.len();
                Ok(())
            }
            false => Err(JsonError::new(format!("expected `{word}`"))),
        }
    }

    /// Reads the elements between two brackets.
    fn nested<T>(
        &mut self,
        close: u8,
        read: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(JsonError::new("too many arrays and objects in each other"));
        }
        let value = read(self)?;
        self.depth -= 1;
        self.expect(close)?;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.expect(b'"')?;
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => break,
                b'\\' => {
                    let c = self.escaped()?;
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                control if control < b' ' => {
                    return Err(JsonError::new("a control character in a string"));
                }
                byte => bytes.push(byte),
            }
        }
        String::from_utf8(bytes).map_err(|_| JsonError::new("a string is not UTF-8"))
    }

    /// The character that an escape sequence stands for, after its `\`.
    fn escaped(&mut self) -> Result<char, JsonError> {
        Ok(match self.next()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                // A character above U+FFFF is a pair of surrogates.
                let code = match first {
                    0xd800..0xdc00 => {
                        self.word("\\u")?;
                        let second = self.unit()?.wrapping_sub(0xdc00);
                        match second {
                            0..0x400 => 0x1_0000 + ((first - 0xd800) << 10) + second,
                            _ => return Err(invalid_escape()),
                        }
                    }
                    code => code,
                };
                char::from_u32(code).ok_or_else(invalid_escape)?
            }
            _ => return Err(invalid_escape()),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, JsonError> {
        (0..4).try_fold(0, |unit, _| {
            let digit = char::from(self.next()?).to_digit(16).ok_or_else(invalid_escape)?;
            Ok(unit << 4 | digit)
        })
    }

    fn number<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let text = std::str::from_utf8(&rest[..length]).unwrap_or_default();
        if !is_number(text) {
            return Err(JsonError::new("invalid number"));
        }
        self.at += length;
        let is_integer = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if is_integer && let Ok(number) = text.parse::<u64>() {
            return visitor.visit_u64(number);
        }
        // `-0` is a number with a fraction, because an integer has no negative zero.
        if is_integer
            && text != "-0"
            && let Ok(number) = text.parse::<i64>()
        {
            return visitor.visit_i64(number);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(JsonError::new("number out of range")),
        }
    }
}

/// Whether a text is a number in the grammar of JSON (RFC 8259, section 6), which is narrower than that
/// of `f64::from_str`.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

fn ended() -> JsonError {
    JsonError::new("the text ends within a value")
}

fn invalid_escape() -> JsonError {
    JsonError::new("invalid escape sequence")
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = JsonError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_unit()),
            Some(b't') => self.word("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.word("false").and_then(|()| visitor.visit_bool(false)),
            Some(b'"') => visitor.visit_string(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number(visitor),
            Some(b'[') => self.nested(b']', |reader| {
                visitor.visit_seq(Elements { reader, first: true, close: b']' })
            }),
            Some(b'{') => self.nested(b'}', |reader| {
                visitor.visit_map(Elements { reader, first: true, close: b'}' })
            }),
            Some(_) => Err(JsonError::new("expected a value")),
            None => Err(ended()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.peek() {
            Some(b'{') => self.nested(b'}', |reader| visitor.visit_enum(Variant { reader })),
            Some(b'"') => {
                let name: StringDeserializer<JsonError> = self.string()?.into_deserializer();
                visitor.visit_enum(name)
            }
            Some(_) => Err(JsonError::new("expected the name of a variant")),
            None => Err(ended()),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The elements of an array or an object.
struct Elements<'r, 't> {
    reader: &'r mut Reader<'t>,
    first: bool,
    close: u8,
}

impl Elements<'_, '_> {
    /// Whether another element follows; reads the comma in front of it.
    fn more(&mut self) -> Result<bool, JsonError> {
        let is_last = self.reader.peek() == Some(self.close);
        if !std::mem::replace(&mut self.first, false) && !is_last {
            self.reader.expect(b',')?;
        }
        Ok(!is_last)
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = JsonError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, JsonError> {
        match self.more()? {
            true => seed.deserialize(&mut *self.reader).map(Some),
            false => Ok(None),
        }
    }
}

impl<'de> MapAccess<'de> for Elements<'_, '_> {
    type Error = JsonError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, JsonError> {
        match self.more()? {
            true => {
                let key: StringDeserializer<JsonError> = self.reader.string()?.into_deserializer();
                seed.deserialize(key).map(Some)
            }
            false => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonError> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant with contents: `{"name": contents}`.
struct Variant<'r, 't> {
    reader: &'r mut Reader<'t>,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = JsonError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), JsonError> {
        let name: StringDeserializer<JsonError> = self.reader.string()?.into_deserializer();
        let name = seed.deserialize(name)?;
        self.reader.expect(b':')?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = JsonError;

    fn unit_variant(self) -> Result<(), JsonError> {
        serde::Deserialize::deserialize(self.reader)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, JsonError> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, JsonError> {
        match self.reader.peek() {
            Some(b'[') => self.reader.deserialize_any(visitor),
            _ => Err(JsonError::invalid_type(Unexpected::Other("another value"), &"an array")),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.reader.peek() {
            Some(b'{') => self.reader.deserialize_any(visitor),
            _ => Err(JsonError::invalid_type(Unexpected::Other("another value"), &"an object")),
        }
    }
}
