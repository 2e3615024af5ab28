//! Inputs that are wrong, hostile or very large.

use std::fmt::Write as _;

use secateur_core::Random;
use secateur_ses::check::check;
use secateur_ses::family::Family;
use secateur_ses::flatten::flatten;
use secateur_ses::format::{Document, Format, read, write};
use secateur_ses::language;
use secateur_ses::prune::{Request, prune};

use crate::drawn::structure;
use crate::examples::{example, request};

/// What reading or pruning says.
fn said(text: &str) -> String {
    match read(text.as_bytes()) {
        Err(error) => error.to_string(),
        Ok(Document::Ses(ses)) => match prune(&ses, &Request::default()) {
            Err(error) => error.to_string(),
            Ok(_) => "ok".to_owned(),
        },
        Ok(Document::Pes(_)) => "a pes".to_owned(),
    }
}

#[track_caller]
fn check_said(text: &str, expect: &[&str]) {
    let said = said(text);
    assert!(expect.iter().all(|part| said.contains(part)), "{said}\n  lacks one of {expect:?}");
}

#[test]
fn broken_structures_are_refused_with_their_place() {
    check_said(
        "entity a {\n aspect d {\n  entity b { aspect e { entity a } }\n } }",
        &["line 3", "a -> d -> b -> e -> a", "ref"],
    );
    check_said(
        "entity a {\n aspect d {\n entity b\n entity b } }",
        &["line 2", "two of its children are called b"],
    );
    check_said("entity a { x = 1 x = 2 }", &["two of its variables are called x"]);
    check_said("entity a {\n aspect d }", &["line 2", "without children"]);
    check_said("entity a {\n specialization s { entity b } }", &["line 2", "one child"]);
    check_said("entity a { entity b }", &["line 1", "A3"]);
    check_said("entity a { aspect d { entity b } ", &["line 1", "never closed"]);
    check_said("entity a { aspect d { entity b } } }", &["`}` closes nothing"]);
    check_said("entity a { aspect d { entity b } }\nfoo", &["line 2, column 1", "`foo`"]);
    check_said("entity a { x = (1 + }", &["line 1, column 21"]);
    check_said("entity a { aspect d { entity b ref c } }", &["there is no entity c"]);
    check_said("", &["there is no entity"]);
}

#[test]
fn decisions_that_cannot_be_taken_say_why() {
    let two = "entity a { specialization s { entity b when x == 1 entity c when x > 0 } }";
    check_said(&format!("variable x = 1\n{two}"), &["more than one of b, c", "for s", "/a"]);
    check_said(&format!("variable x = 0\n{two}"), &["nothing decides s", "b, c"]);
    check_said(two, &["there is no variable x", "column 45"]);
    check_said("entity a { multi m [0] { entity b } }", &["repeated 0 times"]);
    check_said("entity a { multi m [1.5] { entity b } }", &["repeated 1.5 times"]);
    check_said("entity a { multi m [10 ** 12] { entity b } }", &["1000000000000 times"]);
    check_said(
        "entity a { multi m [9999999] { entity b { multi n [99999] { entity c } } } }",
        &["more than"],
    );
    check_said("variable n = 3 range 5..9\nentity a", &["does not hold: n = 3"]);
    check_said("condition 1 > 2\nentity a", &["1 > 2 does not hold"]);
    check_said(
        "entity a { aspect d { entity b couple b.x -> c.y } }",
        &["b.x -> c.y", "c, which is neither"],
    );
    check_said("entity a { aspect d { entity b ref a } }", &["/a", "depth 3"]);
    check_said("entity a { aspect d { entity b } aspect e { entity c } }", &["d, e"]);
}

#[test]
fn slips_of_the_pen_name_what_may_be_meant() {
    let ses = language::read(
        "variable cells = 1\nentity a { specialization s { entity scara entity gantry } x = cells }",
    )
    .unwrap();
    let said = |variables: &[(&str, &str)], choices: &[&str]| {
        prune(&ses, &request(variables, choices, 3)).unwrap_err().to_string()
    };
    let cell = said(&[("cell", "1")], &[]);
    assert_eq!(cell, "-D cell: there is no variable cell; is cells meant?");
    assert!(said(&[("quite_other", "1")], &[]).ends_with("there are cells"));
    assert!(said(&[], &["a=scarra"]).ends_with("called scarra; is scara meant?"));
    check_said("variable cells = 1\nentity a { x = cell + 1 }", &["line 2", "is cells meant?"]);
}

#[test]
fn findings_have_their_places() {
    let found = |text: &str| {
        let ses = language::read(text).unwrap();
        let found = check(&ses).into_iter();
        found
            .map(|f| format!("{}: {} {}", f.place, f.rule, f.message))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(found("entity a {\n aspect d { entity b ref a } }").contains("line 2"));
    assert!(found("entity a { aspect d { entity b ref a } }").contains("unproductive"));
    let twice = "entity r { aspect d { entity a { aspect e { entity x { k = 1 } } }\n entity x { k = 2 } } }";
    assert!(found(twice).contains("line 2, column 2: A1"), "{}", found(twice));
    let ports = "entity r { aspect d { entity a { output o: int } entity b { input i: real }
        couple a.o -> b.i couple a.q -> b.i couple b.i -> a.o } }";
    let ports = found(ports);
    assert!(ports.contains("type int to one of real"), "{ports}");
    assert!(ports.contains("no port q") && ports.contains("is an input"), "{ports}");
    let rules = "constraint b requires d\nconstraint d excludes b\nconstraint b requires q
        entity r { specialization s { entity b entity c } specialization t { entity d entity e } }";
    let rules = found(rules);
    assert!(rules.contains("b can never be chosen") && rules.contains("q is no child"), "{rules}");
    assert!(found("entity a { x = y + 1 }").contains("names y"));
}

#[test]
fn scripts_do_nothing_but_compute() {
    let script =
        |body: &str| said(&format!("function f \"\"\"\n{body}\n\"\"\"\nentity a {{ x = f() }}"));
    assert_eq!(script("def f():\n  return 1"), "ok");
    assert!(
        script("import os\ndef f():\n  return 1").contains("line 2, column 1: import"),
        "{}",
        script("import os")
    );
    assert!(script("def f():\n  return open('x')").contains("the function open"));
    assert!(script("def f():\n  return ().__class__").contains("attribute __class__"));
    let long = "  for i in range(4000000):\n    for j in range(4000000):\n      pass";
    assert!(script(&format!("def f():\n{long}")).contains("steps"));
    assert!(script("def f():\n  return f()").contains("call each other"));
    for grows in ["a = a + a", "a += a"] {
        for from in ["[1]", "'x'"] {
            let body = format!("  a = {from}\n  for i in range(99):\n    {grows}");
            assert!(script(&format!("def f():\n{body}")).contains("steps"), "{body}");
        }
    }
    assert!(script("def f():\n  return [1][3]").contains("line 3"));
    assert!(script("def f():\n  return 'x' * 10 ** 12").contains("steps"));
    assert!(script("def f():\n  return range(10 ** 15)").contains("steps"));
    assert_eq!(
        script("def f():\n  a = []\n  for i in range(200000):\n    a = [a]\n  return 1"),
        "ok"
    );
    let deep = format!("def f():\n  return {}1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(script(&deep).contains("levels"));
    assert!(script(&format!("def f():\n  return {}1", "1 + ".repeat(5000))).contains("levels"));
    assert!(script(&format!("def f():\n  return {}1", "not ".repeat(5000))).contains("levels"));
    assert!(script(&format!("def f():\n  return x{}", "[0]".repeat(5000))).contains("levels"));
}

#[test]
fn a_hundred_thousand_levels_go_through_everything() {
    let depth = 100_000;
    let mut text = String::new();
    for level in 0..depth {
        let _ = writeln!(text, "entity e{level} {{ aspect d{level} {{");
    }
    text.push_str("entity leaf\n");
    text.push_str(&"} }".repeat(depth));
    let Document::Ses(ses) = read(text.as_bytes()).unwrap() else { panic!() };
    assert!(check(&ses).is_empty());
    let pruned = prune(&ses, &Request::default()).unwrap();
    assert_eq!(pruned.pes.entities(), depth as u64 + 1);
    assert_eq!(flatten(&pruned.pes).unwrap().nodes.len(), 3);
    assert_eq!(Family::new(&ses, &Request::default()).unwrap().count().to_string(), "1");
    for format in [Format::Language, Format::Json, Format::Sestopy, Format::Sestools, Format::Dot] {
        let (text, _) = write(&Document::Ses(ses.clone()), format).unwrap();
        if format != Format::Dot {
            let Document::Ses(again) = read(text.as_bytes()).unwrap() else { panic!() };
            assert_eq!(again.nodes.len(), ses.nodes.len());
        }
    }
    // Recursion a hundred thousand levels deep.
    let ses = language::read(
        "entity a { aspect d { entity b { specialization s { entity c ref a when LEVEL < 50000 entity x when LEVEL >= 50000 } } } }",
    )
    .unwrap();
    let pes = prune(&ses, &Request { depth: 60_000, ..Request::default() }).unwrap().pes;
    assert_eq!(pes.entities(), 50_002);
    let nested = language::read(
        "entity a { multi m [1] { entity b { specialization s { entity c ref a when LEVEL < 30000 entity x when LEVEL >= 30000 } } } }",
    )
    .unwrap();
    prune(&nested, &Request { depth: 60_000, ..Request::default() }).unwrap();
}

#[test]
fn large_families_are_counted_and_drawn_from() {
    let ses = language::read(
        "entity a { multi m [1000] { entity b { specialization s { entity c entity d entity e
        entity f entity g entity h entity i entity j entity k entity l } } } }",
    )
    .unwrap();
    let family = Family::new(&ses, &Request::default()).unwrap();
    assert_eq!(family.count().to_string(), format!("1{}", "0".repeat(1000)));
    let member = &family.sample(1, 1).unwrap()[0];
    assert_eq!(member.choices.len(), 1000);
    prune(&ses, &family.request(member).unwrap()).unwrap();
    assert_eq!(family.first(20).unwrap().0.len(), 20);
    let endless = language::read(
        "entity a { multi m [10 ** 9] { entity b { specialization s { entity c entity d } } } }",
    );
    let error = Family::new(&endless.unwrap(), &Request::default()).unwrap_err().to_string();
    assert!(error.contains("more than"), "{error}");
}

#[test]
fn a_billion_members_are_not_listed() {
    let ses = language::read(
        "entity a { multi m [30] { entity b { specialization s { entity c entity d } } } }",
    )
    .unwrap();
    let family = Family::new(&ses, &Request::default()).unwrap();
    for error in [family.first(1_000_000_000).err(), family.sample(1_000_000_000, 1).err()] {
        let error = error.unwrap();
        assert!(error.to_string().contains("members to list"), "{error}");
        assert_eq!((error.kind().exit(), error.code()), (5, "SEC-SE-015"));
        assert!(error.hint().unwrap().contains("--limit"), "{error:?}");
    }
    let error = family.first(400_000).unwrap_err();
    assert!(error.to_string().contains("choices to list"), "{error}");
    assert!(error.hint().unwrap().contains("--limit"), "{error:?}");
    // A small family is listed whole, whatever the limit.
    let ses = language::read("entity a { specialization s { entity c entity d } }").unwrap();
    let family = Family::new(&ses, &Request::default()).unwrap();
    assert_eq!(family.first(1_000_000_000).unwrap().0.len(), 2);
}

#[test]
fn names_that_are_no_words_are_written_in_quotes_and_empty_ones_refused() {
    let tree = |name: &str, attribute: &str, variable: &str, rule: &str, port: &str| {
        let couplings = format!(r#"[["a", "1", "{port} / SPR", "b", "3", "y / SPR", "", ""]]"#);
        format!(
            r#"SES JSON
[["1", "Entity Node", "a", "0", "", "", [["{attribute}", "1", "", ""]], [], [], "1", [], "1", "0"], ["2", "Aspect Node", "d", "1", "", "", [], [["d", "2", "{rule}", "", ""]], {couplings}, "1", [], "1", "1"], ["3", "Entity Node", "{name}", "2", "", "", [], [], [], "1", [], "1", "2"]]
[["ses", ""]]
[["{variable}", "1", ""]]
[]
[]
[]"#
        )
    };
    let sound = |text: &str| {
        let Document::Ses(ses) = read(text.as_bytes()).unwrap() else { panic!() };
        for format in [Format::Language, Format::Json] {
            let (text, _) = write(&Document::Ses(ses.clone()), format).unwrap();
            let Document::Ses(again) = read(text.as_bytes()).unwrap() else { panic!() };
            assert_eq!(again.nodes.len(), 3, "{text}");
            let names = |ses: &secateur_ses::model::Ses| -> Vec<_> {
                let entity = ses.entity(0).unwrap();
                entity.attributes.iter().map(|attribute| attribute.name.clone()).collect()
            };
            assert_eq!(names(&again), names(&ses), "{text}");
        }
    };
    for attribute in ["mb", "!mb", "two words", "in", "True", "entity"] {
        sound(&tree("b", attribute, "n", "n == 1", "x"));
    }
    // A remark behind a rule does not hide what is written after it.
    sound(&tree("b", "mb", "n", "n == 1 # the first", "x"));
    check_said(&tree("", "mb", "n", "", "x"), &["node 3", "no name"]);
    check_said(&tree("b", "", "n", "", "x"), &["node 1", "no name"]);
    check_said(&tree("b", "mb", "n n", "", "x"), &["n n", "name of a variable"]);
    check_said(&tree("b", "mb", "", "", "x"), &["name of a variable"]);
    check_said(&tree("b", "mb", "n", "", ""), &["node 2", "no port"]);
}

#[test]
fn texts_with_a_prefix_are_refused_by_name() {
    check_said("entity a { x = f\"b\" }", &["line 1, column 16", "begins with f"]);
    check_said("entity a { x = r'b' }", &["begins with r"]);
}

#[test]
fn xml_is_read_and_its_definitions_refused() {
    let dtd = "<?xml version=\"1.0\"?>\n<!DOCTYPE e [<!ENTITY a \"b\">]>\n<entity name=\"&a;\"/>";
    check_said(dtd, &["line 2", "document type definition"]);
    assert_eq!(read(dtd.as_bytes()).unwrap_err().kind().exit(), 3);
    check_said("<structure name=\"a\"/>", &["line 1", "begins with <entity", "<structure>"]);
    check_said("<structure/>", &["not with <structure>"]);
    let latin = read(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><entity name=\"\xe4\"/>");
    let latin = latin.unwrap_err();
    assert!(latin.to_string().contains("byte 57"), "{latin}");
    assert!(latin.hint().unwrap().contains("UTF-8"));
    check_said("<entity name=\"a\"><aspect name=\"d\">", &["never closed"]);
    check_said("<entity name=\"a\"><foo name=\"b\"/></entity>", &["foo is no element"]);
    check_said("<entity/>", &["no name"]);
    check_said("<entity name=\"a\">hello</entity>", &["words"]);
    check_said("<entity name=\"&lol;\"/>", &["line 1"]);
    let text = "<entity name=\"a\"><multiAspect name=\"m\"><entity name=\"b\"><var name=\"v\" default=\"5\" lower=\"1\" upper=\"9\"/></entity></multiAspect></entity>";
    let document = read(text.as_bytes()).unwrap();
    let (again, _) = write(&document, Format::Sestools).unwrap();
    let twice = write(&read(again.as_bytes()).unwrap(), Format::Sestools).unwrap().0;
    assert_eq!(again, twice);
    assert!(again.contains("default=\"5\" lower=\"1\" upper=\"9\""), "{again}");
    if let Some(data) = std::env::var_os("SECATEUR_TEST_DATA") {
        let path = std::path::Path::new(&data).join("data/ses/Scenario.xml");
        let Document::Ses(ses) = read(&std::fs::read(path).unwrap()).unwrap() else { panic!() };
        let choices = ["entityMAsp=2", "waypointMAsp=3"];
        let pes = prune(&ses, &request(&[], &choices, 0)).unwrap().pes;
        assert!(pes.walk().any(|(node, _)| {
            pes.path(node)
                .ends_with("Aircraft_Entity_2/aircraftDec/Waypoints/waypointMAsp/Waypoint_3")
        }));
    } else {
        println!("skipped: no test data");
    }
}

#[test]
fn any_bytes_are_read_or_refused() {
    let mut seeds: Vec<Vec<u8>> = (0..20).map(|seed| structure(seed).into_bytes()).collect();
    for name in ["fms", "network", "feedback", "devstone-homod"] {
        let ses = example(name);
        let document = Document::Ses(Box::new(ses.clone()));
        for format in [Format::Language, Format::Json, Format::Sestools] {
            seeds.push(write(&document, format).unwrap().0.into_bytes());
        }
    }
    let ses = example("feedback");
    let pes = prune(&ses, &Request::default()).unwrap().pes;
    for format in [Format::Json, Format::Sestopy] {
        seeds.push(write(&Document::Pes(Box::new(pes.clone())), format).unwrap().0.into_bytes());
    }
    let mut delayed = Request::default();
    delayed.choices.delay("controller").unwrap();
    let open = prune(&ses, &delayed).unwrap().pes;
    seeds.push(write(&Document::Pes(Box::new(open)), Format::Json).unwrap().0.into_bytes());
    let mut random = Random::new(3);
    for round in 0..6000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] = random.bits() as u8,
                1 => {
                    bytes.remove(at);
                }
                2 => {
                    let to = (at + random.below(40)).min(bytes.len());
                    bytes.drain(at..to);
                }
                _ => {
                    let from = random.below(bytes.len());
                    let part = bytes[from..(from + 20).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        // Nothing may panic; that is all.
        match read(&bytes) {
            Ok(Document::Ses(ses)) => {
                check(&ses);
                let request =
                    Request { entities_max: 5000, leave_open: true, ..Request::default() };
                if let Ok(pruned) = prune(&ses, &request) {
                    let _ = flatten(&pruned.pes);
                    let _ = write(&Document::Pes(Box::new(pruned.pes)), Format::Json);
                }
            }
            Ok(Document::Pes(pes)) => {
                let _ = flatten(&pes);
                if pes.open.is_some() {
                    let _ =
                        secateur_ses::prune::resume(*pes, &secateur_ses::prune::Resume::default());
                }
            }
            Err(error) => {
                let _ = error.to_string();
            }
        }
    }
}

#[test]
fn a_million_entities_take_a_moment() {
    let ses = language::read("entity a { multi m [1000] { entity b { multi n [1000] { entity c { k = 1 } couple PARENT.x -> c.x } } } }").unwrap();
    let started = std::time::Instant::now();
    let pes = prune(&ses, &Request::default()).unwrap().pes;
    println!("1 001 001 entities in {:?}", started.elapsed());
    assert_eq!(pes.entities(), 1_001_001);
    assert_eq!((pes.attributes.len(), pes.couplings.len()), (2, 1));
}
