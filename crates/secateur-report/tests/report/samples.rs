//! Records to render.

use secateur_core::record::{Group, Named};
use secateur_core::{Figure, Record};

use crate::figures;

/// The committed example.
pub(crate) fn example() -> Record {
    serde_json::from_str(include_str!("../example-record.json")).expect("a test parses it")
}

pub(crate) fn named(title: &str, figure: Figure) -> Named {
    Named { title: title.to_owned(), caption: "What is seen.".to_owned(), figure }
}

pub(crate) fn figure(figure: Figure) -> Named {
    named("A figure", figure)
}

/// The example with other figures.
pub(crate) fn with_figures(figures: Vec<Named>) -> Record {
    Record { figures, ..example() }
}

pub(crate) fn group(name: &str, at: usize) -> Group {
    Group {
        name: name.to_owned(),
        shape: vec![4096, 11_008],
        dtype: "bf16".to_owned(),
        kept: 22_544_384 + at as u64,
        cut: 22_544_384 - at as u64,
        score_kept: Some(0.8),
        skipped: (at % 90 == 7).then(|| "asked for by --skip".to_owned()),
    }
}

/// The example with one text wherever a record holds text.
pub(crate) fn everywhere(text: &str) -> Record {
    let mut record = with_figures(figures::with_text(text));
    let text = || text.to_owned();
    for named in &mut record.figures {
        named.title = text();
        named.caption = text();
    }
    for (at, group) in record.groups.iter_mut().enumerate() {
        group.name = format!("{at}.{}", text());
        group.dtype = text();
        group.skipped = (at % 3 == 0).then(text);
    }
    let run = &mut record.run;
    run.command = vec![text(), "-o".to_owned(), text()];
    (run.version, run.instruction_set, run.model) = (text(), text(), text());
    for input in &mut run.inputs {
        (input.role, input.name, input.blake3) = (text(), text(), text());
    }
    let recipe = &mut run.recipe;
    (recipe.family, recipe.model, recipe.method) = (text(), text(), text());
    (recipe.layers, recipe.skip) = (vec![text(); 3], vec![text()]);
    recipe.options.insert(text(), text());
    for quality in &mut record.quality {
        quality.metric = text();
        quality.protocol = vec![(text(), text()); 3];
    }
    record.warnings = vec![text(); 2];
    record
}
