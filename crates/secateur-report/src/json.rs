//! The record as JSON that people can read and every parser can.

use std::io::{self, Write};

use secateur_core::Record;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// An array of scalars is wrapped at this column.
const COLUMNS: usize = 100;

pub(crate) fn json(record: &Record) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, Plain::default());
    record.serialize(&mut serializer).expect("a record has string keys and a vector takes all");
    out.push(b'\n');
    String::from_utf8(out).expect("serde_json writes UTF-8")
}

/// Two spaces of indent, arrays of scalars on one line, decimals without exponents.
#[derive(Default)]
struct Plain {
    /// Per open bracket: whether anything inside stands on a line of its own.
    open: Vec<bool>,
    /// An array element was announced and its separator is still to be written.
    waiting: Option<bool>,
    column: usize,
}

impl Plain {
    fn line<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        for _ in &self.open {
            out.write_all(b"  ")?;
        }
        self.column = 2 * self.open.len();
        Ok(())
    }

    /// Writes the separator before a scalar of `width` bytes in an array.
    fn scalar<W: ?Sized + Write>(&mut self, out: &mut W, width: usize) -> io::Result<()> {
        if let Some(first) = self.waiting.take() {
            if !first && self.column + width > COLUMNS {
                self.line(out)?;
                if let Some(nested) = self.open.last_mut() {
                    *nested = true;
                }
            } else if !first {
                out.write_all(b" ")?;
                self.column += 1;
            }
        }
        self.column += width;
        Ok(())
    }

    fn number<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        self.scalar(out, text.len())?;
        out.write_all(text.as_bytes())
    }

    fn begin<W: ?Sized + Write>(&mut self, out: &mut W, bracket: u8) -> io::Result<()> {
        if self.waiting.take().is_some() {
            if let Some(nested) = self.open.last_mut() {
                *nested = true;
            }
            self.line(out)?;
        }
        self.open.push(false);
        self.column += 1;
        out.write_all(&[bracket])
    }

    fn end<W: ?Sized + Write>(&mut self, out: &mut W, bracket: u8) -> io::Result<()> {
        if self.open.pop() == Some(true) {
            self.line(out)?;
        }
        self.column += 1;
        out.write_all(&[bracket])
    }
}

macro_rules! integers {
    ($($name:ident: $kind:ty),*) => {$(
        fn $name<W: ?Sized + Write>(&mut self, out: &mut W, value: $kind) -> io::Result<()> {
            self.number(out, &value.to_string())
        }
    )*};
}

impl Formatter for Plain {
    integers!(write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64,
              write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_bool: bool);

    fn write_f32<W: ?Sized + Write>(&mut self, out: &mut W, value: f32) -> io::Result<()> {
        self.number(out, &plain(value.to_string()))
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        self.number(out, &plain(value.to_string()))
    }

    fn write_null<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.number(out, "null")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.scalar(out, 2)?;
        out.write_all(b"\"")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.column += fragment.len();
        out.write_all(fragment.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b'[')
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b']')
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.waiting = Some(first);
        if first {
            return Ok(());
        }
        self.column += 1;
        out.write_all(b",")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b'{')
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b'}')
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if let Some(nested) = self.open.last_mut() {
            *nested = true;
        }
        self.line(out)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.column += 2;
        out.write_all(b": ")
    }
}

/// Marks a whole number as a decimal, as serde_json does.
fn plain(text: String) -> String {
    if text.contains('.') { text } else { text + ".0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut out, Plain::default());
        value.serialize(&mut serializer).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn decimals_have_no_exponents_and_read_back() {
        for value in [1e-7, 1e21, 0.1, 3.0, -2.5e-10, f64::MAX, f64::MIN_POSITIVE] {
            let text = text(&value);
            assert!(!text.contains(['e', 'E']), "{text}");
            assert_eq!(serde_json::from_str::<f64>(&text).unwrap(), value);
        }
        assert_eq!(text(&0.1f32), "0.1");
    }

    #[test]
    fn scalars_share_a_line_and_objects_do_not() {
        let value = serde_json::json!({
            "a": [1, 2.5, "x", null, true],
            "b": [[1, 2], [3]],
            "c": [{"d": []}],
            "e": {},
        });
        let expect = r#"{
  "a": [1, 2.5, "x", null, true],
  "b": [
    [1, 2],
    [3]
  ],
  "c": [
    {
      "d": []
    }
  ],
  "e": {}
}"#;
        assert_eq!(text(&value), expect);
    }

    #[test]
    fn long_arrays_are_wrapped() {
        let text = text(&vec![123_456; 1000]);
        assert!(text.lines().all(|line| line.len() <= COLUMNS + 1));
        assert!(text.lines().count() < 90);
        assert_eq!(serde_json::from_str::<Vec<u32>>(&text).unwrap(), vec![123_456; 1000]);
    }
}
