//! What `check` finds: the least structure that breaks each rule, and sound ones.

use secateur_ses::check::check;
use secateur_ses::language;

/// The findings of a structure: severity, place, rule and message.
fn found(text: &str) -> Vec<String> {
    let ses = language::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let findings = check(&ses).into_iter();
    let row = |f: secateur_ses::check::Finding| {
        let word = if f.is_error { "error" } else { "warning" };
        format!("{word} {}: {}: {}", f.place, f.rule, f.message)
    };
    findings.map(row).collect()
}

/// A structure with one finding, which begins so and says that.
#[track_caller]
fn breaks(text: &str, begin: &str, says: &str) {
    match &found(text)[..] {
        [one] => {
            assert!(one.starts_with(begin) && one.contains(says), "{one}\n  not {begin} {says}");
        }
        other => panic!("{other:#?}\n  is not one finding: {begin} {says}"),
    }
}

#[track_caller]
fn sound(text: &str) {
    assert_eq!(found(text), [""; 0], "{text}");
}

#[test]
fn every_axiom_has_a_least_structure_that_breaks_it() {
    breaks(
        "entity r { aspect d {\n entity a { aspect e { entity x { k = 1 } } }\n entity b { aspect f { entity x { k = 2 } } } } }",
        "error line 3, column 24: A1:",
        "/r/d/a/e/x",
    );
    // What stands below itself differs from itself, so A1 is broken with A2.
    let cycle = found("entity r { aspect d {\n entity a { aspect e {\n entity r } } } }");
    assert!(cycle[0].starts_with("error line 3, column 2: A2: r -> d -> a -> e -> r"), "{cycle:?}");
    assert!(cycle.len() == 2 && cycle[1].contains(" A1:"), "{cycle:?}");
    let below = language::read("entity r {\n entity a }").unwrap_err().to_string();
    assert!(below.starts_with("line 2, column 2:") && below.ends_with("(A3)"), "{below}");
    breaks("entity r {\n aspect d }", "error line 2, column 2: A3:", "without children");
    let twice = "entity r {\n aspect d { entity a\n entity a } }";
    breaks(twice, "error line 2, column 2: A4:", "two of its children are called a");
    breaks("entity r {\n v = 1 v = 2 }", "error line 1, column 1: A5:", "called v");
    breaks(
        "entity r { v: real = 1 specialization s {\n entity a { v: text = \"x\" } entity b } }",
        "error line 2, column 13: A6:",
        "v is text",
    );
}

#[test]
fn children_of_specializations_must_not_contradict_what_they_specialize() {
    let spec = |parent: &str, child: &str| {
        format!(
            "entity r {{ {parent}\n specialization s {{ entity a {{ {child} }}\n entity b }} }}"
        )
    };
    let begin = "error line 2, column 32: A6:";
    breaks(&spec("v: real = 1", "v: int = 2"), begin, "v is int, and real as a variable of r");
    breaks(&spec("v = 1 range 0..9", "v = 10"), begin, "v is 10, outside of 0 to 9");
    breaks(&spec("v = 1 range 0..9", "v = 3 + 10"), begin, "v is 13, outside of 0 to 9");
    breaks(&spec("v = 1 range 0..9", "v = 1 range 1..10"), begin, "v goes from 1 to 10, outside");
    let begin = "error line 2, column 21: A6:";
    breaks(&spec("input p", "output p"), begin, "port p is an output, and an input of r");
    breaks(&spec("input p: int", "input p: real"), begin, "p is real, and int as a port of r");
    sound(&spec("v: real = 1 range 0..9", "v: real = 9 range 2..9"));
    let open = spec("v = 1 range 0..9  input p: int", "v = n  w = 100  input p: int  output q");
    sound(&format!("variable n = 100\n{open}"));
    sound(&spec("v = 1", "v = \"text\""));
    // Through two specializations, and not from brother to brother.
    breaks(
        "entity r { v = 1 range 0..9\n specialization s { entity a { specialization t {\n entity c { v = 10 } entity d } }\n entity b { v = 2 range 2..3 } } }",
        "error line 3, column 13: A6:",
        "of r, which it specializes",
    );
}

#[test]
fn a_child_that_stands_for_nothing_brings_nothing() {
    let spec = |child: &str| format!("entity r {{\n specialization s {{ entity a\n {child} }} }}");
    sound(&spec("entity NONE"));
    breaks(&spec("entity NONE { v = 1 }"), "warning line 3, column 2: A6:", "stands for nothing");
    breaks(&spec("entity NONE { aspect d { entity x } }"), "warning line 3", "parts are lost");
}

#[test]
fn ports_that_are_coupled_on_one_side_only_are_told() {
    let unit = |outside: &str, inside: &str| {
        format!(
            "entity r {{ aspect d {{ entity x\n entity u {{ aspect e {{ entity y {inside} }} }}\n {outside} }} }}"
        )
    };
    sound(&unit("couple x.out -> u.in", "couple PARENT.in -> y.in"));
    sound(&unit("couple u.out -> x.in", "couple y.done -> u.out"));
    sound(&unit("", "couple PARENT.in -> y.in"));
    // Nothing is known inside.
    sound(&unit("couple x.out -> u.in", ""));
    sound(&unit("couple x.out -> u.in", "couplings [[PARENT, 'in', 'y', 'in', '']]"));
    sound(&unit("couple x.out -> u.in2", "couple PARENT.in[i] -> y.in for i in range(1, 3)"));
    breaks(
        &unit("couple x.out -> u.ni", "couple PARENT.in -> y.in"),
        "warning line 3, column 2: port:",
        "no coupling inside of u names its input ni; is in meant?",
    );
    breaks(
        &unit("couple x.out -> u.in", "couple PARENT.inn -> y.in"),
        "warning line 3, column 2: port:",
        "input in; is inn meant?",
    );
    // An output of that name is no input.
    breaks(
        &unit("couple x.out -> u.back", "couple y.back -> PARENT.back"),
        "warning line 3, column 2: port:",
        "names its input back",
    );
    let kinds = |outside: &str| {
        format!(
            "entity r {{ aspect d {{ entity x entity u {{ specialization s {{ entity leaf
             entity whole {{ aspect e {{ entity y couple whole.in -> y.in }} }} }} }} {outside} }} }}"
        )
    };
    sound(&kinds("couple x.out -> u.in"));
    // The leaf may have it.
    sound(&kinds("couple x.out -> u.in couple x.out -> u.space"));
    breaks(&kinds("couple x.out -> u.inn"), "warning line 2, column", "is in meant?");
    // What is copied has its own couplings.
    let copy = |port: &str| {
        format!(
            "entity r {{ aspect d {{ entity x entity u ref v couple x.out -> u.{port} }} }}
             entity v {{ aspect e {{ entity y couple PARENT.in -> y.in }} }}"
        )
    };
    sound(&copy("in"));
    breaks(&copy("inm"), "warning line 1, column", "is in meant?");
}

#[test]
fn the_examples_have_no_findings() {
    for name in [
        "devstone-hi",
        "devstone-ho",
        "devstone-li",
        "devstone-homod",
        "feedback",
        "fms",
        "network",
    ] {
        assert_eq!(check(&crate::examples::example(name)), [], "{name}");
    }
}
