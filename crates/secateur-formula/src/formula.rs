//! The document of a formula: what it gives, of what, and how it was made.

use secateur_core::nearest;
use serde::{Deserialize, Serialize};

use crate::error::FormulaError;
use crate::syntax::{Syntax, Target, read, read_open, write};
use crate::tree::{Node, Tree};

/// The version of the document.
pub const VERSION: u32 = 1;

/// An input of a formula.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name of the column.
    pub name: String,
    /// Its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Median over the rows that the formula was fitted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<f64>,
    /// Smallest value in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Largest value in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// How the rows of a table were parted when a formula was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Share of the rows that was kept aside for the last measurement.
    pub test: f64,
    /// Share of the other rows that decided between formulas.
    pub validation: f64,
    /// Columns; rows that were equal in all of them stayed on one side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<String>,
    /// Seed of the split.
    pub seed: u64,
}

/// How a formula was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The method or tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Rows that it was fitted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Seed of the search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How the rows were parted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Complexity as the tool that made it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<u64>,
    /// Loss as the tool that made it states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Anything else that a reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A formula with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// Name of what the formula gives.
    pub target: String,
    /// Its unit.
    pub unit: Option<String>,
    /// The inputs; a variable of the tree is a place in this list.
    pub inputs: Vec<Input>,
    /// The operations.
    pub tree: Tree,
    /// How it was made.
    pub origin: Origin,
}

/// The document as it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    secateur: String,
    version: u32,
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    expression: String,
    size: u64,
    variables: Vec<String>,
    inputs: Vec<Input>,
    #[serde(default)]
    origin: Origin,
}

/// What a text turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A document of ours.
    Document,
    /// A table of equations of PySR.
    HallOfFame,
    /// One formula.
    Text(Syntax),
}

impl Formula {
    /// A formula of which only the inputs' names are known.
    pub fn new(target: &str, names: &[String], tree: Tree) -> Self {
        let input = |name: &String| Input { name: name.clone(), ..Input::default() };
        Self {
            target: target.to_owned(),
            unit: None,
            inputs: names.iter().map(input).collect(),
            tree,
            origin: Origin::default(),
        }
    }

    /// Names of the inputs.
    pub fn names(&self) -> Vec<String> {
        self.inputs.iter().map(|input| input.name.clone()).collect()
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`FormulaError`] when it is no document, of another version, or contradicts itself.
    pub fn from_json(bytes: &[u8]) -> Result<Self, FormulaError> {
        let wrong = |what: String| FormulaError::Document { what };
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if value.get("secateur").and_then(|kind| kind.as_str()) != Some("formula") {
            return Err(wrong("it has no \"secateur\": \"formula\"".to_owned()));
        }
        match value.get("version") {
            Some(version) if version.as_u64() == Some(u64::from(VERSION)) => {}
            Some(version) => {
                let found = version.to_string();
                return Err(FormulaError::Version { found, known: VERSION });
            }
            None => return Err(wrong("it has no version".to_owned())),
        }
        let file: File = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
        let mut names: Vec<&str> = file.inputs.iter().map(|input| input.name.as_str()).collect();
        names.sort_unstable();
        if let Some([twice, _]) = names.array_windows().find(|[one, next]| one == next) {
            return Err(wrong(format!("two inputs are named {twice}")));
        }
        let names: Vec<String> = file.inputs.iter().map(|input| input.name.clone()).collect();
        let tree = read(&file.expression, Syntax::Infix, &names)?;
        let made = Self {
            target: file.target,
            unit: file.unit,
            inputs: file.inputs,
            tree,
            origin: file.origin,
        };
        if made.tree.size() as u64 != file.size {
            let what = format!("its size is {}, not {}", made.tree.size(), file.size);
            return Err(wrong(what));
        }
        if made.variables() != file.variables {
            let what = format!("its variables are {}", made.variables().join(", "));
            return Err(wrong(what));
        }
        Ok(made)
    }

    /// Names of the inputs that the tree uses.
    fn variables(&self) -> Vec<String> {
        let name = |number: u32| self.inputs[number as usize].name.clone();
        self.tree.variables().into_iter().map(name).collect()
    }

    /// Writes the document.
    ///
    /// # Errors
    /// [`FormulaError::Export`] when the tree holds a constant that is not finite.
    ///
    /// # Panics
    /// When the tree uses an input that is not there.
    pub fn to_json(&self) -> Result<String, FormulaError> {
        if let Some(value) = self.tree.constants().into_iter().find(|value| !value.is_finite()) {
            let what = format!("the constant {value}");
            return Err(FormulaError::Export { target: "a document", what });
        }
        let file = File {
            secateur: "formula".to_owned(),
            version: VERSION,
            target: self.target.clone(),
            unit: self.unit.clone(),
            expression: write(&self.tree, &self.names(), Target::Infix)?,
            size: self.tree.size() as u64,
            variables: self.variables(),
            inputs: self.inputs.clone(),
            origin: self.origin.clone(),
        };
        let text = serde_json::to_string_pretty(&file).expect("names and numbers are JSON");
        Ok(text + "\n")
    }

    /// The tree over the columns of data: inputs are found by name; one that is not there may be
    /// `x` or `X` and the number of a column from 0.
    ///
    /// # Errors
    /// [`FormulaError::MissingColumn`] when the tree uses an input that is not in the data.
    pub fn over(&self, columns: &[String]) -> Result<Tree, FormulaError> {
        let mut numbers = vec![0; self.inputs.len()];
        for number in self.tree.variables() {
            let name = &self.inputs[number as usize].name;
            numbers[number as usize] = column(name, columns)?;
        }
        let moved = |node: &Node| match *node {
            Node::Var(number) => Node::Var(numbers[number as usize]),
            other => other,
        };
        let nodes = self.tree.nodes().iter().map(moved).collect();
        Ok(Tree::new(nodes).expect("variables stay variables"))
    }
}

fn column(name: &str, columns: &[String]) -> Result<u32, FormulaError> {
    if let Some(found) = columns.iter().position(|column| column == name) {
        return Ok(found as u32);
    }
    let index = name.strip_prefix(['x', 'X']).filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
    match index.and_then(|index| index.parse::<u32>().ok()) {
        Some(number) if (number as usize) < columns.len() => Ok(number),
        _ => {
            let near = nearest(name, columns.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; the nearest is {near}"));
            Err(FormulaError::MissingColumn { name: name.to_owned(), near })
        }
    }
}

/// Reads formulas from bytes: a document of ours, a hall of fame of PySR, or one formula as text.
/// `syntax` says which it is where the text alone would be guessed at. `names` are the columns of
/// the data; without any, the inputs are what the formula names.
///
/// # Errors
/// [`FormulaError`] when the bytes are none of these.
pub fn read_any(
    bytes: &[u8],
    syntax: Option<Syntax>,
    names: &[String],
) -> Result<(Vec<Formula>, Source), FormulaError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return Ok((vec![Formula::from_json(bytes)?], Source::Document));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| FormulaError::Syntax {
        place: crate::syntax::Place::of("", 0),
        what: format!("byte {} is not UTF-8", error.valid_up_to()),
    })?;
    if matches!(syntax, None | Some(Syntax::Pysr)) && is_hall_of_fame(text) {
        return Ok((hall_of_fame(text, names)?, Source::HallOfFame));
    }
    let syntax = syntax.unwrap_or_else(|| Syntax::guess(text));
    Ok((vec![one(text, syntax, names)?], Source::Text(syntax)))
}

fn one(text: &str, syntax: Syntax, names: &[String]) -> Result<Formula, FormulaError> {
    if names.is_empty() {
        let (tree, names) = read_open(text, syntax)?;
        return Ok(Formula::new("y", &names, tree));
    }
    Ok(Formula::new("y", names, read(text, syntax, names)?))
}

/// Names of the columns of the first line, in lower case.
fn header(text: &str) -> Vec<String> {
    let line = text.lines().next().unwrap_or("");
    let separator = separator(line);
    line.split(separator).map(|name| name.trim().trim_matches('"').to_lowercase()).collect()
}

fn separator(line: &str) -> char {
    [',', '|', ';', '\t']
        .into_iter()
        .max_by_key(|c| (line.matches(*c).count(), *c == ','))
        .unwrap_or(',')
}

fn is_hall_of_fame(text: &str) -> bool {
    let header = header(text);
    let has = |name: &str| header.iter().any(|found| found == name);
    has("complexity") && has("equation")
}

/// Reads the table of equations that PySR writes: columns Complexity, Loss (or MSE) and Equation.
///
/// # Errors
/// [`FormulaError`] when a column lacks, a row is cut off, or an equation cannot be read.
pub fn hall_of_fame(text: &str, names: &[String]) -> Result<Vec<Formula>, FormulaError> {
    let wrong = |what: String| FormulaError::HallOfFame { what };
    let separator = separator(text.lines().next().unwrap_or(""));
    let rows = records(text, separator).map_err(wrong)?;
    let header = header(text);
    let place = |names: &[&str]| header.iter().position(|found| names.contains(&found.as_str()));
    let complexity = place(&["complexity"]);
    let loss = place(&["loss", "mse"]);
    let equation = place(&["equation"]).ok_or_else(|| wrong("no column Equation".to_owned()))?;
    let mut formulas = Vec::new();
    for (number, row) in rows.iter().enumerate().skip(1) {
        let line = number + 1;
        let text = row.get(equation).ok_or_else(|| wrong(format!("row {line} has no equation")))?;
        let mut formula = one(text, Syntax::Pysr, names)
            .map_err(|error| wrong(format!("row {line}: {error}")))?;
        let cell = |place: Option<usize>| place.and_then(|place| row.get(place)).map(|c| c.trim());
        formula.origin.method = Some("PySR".to_owned());
        if let Some(cell) = cell(complexity) {
            let parsed =
                cell.parse().map_err(|_| wrong(format!("row {line}: complexity {cell}")))?;
            formula.origin.complexity = Some(parsed);
        }
        if let Some(cell) = cell(loss) {
            let parsed: f64 =
                cell.parse().map_err(|_| wrong(format!("row {line}: loss {cell}")))?;
            if parsed.is_finite() {
                formula.origin.loss = Some(parsed);
            }
        }
        formulas.push(formula);
    }
    if formulas.is_empty() {
        return Err(wrong("there are no rows below the header".to_owned()));
    }
    Ok(formulas)
}

/// Rows of a table; cells may stand in quotes, of which two stand for one inside.
fn records(text: &str, separator: char) -> Result<Vec<Vec<String>>, String> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            c if quoted => cell.push(c),
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' => {}
            c if c == separator => row.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    row.push(cell);
    rows.push(row);
    rows.retain(|row: &Vec<String>| row.iter().any(|cell| !cell.trim().is_empty()));
    Ok(rows)
}
