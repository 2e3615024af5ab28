//! What a report shows, and what it never does.

mod figures;
mod laws;
mod samples;
mod tags;

use samples::{example, figure, group, with_figures};
use secateur_core::Record;
use secateur_core::record::{CostRow, Costs, Measured, Quality, Unit};
use secateur_report::{html, json, markdown};

const PAGE_MAX: usize = 5_000_000;

#[test]
fn the_example_is_a_record_as_we_write_it() {
    let text = include_str!("../example-record.json");
    let record: Record = serde_json::from_str(text).unwrap();
    assert!(record.run.seconds.is_none(), "a committed example holds no times");
    assert!(record.warnings[0].contains("made up"), "an example says that it is one");
    for named in &record.figures {
        assert_eq!(named.figure.check(), Ok(()), "{}", named.title);
    }
    assert_eq!(json(&record), text, "write it again with the example `page`: page FILE FILE");
}

#[test]
fn the_example_as_markdown() {
    insta::assert_snapshot!(markdown(&example()));
}

#[test]
fn the_page_has_its_parts_in_order() {
    let page = html(&example()).unwrap();
    let parts = [
        "<h1>example-llama</h1>",
        "id=\"warnings\"",
        "id=\"summary\"",
        "id=\"quality\"",
        "How it was measured",
        "id=\"cost\"",
        "id=\"sparsity\"",
        "id=\"figures\"",
        "id=\"groups\"",
        "id=\"alone\"",
        "id=\"run\"",
        "Recipe",
        "Inputs",
    ];
    let places: Vec<usize> =
        parts.iter().map(|p| page.find(p).unwrap_or_else(|| panic!("{p} is missing"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    let record = example();
    for (key, value) in &record.quality[0].protocol {
        assert!(page.contains(&format!("<dt>{key}</dt><dd>{value}</dd>")), "{key}");
    }
    for fact in ["50.0 %", "+20.9 %, worse", "217,664", "131,136", "−39.8 %", "avx512"] {
        assert!(page.contains(fact), "{fact}");
    }
    for input in &record.run.inputs {
        assert!(page.contains(&input.blake3));
    }
}

#[test]
fn quality_that_was_not_measured_is_said_with_the_command() {
    let mut record = example();
    record.quality.clear();
    let command = "secateur eval example-llama-wanda-50 --perplexity test.txt";
    assert!(html(&record).unwrap().contains(command));
    assert!(markdown(&record).contains(command));
    record.run.command.clear();
    let page = html(&record).unwrap();
    assert!(page.contains("was not measured"));
    assert!(page.contains("secateur eval OUT --perplexity test.txt"));
    record = example();
    assert!(!html(&record).unwrap().contains("--perplexity"));
}

#[test]
fn values_that_are_no_numbers_are_said_in_words() {
    let mut record = example();
    let measured = |value| Some(Measured { value, interval: None });
    record.quality = vec![Quality {
        metric: "perplexity".to_owned(),
        lower_is_better: true,
        protocol: Vec::new(),
        before: measured(f64::NAN),
        after: measured(f64::INFINITY),
    }];
    let Costs::Network(cost) = &mut record.cost else { panic!("the example is of a network") };
    cost.before.parameters = 0;
    cost.after.seconds = Some(f64::NAN);
    let page = html(&record).unwrap();
    assert!(page.contains("not a number"));
    assert!(page.contains('∞'));
    assert!(!page.contains("NaN<") && !page.contains("inf<"), "a raw float reached the page");
    tags::balanced(&page);
}

#[test]
fn better_is_not_said_of_what_an_interval_cannot_tell() {
    let page = |value, interval| {
        let mut record = example();
        record.quality = vec![Quality {
            metric: "win rate".to_owned(),
            lower_is_better: false,
            protocol: Vec::new(),
            before: Some(Measured { value: 0.5, interval: None }),
            after: Some(Measured { value, interval }),
        }];
        html(&record).unwrap()
    };
    let says = |page: &str| page.contains("%, better") || page.contains("better</td>");
    assert!(says(&page(0.6, None)));
    assert!(says(&page(0.6, Some([0.52, 0.68]))));
    assert!(!says(&page(0.6, Some([0.48, 0.72]))));
}

#[test]
fn a_family_names_its_own_costs() {
    let mut record = example();
    record.groups.clear();
    record.figures.clear();
    record.cost = Costs::Rows(vec![
        CostRow::new("Couplings <of all>", Unit::Count, Some(12_345.0), Some(57.0)),
        CostRow::new("Table", Unit::Bytes, Some(2048.0), Some(1024.0)),
        CostRow::new("Playouts a move", Unit::Number, None, Some(2.5)),
    ]);
    let page = html(&record).unwrap();
    tags::balanced(&page);
    let text = markdown(&record);
    for found in [&page, &text] {
        for word in ["Couplings &lt;of all&gt;", "12,345", "1,024 bytes", "Playouts a move", "2.5"]
        {
            assert!(found.contains(word), "{word}: {text}");
        }
    }
    for word in ["Parameters", "Weights", "Nonzeros", "Operations", "on singular", "Groups"] {
        assert!(!text.contains(word), "{word} is of networks");
    }
    let again: Record = serde_json::from_str(&json(&record)).unwrap();
    assert_eq!(again, record);
}

#[test]
fn an_empty_record_has_a_page() {
    let mut record = example();
    record.groups.clear();
    record.figures.clear();
    record.warnings.clear();
    record.quality.clear();
    record.run.inputs.clear();
    record.run.command.clear();
    record.run.model.clear();
    record.run.recipe.model.clear();
    let page = html(&record).unwrap();
    tags::balanced(&page);
    assert!(page.contains("no groups"));
    assert!(markdown(&record).contains("## Cost"));
}

#[test]
fn nothing_comes_from_outside_the_page() {
    let page = html(&with_figures(figures::all())).unwrap();
    tags::self_contained(&page);
    assert!(!page.contains("http://") && !page.contains("https://"));
}

#[test]
#[should_panic(expected = "outside")]
fn a_resource_from_outside_would_be_found() {
    tags::self_contained("<img src=\"https://example.org/a.png\">");
}

#[test]
fn hostile_names_are_shown_and_do_nothing() {
    let hostile = "<script>alert(1)</script>\u{1b}[31m\u{202e}\"'&|`\n</pre></svg>";
    let record = samples::everywhere(hostile);
    let page = html(&record).unwrap();
    tags::balanced(&page);
    tags::self_contained(&page);
    tags::no_hidden(&page);
    assert_eq!(page.matches("<script").count(), 1, "only our own script");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;\\u{1b}[31m\\u{202e}"));
    let text = markdown(&record);
    tags::no_hidden(&text.replace('\u{200b}', ""));
    let lines: Vec<&str> = text.lines().collect();
    for table in lines.chunk_by(|a, b| a.starts_with("| ") == b.starts_with("| ")) {
        for row in table.iter().filter(|row| row.starts_with("| ")) {
            assert_eq!(tags::pipes(row), tags::pipes(table[0]), "{row}");
        }
    }
    assert_eq!(serde_json::from_str::<Record>(&json(&record)).unwrap(), record);
}

#[test]
fn ten_thousand_groups_stay_under_five_megabytes_and_all_are_there() {
    let mut record = with_figures(figures::all());
    let name =
        |at: usize| format!("model.layers.{}.mlp.experts.{}.up_proj.weight", at / 50, at % 50);
    record.groups = (0..10_000).map(|at| group(&name(at), at)).collect();
    for at in 0..60 {
        record.figures.push(samples::named(&format!("map {at}"), figures::mask_map()));
    }
    let page = html(&record).unwrap();
    assert!(page.len() < PAGE_MAX, "{}", page.len());
    for at in [0, 249, 250, 5_000, 9_999] {
        assert!(page.contains(&format!("<td>{}</td>", name(at))), "{at}");
    }
    tags::balanced(&page);
    assert!(markdown(&record).len() < 20_000);
}

#[test]
fn no_record_makes_a_page_larger_than_five_megabytes() {
    let long = "\"<\u{202e}>\"".repeat(2_000);
    let mut record = samples::everywhere(&long);
    record.groups = (0..30_000).map(|at| group(&format!("{long}.{}.{at}", at % 700), at)).collect();
    for (at, group) in record.groups.iter_mut().enumerate() {
        group.skipped = (at % 2 == 0).then(|| format!("{}{long}", at % 100));
    }
    record.warnings = vec![long.clone(); 3_000];
    record.run.command = vec![long.clone(); 100];
    record.run.inputs = vec![record.run.inputs[0].clone(); 2_000];
    record.run.recipe.options = (0..200).map(|at| (format!("{at}{long}"), long.clone())).collect();
    let protocol = |at: usize| vec![(format!("{at}{long}"), long.clone()); 40];
    let quality = |at| Quality { protocol: protocol(at), ..record.quality[0].clone() };
    record.quality = (0..100).map(quality).collect();
    record.figures = (0..100).flat_map(|_| record.figures.clone()).collect();
    let page = html(&record).unwrap();
    assert!(page.len() < PAGE_MAX, "{}", page.len());
    assert!(page.contains("no room for this figure"), "the test fills the page");
    assert!(page.contains("more in the JSON report"));
    tags::balanced(&page);
}

#[test]
fn a_mask_map_is_small() {
    let plain = html(&with_figures(Vec::new())).unwrap().len();
    let page = html(&with_figures(vec![figure(figures::mask_map())])).unwrap();
    assert!(page.len() - plain < 14_000, "{}", page.len() - plain);
}

#[test]
fn a_report_of_the_same_record_is_the_same() {
    let record = with_figures(figures::all());
    assert_eq!(html(&record).unwrap(), html(&record.clone()).unwrap());
}
