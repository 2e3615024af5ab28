//! The functions that any bytes may reach. None may panic, hang, or take memory beyond its input,
//! whatever the bytes are; each also checks what must hold of what was read.
//!
//! `fuzz/` has a target for each door; the seeds under `fuzz/corpus` are replayed by the tests.

use std::path::Path;

use secateur_checkpoint::config::Config;
use secateur_checkpoint::{Tokenizer, arch, gguf, safetensors};
use secateur_formula::syntax::{Syntax, TEXT_MAX, Target, read, write};
use secateur_graph::{Coupling, Granularity};
use secateur_onnx::{Document, Network};
use secateur_speaker::bank::Bank;
use secateur_speaker::enroll::Enrollment;
use secateur_store::journal_steps;
use secateur_tensor::Bytes;

/// A name, and what is done with bytes.
pub type Door = (&'static str, fn(&[u8]));

/// Every door, by the name of its folder under `fuzz/corpus`.
pub const DOORS: &[Door] = &[
    ("audio", audio),
    ("bank", bank),
    ("config", config),
    ("formula", formula),
    ("gguf", gguf),
    ("gtp", crate::games::gtp),
    ("journal", journal),
    ("onnx", onnx),
    ("safetensors", safetensors),
    ("sgf", crate::games::sgf),
    ("structure", crate::structure::door),
    ("table", table),
    ("tokenizer", tokenizer),
];

/// A bank of speakers.
pub fn bank(bytes: &[u8]) {
    let Ok(bank) = Bank::of_bytes(&owned(bytes), Path::new("door")) else { return };
    assert_eq!(bank.to_bytes(), bytes, "a bank has one form");
    let _ = (bank.roster(), Enrollment::of(&bank));
}

/// The header of a safetensors file.
pub fn safetensors(bytes: &[u8]) {
    let Ok(file) = safetensors::parse(Path::new("door"), &owned(bytes), "weights") else { return };
    let values: usize = file.tensors.iter().map(|(_, stored)| stored.bytes().len()).sum();
    assert!(values <= bytes.len(), "tensors lie inside the file, apart from each other");
}

/// A GGUF file: header, meaning, and the tokenizer in it.
pub fn gguf(bytes: &[u8]) {
    let Ok(file) = gguf::parse(Path::new("door"), &owned(bytes)) else { return };
    let values: usize = file.tensors.iter().map(|(_, stored)| stored.bytes().len()).sum();
    assert!(values <= bytes.len(), "tensors lie inside the file, apart from each other");
    let Ok(model) = gguf::as_hf(&file) else { return };
    let config = Config { path: "door".into(), map: model.config };
    if let Ok(architecture) = arch::of(&config) {
        let _ = architecture.dims(&config);
    }
    if let Some(json) = model.tokenizer {
        tokenize(&json.to_string());
    }
}

/// An ONNX model, to its values and to what is written of it. Files of external data are not
/// opened.
pub fn onnx(bytes: &[u8]) {
    let Ok(document) = Document::parse(Path::new("door"), &owned(bytes)) else { return };
    let graph = document.model.graph.as_ref().expect("a model has a graph");
    let stored = graph.initializer.iter().filter_map(|tensor| document.stored(tensor).ok());
    let values: usize = stored.map(|stored| stored.bytes().len()).sum();
    // A number of eight bytes may take one in a list.
    assert!(values <= 8 * bytes.len(), "values come from the file");
    let Ok(encoded) = document.encode("door.onnx") else { return };
    let again = Document::parse(Path::new("door"), &owned(&encoded.model));
    let again = again.expect("what was written can be read");
    let model = again.encode("door.onnx").expect("and written again").model;
    assert!(model == encoded.model, "a second round changes nothing");
    network(again);
}

/// A document as a graph: shapes, coupled channels, and half of each group cut.
fn network(document: Document) {
    if document.check_supported().is_err() {
        return;
    }
    let Ok(network) = Network::new(document) else { return };
    let Ok((_, facts)) = network.bind(&[]) else { return };
    let coupling = Coupling::new(&network.graph, &facts, Granularity::Outer);
    let mut keep = vec![true; coupling.classes.len()];
    for group in &coupling.groups {
        for class in &group.classes[..group.classes.len() / 2] {
            keep[*class] = false;
        }
    }
    if let Ok((small, facts)) = coupling.shrink(&network.graph, &facts, &keep) {
        let _ = network.patched(&small, &facts).encode("door.onnx");
    }
}

/// A config.json, to the sizes of the model.
pub fn config(bytes: &[u8]) {
    let Ok(config) = Config::parse(Path::new("door"), bytes) else { return };
    let _ = config.ids("eos_token_id");
    let Ok(architecture) = arch::of(&config) else { return };
    let Ok(dims) = architecture.dims(&config) else { return };
    let heads = &dims.heads;
    assert!(heads.count.is_multiple_of(heads.kv), "heads are shared evenly");
    let windows = dims.windows.len();
    assert!(windows == 0 || windows == dims.layers, "a window, or none, for each layer");
}

/// A tokenizer.json, and a text through what it makes.
pub fn tokenizer(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        tokenize(text);
    }
}

fn tokenize(json: &str) {
    let Ok(tokenizer) = Tokenizer::parse(Path::new("door"), json) else { return };
    for text in ["", "a", "Once upon a time,  there was\n\n\u{1f642} \u{ad6d}\u{c5b4} 123"] {
        if let Ok(ids) = tokenizer.encode(text) {
            let _ = tokenizer.decode(&ids);
        }
    }
    let _ = tokenizer.encode_with_special("two words");
    let _ = tokenizer.decode(&[0, 1, i64::from(u32::MAX)]);
}

/// A journal of an unfinished run.
pub fn journal(bytes: &[u8]) {
    let Ok(steps) = journal_steps(bytes) else { return };
    // A journal that is cut off anywhere has the same steps, as far as it goes.
    for end in [bytes.len() / 3, bytes.len() / 2, bytes.len().saturating_sub(1)] {
        if let Ok(fewer) = journal_steps(&bytes[..end]) {
            assert_eq!(fewer[..], steps[..fewer.len()]);
        }
    }
}

/// A formula: the first byte says in which syntax, `?` and every other byte leave it open.
pub fn formula(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let syntax = match first {
        b'i' => Some(Syntax::Infix),
        b'g' => Some(Syntax::Gplearn),
        b's' => Some(Syntax::Sympy),
        b'p' => Some(Syntax::Pysr),
        b'e' => Some(Syntax::Excel),
        _ => None,
    };
    let names = ["a", "b", "c"].map(str::to_owned);
    for names in [&names[..], &[]] {
        let Ok((formulas, _)) = secateur_formula::formula::read_any(rest, syntax, names) else {
            continue;
        };
        for formula in formulas {
            let names = formula.names();
            // Written out, a long text may be longer than what is read.
            if let Ok(text) = write(&formula.tree, &names, Target::Infix)
                && text.len() <= TEXT_MAX
            {
                let again = read(&text, Syntax::Infix, &names);
                let again = again.expect("what was written can be read");
                assert!(again == formula.tree, "and is the same");
            }
            for target in Target::ALL {
                let _ = write(&formula.tree, &names, target);
            }
        }
    }
}

/// A file of sound, whole, as a pipe, and as samples without a header; then its frames.
pub fn audio(bytes: &[u8]) {
    use secateur_speaker::audio::{Coding, Options, Raw, Reader, read_all};
    use secateur_speaker::features::{Settings, Stream, extract};
    let door = Path::new("door");
    let options = Options { rate: Some(8000), seconds_max: 60.0 };
    let settings = Settings::of_rate(8000);
    let whole = Reader::bytes(door, bytes.to_vec());
    let pipe = Reader::stream(door, std::io::Cursor::new(bytes.to_vec()));
    let coding = Coding::ALL[bytes.first().map_or(0, |first| usize::from(*first) % 11)];
    let raw = Raw { rate: 16_000, channels: 2, coding };
    let raw = Reader::raw(door, std::io::Cursor::new(bytes.to_vec()), raw);
    for reader in [whole, pipe, raw] {
        let Ok(sound) = reader.and_then(|reader| read_all(reader, &options)) else { continue };
        assert!(!sound.samples.is_empty() && sound.samples.iter().all(|s| s.is_finite()));
        if let Ok(extracted) = extract(&sound, &settings) {
            assert_eq!(extracted.kept.len(), extracted.frames.len());
            assert!(extracted.frames.values.iter().all(|value| value.is_finite()));
        }
        let mut stream = Stream::new(&settings.for_stream()).expect("settings of a stream");
        let mut frames = secateur_speaker::features::Frames::default();
        stream.push(&sound.samples, &mut frames).expect("samples are finite");
        stream.finish(&mut frames);
        assert!(frames.values.iter().all(|value| value.is_finite()));
    }
}

/// A table, under each policy of missing values and both kinds of decimals.
pub fn table(bytes: &[u8]) {
    use secateur_formula::table::{Decimal, Missing, Options, parse};
    for missing in [Missing::Refuse, Missing::DropRows, Missing::Median] {
        for decimal in [Decimal::Point, Decimal::Comma] {
            let options = Options { missing, decimal, ..Options::default() };
            let Ok(table) = parse(bytes, &options) else { continue };
            assert!(table.rows > 0 && table.rows <= bytes.len(), "rows come from the file");
            for column in &table.columns {
                assert_eq!(column.values.len(), table.rows);
                assert!(column.values.iter().all(|value| value.is_finite()));
                assert!(table.find(&column.name.header).is_ok(), "a header finds its column");
            }
            let last = table.columns.last().expect("a table has columns");
            let _ = table.problem(&last.name.header, None);
        }
    }
}

fn owned(bytes: &[u8]) -> Bytes {
    Bytes::owned(bytes.to_vec())
}
