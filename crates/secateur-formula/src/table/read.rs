//! From bytes to a table.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use csv::ByteRecord;

use super::dialect::{self, Delimiter};
use super::error::TableError;
use super::names::{Name, find};
use super::number::{self, Field};
use super::{BYTES_MAX, COLUMNS_MAX, Column, Header, Missing, Options, Table, Which};
use crate::backward::median;

/// Reads the table in a file.
///
/// # Errors
/// [`TableError`] for the first thing that is wrong, with its place.
pub fn read(path: &Path, options: &Options) -> Result<Table, TableError> {
    parse(&bytes_of(path)?, options)
}

/// The columns of the table in a file.
///
/// # Errors
/// [`TableError`] when the file cannot be read or its first line makes no sense.
pub fn names(path: &Path, options: &Options) -> Result<Vec<Name>, TableError> {
    let bytes = bytes_of(path)?;
    let (bytes, delimiter) = delimited(&bytes, options)?;
    Ok(begin(&bytes, delimiter, options)?.names)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, TableError> {
    let failed = |error: std::io::Error| TableError::Read { what: error.to_string() };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::with_capacity(length.min(BYTES_MAX) as usize);
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > BYTES_MAX {
        let (got, most) = (bytes.len(), BYTES_MAX as usize);
        return Err(TableError::TooLarge { what: "bytes", got, most });
    }
    Ok(bytes)
}

/// The bytes with one delimiter between fields, and which that is.
fn delimited<'a>(
    bytes: &'a [u8],
    options: &Options,
) -> Result<(Cow<'a, [u8]>, Delimiter), TableError> {
    let text = text(bytes)?;
    let delimiter = options.delimiter.unwrap_or_else(|| dialect::detect(text, options));
    let bytes = match delimiter {
        Delimiter::Blanks => Cow::Owned(dialect::joined(text)),
        _ => Cow::Borrowed(text.as_bytes()),
    };
    Ok((bytes, delimiter))
}

/// A table of which the first line was read.
struct Begun<'a> {
    rows: Rows<'a>,
    /// Of all columns.
    names: Vec<Name>,
    /// Columns without a name in the header.
    unnamed: Vec<usize>,
    has_header: bool,
}

fn begin<'a>(
    bytes: &'a [u8],
    delimiter: Delimiter,
    options: &Options,
) -> Result<Begun<'a>, TableError> {
    dialect::check_quotes(bytes, delimiter)?;
    let mut rows = Rows::new(bytes, delimiter, options.comment);
    if !rows.next() {
        return Err(TableError::NoRows { found: "it is empty" });
    }
    let width = rows.record.len();
    if width > COLUMNS_MAX {
        return Err(TableError::TooLarge { what: "columns", got: width, most: COLUMNS_MAX });
    }
    let headers = headers(&rows, options)?;
    let has_header = headers.is_some();
    let mut names = match headers {
        Some(headers) => Name::of_headers(&headers),
        None => Name::of_headers(&numbered(width)),
    };
    let unnamed: Vec<usize> = (0..width).filter(|index| names[*index].header.is_empty()).collect();
    for index in &unnamed {
        names[*index] = Name::of_header(&format!("column {}", index + 1));
    }
    check_twice(&names)?;
    Ok(Begun { rows, names, unnamed, has_header })
}

/// Reads a table from bytes.
///
/// # Errors
/// [`TableError`] for the first thing that is wrong, with its place.
pub fn parse(bytes: &[u8], options: &Options) -> Result<Table, TableError> {
    let (bytes, delimiter) = delimited(bytes, options)?;
    let Begun { mut rows, names, unnamed, has_header } = begin(&bytes, delimiter, options)?;
    let width = names.len();
    let taken = taken(&options.which, &names)?;
    let labels = options.labels.iter().map(|name| find(name, &names));
    let mut labels = labels.collect::<Result<Vec<usize>, TableError>>()?;
    labels.retain(|index| !taken.contains(index));
    let growing = |index: usize| Growing::new(index, labels.contains(&index));
    let is_read = |index: &usize| taken.contains(index) || labels.contains(index);
    let mut columns: Vec<Growing> = (0..width).filter(is_read).map(growing).collect();
    let (mut count, mut going) = (0, !has_header || rows.next());
    while going {
        if rows.record.len() != width {
            let (line, got) = (rows.line(), rows.record.len());
            return Err(TableError::Ragged { line, expected: width, got });
        }
        if !rows.is_blank() {
            for column in &mut columns {
                column.push(&rows, options).map_err(|fault| fault.named(&names))?;
            }
            count += 1;
        }
        going = rows.next();
    }
    if count == 0 {
        return Err(TableError::NoRows { found: "below the header is nothing" });
    }
    // A column without name and without values is what a delimiter at the end of lines makes.
    let nothing = |column: &Growing| unnamed.contains(&column.index) && column.missing == count;
    columns.retain(|column| !nothing(column));
    if let Some(column) = columns.iter().find(|column| unnamed.contains(&column.index)) {
        return Err(TableError::Unnamed { column: column.index + 1 });
    }
    check_texts(&columns, count, &rows, &names)?;
    finish(columns, count, &rows, &names, options, delimiter)
}

/// The bytes as text, without a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, TableError> {
    let start = if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    match std::str::from_utf8(&bytes[start..]) {
        // A text of 16 bits per character may pass as one with zeros in it.
        Ok(text) => match text.bytes().position(|byte| byte == 0) {
            None => Ok(text),
            Some(at) => Err(not_text(bytes, start + at)),
        },
        Err(error) => Err(not_text(bytes, start + error.valid_up_to())),
    }
}

fn not_text(bytes: &[u8], byte: usize) -> TableError {
    TableError::Encoding { byte, line: dialect::line_of(bytes, byte) }
}

/// The records of a text, one at a time.
struct Rows<'a> {
    bytes: &'a [u8],
    reader: csv::Reader<&'a [u8]>,
    record: ByteRecord,
    comment: Option<u8>,
}

impl<'a> Rows<'a> {
    fn new(bytes: &'a [u8], delimiter: Delimiter, comment: Option<u8>) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.byte())
            .comment(comment)
            .buffer_capacity(1 << 16)
            .from_reader(bytes);
        Self { bytes, reader, record: ByteRecord::new(), comment }
    }

    fn next(&mut self) -> bool {
        let found = self.reader.read_byte_record(&mut self.record);
        found.expect("a slice can be read, and records may be of any length")
    }

    fn start(&self) -> usize {
        self.record.position().map_or(0, |position| position.byte() as usize)
    }

    fn line(&self) -> usize {
        self.line_at(self.start())
    }

    fn line_at(&self, byte: usize) -> usize {
        dialect::line_of_record(self.bytes, byte, self.comment)
    }

    /// Whether the record holds nothing at all, as the last lines of some files.
    fn is_blank(&self) -> bool {
        self.record.iter().all(|field| field.trim_ascii().is_empty())
    }

    fn text(&self, index: usize) -> String {
        shown(&String::from_utf8_lossy(&self.record[index]))
    }
}

/// A field as a message shows it.
fn shown(text: &str) -> String {
    const LENGTH: usize = 40;
    let text = text.trim();
    if text.chars().count() <= LENGTH {
        return text.to_owned();
    }
    text.chars().take(LENGTH).chain("...".chars()).collect()
}

/// The names in the first line; `None` when it holds data.
fn headers(rows: &Rows, options: &Options) -> Result<Option<Vec<String>>, TableError> {
    let fields = || (0..rows.record.len()).map(|index| rows.text(index));
    let all = || {
        let text = |field: &[u8]| String::from_utf8_lossy(field).trim().to_owned();
        Some(rows.record.iter().map(text).collect())
    };
    let kinds: Vec<Field> =
        rows.record.iter().map(|field| number::read(field, options.decimal)).collect();
    match options.header {
        Header::Yes => return Ok(all()),
        Header::No => return Ok(None),
        Header::Detect => {}
    }
    let text = kinds.iter().position(|kind| *kind == Field::Text);
    let is_number = |kind: &Field| !matches!(kind, Field::Text | Field::Missing);
    match (text, kinds.iter().position(is_number)) {
        (_, None) => Ok(all()),
        (None, Some(_)) => Ok(None),
        (Some(text), Some(number)) => {
            let field = |index| fields().nth(index).expect("the field was just read");
            let (name, number) = (field(text), field(number));
            Err(TableError::Header { line: rows.line(), name, number })
        }
    }
}

/// Names of columns without a header.
fn numbered(width: usize) -> Vec<String> {
    let name = |index| if index + 1 == width { "y".to_owned() } else { format!("x{index}") };
    (0..width).map(name).collect()
}

fn check_twice(names: &[Name]) -> Result<(), TableError> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|a, b| names[*a].header.cmp(&names[*b].header));
    for pair in order.windows(2) {
        if names[pair[0]].header == names[pair[1]].header {
            let name = names[pair[0]].header.clone();
            return Err(TableError::Twice { name, first: pair[0] + 1, second: pair[1] + 1 });
        }
    }
    Ok(())
}

/// Indices of the columns that are read.
fn taken(which: &Which, names: &[Name]) -> Result<Vec<usize>, TableError> {
    let all = |asked: &[String]| -> Result<Vec<usize>, TableError> {
        asked.iter().map(|name| find(name, names)).collect()
    };
    let (asked, takes) = match which {
        Which::All => return Ok((0..names.len()).collect()),
        Which::Only(asked) => (all(asked)?, true),
        Which::Except(asked) => (all(asked)?, false),
    };
    let taken: Vec<usize> =
        (0..names.len()).filter(|index| asked.contains(index) == takes).collect();
    if taken.is_empty() {
        return Err(TableError::Columns { what: "no column is left".to_owned() });
    }
    Ok(taken)
}

/// A column while it is read; NaN stands for what is no number.
struct Growing {
    index: usize,
    /// The number of each different text, where the column holds labels.
    labels: Option<HashMap<Vec<u8>, usize>>,
    values: Vec<f64>,
    missing: usize,
    missing_first: usize,
    texts: usize,
    /// Byte, kind and text of the first that is no number.
    text_first: Option<(usize, Field, String)>,
    /// A few different ones.
    examples: Vec<String>,
}

/// A value that ends the reading at once.
struct NotFinite {
    index: usize,
    line: usize,
    text: String,
}

impl NotFinite {
    fn named(self, names: &[Name]) -> TableError {
        let column = names[self.index].text.clone();
        TableError::NotFinite { line: self.line, column, text: self.text }
    }
}

impl Growing {
    fn new(index: usize, is_label: bool) -> Self {
        Self {
            index,
            labels: is_label.then(HashMap::new),
            values: Vec::new(),
            missing: 0,
            missing_first: 0,
            texts: 0,
            text_first: None,
            examples: Vec::new(),
        }
    }

    fn push(&mut self, rows: &Rows, options: &Options) -> Result<(), NotFinite> {
        const EXAMPLES: usize = 3;
        if let Some(labels) = &mut self.labels {
            let next = labels.len();
            let label = rows.record[self.index].trim_ascii().to_vec();
            self.values.push(*labels.entry(label).or_insert(next) as f64);
            return Ok(());
        }
        match number::read(&rows.record[self.index], options.decimal) {
            Field::Number(value) => {
                self.values.push(value);
                return Ok(());
            }
            Field::Missing => {
                if self.missing == 0 {
                    self.missing_first = rows.start();
                }
                self.missing += 1;
            }
            Field::NotFinite => {
                let (line, text) = (rows.line(), rows.text(self.index));
                return Err(NotFinite { index: self.index, line, text });
            }
            kind @ (Field::Text | Field::DecimalComma) => {
                self.texts += 1;
                if self.examples.len() < EXAMPLES {
                    let text = rows.text(self.index);
                    if self.text_first.is_none() {
                        self.text_first = Some((rows.start(), kind, text.clone()));
                    }
                    if !self.examples.contains(&text) {
                        self.examples.push(text);
                    }
                }
            }
        }
        self.values.push(f64::NAN);
        Ok(())
    }
}

/// Refuses texts in columns of numbers, and columns of words.
fn check_texts(
    columns: &[Growing],
    count: usize,
    rows: &Rows,
    names: &[Name],
) -> Result<(), TableError> {
    let with_text = columns.iter().find_map(|column| Some((column, column.text_first.as_ref()?)));
    let Some((grown, (byte, kind, text))) = with_text else { return Ok(()) };
    let (line, column, text) = (rows.line_at(*byte), names[grown.index].text.clone(), text.clone());
    if *kind == Field::DecimalComma {
        return Err(TableError::DecimalComma { line, column, text });
    }
    if grown.texts * 2 > count - grown.missing {
        let examples = grown.examples.iter().map(|text| format!("{text:?}"));
        let examples = examples.collect::<Vec<_>>().join(", ");
        return Err(TableError::Words { column, examples });
    }
    Err(TableError::Text { line, column, text })
}

/// Applies the policy of missing values and makes the table.
fn finish(
    columns: Vec<Growing>,
    count: usize,
    rows: &Rows,
    names: &[Name],
    options: &Options,
    delimiter: Delimiter,
) -> Result<Table, TableError> {
    let missing: usize = columns.iter().map(|column| column.missing).sum();
    if missing > 0 && options.missing == Missing::Refuse {
        return Err(refused(&columns, missing, rows, names));
    }
    let is_dropped = |row: &usize| columns.iter().any(|column| column.values[*row].is_nan());
    let dropped: Vec<usize> = if missing > 0 && options.missing == Missing::DropRows {
        (0..count).filter(is_dropped).collect()
    } else {
        Vec::new()
    };
    if dropped.len() == count {
        return Err(TableError::NoRows { found: "every row has a missing value" });
    }
    let column = |grown: Growing| {
        let name = names[grown.index].clone();
        let is_label = grown.labels.is_some();
        let (values, filled) = match options.missing {
            Missing::Refuse => (grown.values, Vec::new()),
            Missing::DropRows => (without(grown.values, &dropped), Vec::new()),
            Missing::Median => filled(grown.values, &name)?,
        };
        Ok(Column { name, values, filled, is_label })
    };
    let columns = columns.into_iter().map(column).collect::<Result<Vec<_>, TableError>>()?;
    Ok(Table { columns, rows: count - dropped.len(), dropped, delimiter })
}

fn refused(columns: &[Growing], count: usize, rows: &Rows, names: &[Name]) -> TableError {
    let holes: Vec<&Growing> = columns.iter().filter(|column| column.missing > 0).collect();
    let first = holes.iter().min_by_key(|column| column.missing_first);
    let first = first.expect("a value is missing somewhere");
    let each = holes.iter().take(8);
    let each = each.map(|hole| format!("{:?}: {}", names[hole.index].text, hole.missing));
    let mut each: Vec<String> = each.collect();
    if holes.len() > each.len() {
        each.push("...".to_owned());
    }
    let more = if holes.len() == 1 { String::new() } else { format!(" ({})", each.join(", ")) };
    TableError::Missing {
        count,
        line: rows.line_at(first.missing_first),
        column: names[first.index].text.clone(),
        columns: more,
    }
}

fn without(values: Vec<f64>, dropped: &[usize]) -> Vec<f64> {
    let mut dropped = dropped.iter().peekable();
    let kept = values.into_iter().enumerate();
    let kept = kept.filter(|(row, _)| dropped.next_if(|next| *next == row).is_none());
    kept.map(|(_, value)| value).collect()
}

fn filled(mut values: Vec<f64>, name: &Name) -> Result<(Vec<f64>, Vec<usize>), TableError> {
    let holes: Vec<usize> = (0..values.len()).filter(|row| values[*row].is_nan()).collect();
    let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    if known.is_empty() {
        let what = format!("the column {:?} has no value, so it has no median", name.text);
        return Err(TableError::Columns { what });
    }
    let by = if holes.is_empty() { 0.0 } else { median(&known) };
    for row in &holes {
        values[*row] = by;
    }
    Ok((values, holes))
}
