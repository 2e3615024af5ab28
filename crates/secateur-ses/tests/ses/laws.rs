//! Laws over structures drawn at random.

use std::collections::BTreeSet;

use num_bigint::BigUint;
use secateur_core::Random;
use secateur_ses::diff::diff;
use secateur_ses::family::Family;
use secateur_ses::flatten::flatten;
use secateur_ses::format::{Document, Format, json, read, write};
use secateur_ses::language;
use secateur_ses::pes::{Pes, Stage};
use secateur_ses::prune::{Request, Resume, prune, resume, waiting};

use crate::drawn::structure;

const STRUCTURES: u64 = 400;

/// A random set of choices: for entities of the structure, some child of theirs.
fn choices(text: &str, random: &mut Random) -> Vec<String> {
    let ses = language::read(text).unwrap();
    let mut choices = Vec::new();
    for node in &ses.nodes {
        if node.kind == secateur_ses::model::Kind::Spec && random.below(4) > 0 {
            let child = node.children[random.below(node.children.len())];
            choices.push(format!("{}={}", node.name, ses.node(child).name));
        }
    }
    choices
}

fn requested(choices: &[String], delays: &[String]) -> Request {
    let mut request = Request { depth: 2, entities_max: 20_000, ..Request::default() };
    for choice in choices {
        request.choices.choose(choice).unwrap();
    }
    for path in delays {
        request.choices.delay(path).unwrap();
    }
    request
}

/// The result through its file, as a later run gets it.
fn reopened(pes: &Pes) -> Pes {
    match read(json::write_pes(pes).as_bytes()).unwrap() {
        Document::Pes(pes) => *pes,
        Document::Ses(_) => panic!("a pes was written"),
    }
}

/// Resumes what waits, one entity at a time in random order, until nothing is left.
fn in_pieces(
    ses: &secateur_ses::model::Ses,
    request: &Request,
    random: &mut Random,
) -> Result<(Pes, u32), secateur_ses::error::SesError> {
    let mut pes = prune(ses, request)?.pes;
    let mut resumed = 0;
    while pes.stage == Stage::Ipes {
        let open: Vec<String> = waiting(&pes).into_iter().map(|(path, _)| path).collect();
        let delayed: Vec<String> = waiting(&pes)
            .into_iter()
            .filter(|(_, reason)| reason == "left open")
            .map(|(path, _)| path)
            .collect();
        let at = if delayed.is_empty() {
            Vec::new()
        } else {
            vec![delayed[random.below(delayed.len())].clone()]
        };
        assert!(!open.is_empty());
        let before = reopened(&pes);
        pes = resume(before, &Resume { at, ..Resume::default() })?.pes;
        resumed += 1;
        assert!(resumed < 10_000, "it never ends");
    }
    Ok((pes, resumed))
}

#[test]
fn leaving_open_and_resuming_in_any_order_is_pruning_at_once() {
    let (mut compared, mut failed, mut resumed) = (0, 0, 0);
    for seed in 0..STRUCTURES {
        let text = structure(seed);
        let ses = language::read(&text).unwrap_or_else(|error| panic!("{seed}: {error}\n{text}"));
        let mut random = Random::stream(seed, 1);
        for _ in 0..4 {
            let choices = choices(&text, &mut random);
            let whole = prune(&ses, &requested(&choices, &[]));
            let names: Vec<String> = ses
                .nodes
                .iter()
                .filter(|_| random.below(5) == 0)
                .map(|node| node.name.to_string())
                .collect();
            let pieces = in_pieces(&ses, &requested(&choices, &names), &mut random);
            match (whole, pieces) {
                (Ok(whole), Ok((pieces, count))) => {
                    let found = diff(&whole.pes, &pieces);
                    assert!(found.is_empty(), "{seed} {choices:?} {names:?}: {found:?}\n{text}");
                    compared += 1;
                    resumed += count;
                }
                (Err(_), Err(_)) => failed += 1,
                (whole, pieces) => panic!(
                    "{seed} {choices:?} {names:?}: {:?} {:?}\n{text}",
                    whole.err(),
                    pieces.err()
                ),
            }
        }
    }
    println!("{compared} equal after {resumed} resumes, {failed} refused both ways");
    assert!(compared > 100 && failed > 50 && resumed > 100, "{compared} {failed} {resumed}");
}

#[test]
fn the_closed_form_counts_what_is_listed_and_each_member_is_another() {
    let mut counted = 0;
    for seed in 0..STRUCTURES {
        let text = structure(seed);
        // Two copies of the root that merge into one entity give it the same aspect twice.
        if text.matches(" ref root").count() > 1 {
            continue;
        }
        let ses = language::read(&text).unwrap();
        let ses = secateur_ses::model::Ses { constraints: Vec::new(), ..ses };
        let request = Request { depth: 1, ..Request::default() };
        let family = Family::new(&ses, &request).unwrap();
        let Ok(count) = u64::try_from(family.count()) else { continue };
        if count > 3000 {
            continue;
        }
        let mut seen = BTreeSet::new();
        for number in 0..count {
            let member = family.member(&BigUint::from(number)).unwrap();
            let pruned = prune(&ses, &family.request(&member).unwrap());
            let pes = pruned.unwrap_or_else(|e| panic!("{seed} {member:?}: {e}")).pes;
            assert!(seen.insert(json::write_pes(&pes)), "{seed}: {member:?} stands twice");
            counted += 1;
        }
    }
    assert!(counted > 1000, "{counted}");
}

#[test]
fn members_are_drawn_evenly() {
    let ses = language::read(
        "entity r { specialization s { entity a entity b { specialization t { entity c entity d entity e } } } }",
    )
    .unwrap();
    let family = Family::new(&ses, &Request::default()).unwrap();
    assert_eq!(*family.count(), BigUint::from(4_u32));
    let mut counts = [0_u32; 4];
    for member in family.sample(4000, 7).unwrap() {
        counts[usize::try_from(member.number).unwrap()] += 1;
    }
    // Six standard deviations of a binomial count with n = 4000, p = 1/4.
    assert!(counts.iter().all(|count| (835..=1165).contains(count)), "{counts:?}");
}

#[test]
fn results_are_pruned_to_themselves_and_flat_ones_have_the_same_leaves() {
    let mut compared = 0;
    for seed in 0..STRUCTURES {
        let text = structure(seed);
        let ses = language::read(&text).unwrap();
        let mut random = Random::stream(seed, 2);
        let choices = choices(&text, &mut random);
        let Ok(pruned) = prune(&ses, &requested(&choices, &[])) else { continue };
        let document = Document::Pes(Box::new(pruned.pes.clone()));
        let (text, _) = write(&document, Format::Language).unwrap();
        let again = language::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let twice = prune(&again, &Request::default()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let found = diff(&pruned.pes, &twice.pes);
        assert!(found.is_empty(), "{seed}: {found:?}\n{text}");
        let flat = flatten(&pruned.pes).unwrap();
        let leaves = |pes: &Pes| pes.walk().filter(|(node, _)| pes.is_leaf(*node)).count();
        assert_eq!(leaves(&flat), leaves(&pruned.pes));
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}
