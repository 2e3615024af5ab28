//! The pruning patterns of SESToPy, one small tree each: what is pruned, and what flattening makes
//! of it. The answers follow from the conventions alone: a chosen child `c` merges into `e` as `c_e`,
//! copies are numbered and hold their number in `_name`, `MASP` becomes `DEC`.

use secateur_ses::error::SesError;
use secateur_ses::flatten::flatten;
use secateur_ses::format::{Document, sestopy};
use secateur_ses::language;
use secateur_ses::model::Ses;
use secateur_ses::pes::Pes;
use secateur_ses::prune::prune;

use crate::examples::request;

/// Every node as its path, with the attributes of an entity or the couplings of an aspect behind;
/// couplings in the order of the alphabet.
pub(crate) fn lines(pes: &Pes) -> Vec<String> {
    let text = |number| pes.names.text(number);
    let line = |(node, _): (u32, u32)| {
        let mut words = vec![pes.path(node)];
        if pes.nodes[node as usize].is_aspect {
            words.extend(pes.links(node).iter().map(|link| {
                let (source, target) = (pes.end(node, link.source), pes.end(node, link.target));
                let (from, to) = (text(link.source_port), text(link.target_port));
                format!("{}.{from}>{}.{to}", pes.name(source), pes.name(target))
            }));
            words[1..].sort();
        } else {
            words.extend(pes.attributes(node).map(|(name, value)| format!("{name}={value}")));
        }
        words.join(" ")
    };
    pes.walk().map(line).collect()
}

/// Prunes, flattens and compares; then once more through the files of SESToPy.
#[track_caller]
fn check(text: &str, variables: &[(&str, &str)], pes: &[&str], fpes: &[&str]) {
    let ses = language::read(text).unwrap();
    let written = sestopy::write_ses(&ses).unwrap();
    let Document::Ses(again) = sestopy::read(&written).unwrap() else { panic!("{written}") };
    for ses in [&ses, &*again] {
        let pruned = prune(ses, &request(variables, &[], 3)).unwrap().pes;
        assert_eq!(lines(&pruned), pes);
        assert_eq!(lines(&flatten(&pruned).unwrap()), fpes);
    }
}

fn pruned(ses: &Ses, variables: &[(&str, &str)]) -> Result<Pes, SesError> {
    prune(ses, &request(variables, &[], 3)).map(|pruned| pruned.pes)
}

/// Patterns 3 and 4: a specialization below the chosen child; the innermost comes first.
#[test]
fn nested_specializations_merge_into_the_outermost_parent() {
    let text = "
        variable v = 1
        entity s { aspect sDEC {
            entity a { k = 0 l = 0 specialization aSPEC {
                entity b when v == 1 { k = 1 m = 1 specialization bSPEC {
                    entity d when v == 1 { k = 2 }
                    entity e when v == 2
                } }
                entity c when v == 2 { k = 3 }
            } }
            entity z
            couple a.out -> z.in
            couple s.in -> a.in
        } }";
    let couplings = |name: &str| format!("/s/sDEC {name}.out>z.in s.in>{name}.in");
    let (deep, flat) = (couplings("d_b_a"), couplings("c_a"));
    let pes = ["/s", &deep, "/s/sDEC/d_b_a k=2 m=1 l=0", "/s/sDEC/z"];
    check(text, &[], &pes, &pes);
    let pes = ["/s", &flat, "/s/sDEC/c_a k=3 l=0", "/s/sDEC/z"];
    check(text, &[("v", "2")], &pes, &pes);
}

/// Pattern 5: the later specialization gives the first name, and its attributes win.
#[test]
fn several_specializations_of_an_entity_are_all_resolved() {
    let text = "
        variable color = \"red\"
        variable size = 2
        entity s { aspect sDEC { entity a { w = 0
            specialization colorSPEC {
                entity red when color == \"red\" { w = 1 p = 1 }
                entity blue when color == \"blue\"
            }
            specialization sizeSPEC {
                entity small when size == 1
                entity large when size == 2 { w = 2 }
            }
        } } }";
    let pes = ["/s", "/s/sDEC", "/s/sDEC/large_red_a w=2 p=1"];
    check(text, &[], &pes, &pes);
    let pes = ["/s", "/s/sDEC", "/s/sDEC/small_blue_a w=0"];
    check(text, &[("color", "\"blue\""), ("size", "1")], &pes, &pes);
}

/// Pattern 6: the aspect of the chosen child is that of the merged entity, and so are its
/// couplings, inside and outside.
#[test]
fn an_aspect_below_the_chosen_child_comes_with_it() {
    let text = "
        variable v = 1
        entity s { aspect sDEC {
            entity a { specialization aSPEC {
                entity b when v == 1 { aspect bDEC {
                    entity x { mb = \"MB/x\" }
                    entity y
                    couple b.in -> x.in
                    couple x.out -> y.in
                    couple y.out -> b.out
                } }
                entity c when v == 2 { mb = \"MB/c\" }
            } }
            entity z
            couple z.out -> a.in
            couple a.out -> z.in
        } }";
    let pes = [
        "/s",
        "/s/sDEC b_a.out>z.in z.out>b_a.in",
        "/s/sDEC/b_a",
        "/s/sDEC/b_a/bDEC b_a.in>x.in x.out>y.in y.out>b_a.out",
        "/s/sDEC/b_a/bDEC/x mb=\"MB/x\"",
        "/s/sDEC/b_a/bDEC/y",
        "/s/sDEC/z",
    ];
    let fpes = [
        "/s",
        "/s/sDEC x.out>y.in y.out>z.in z.out>x.in",
        "/s/sDEC/x mb=\"MB/x\"",
        "/s/sDEC/y",
        "/s/sDEC/z",
    ];
    check(text, &[], &pes, &fpes);
    let pes = ["/s", "/s/sDEC c_a.out>z.in z.out>c_a.in", "/s/sDEC/c_a mb=\"MB/c\"", "/s/sDEC/z"];
    check(text, &[("v", "2")], &pes, &pes);
}

/// Pattern 2: of siblings the one whose rule is true; two or none are no decision.
#[test]
fn aspects_side_by_side_are_told_apart_by_rules() {
    let text = "
        variable v = 1
        entity a {
            aspect oneDEC when v in [1, 3] priority 1 { entity b couple a.in -> b.in }
            aspect twoDEC when v in [2, 3] priority 9 { entity c entity d couple c.out -> d.in }
        }";
    let pes = ["/a", "/a/oneDEC a.in>b.in", "/a/oneDEC/b"];
    check(text, &[], &pes, &pes);
    let pes = ["/a", "/a/twoDEC c.out>d.in", "/a/twoDEC/c", "/a/twoDEC/d"];
    check(text, &[("v", "2")], &pes, &pes);
    let ses = language::read(text).unwrap();
    let code = |v: &str| pruned(&ses, &[("v", v)]).unwrap_err().code();
    assert_eq!((code("3"), code("4")), ("SEC-SE-009", "SEC-SE-008"));
}

/// Patterns 7 and 8: specializations first; of the aspects that meet then the highest priority.
#[test]
fn aspects_that_meet_are_told_apart_by_priority() {
    let text = |own: u32, brought: u32| {
        format!(
            "
        variable v = 1
        entity a {{
            aspect aDEC priority {own} {{ entity b couple a.in -> b.in }}
            specialization aSPEC {{
                entity d when v == 1 {{ aspect dDEC priority {brought} {{
                    entity f
                    couple d.in -> f.in
                }} }}
                entity e when v == 2
            }}
        }}"
        )
    };
    let brought = ["/d_a", "/d_a/dDEC d_a.in>f.in", "/d_a/dDEC/f"];
    let own = |name: &str| {
        [format!("/{name}"), format!("/{name}/aDEC {name}.in>b.in"), format!("/{name}/aDEC/b")]
    };
    check(&text(1, 3), &[], &brought, &brought);
    let lines = own("d_a");
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    check(&text(4, 3), &[], &lines, &lines);
    let lines = own("e_a");
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    check(&text(1, 3), &[("v", "2")], &lines, &lines);
    let tie = pruned(&language::read(&text(3, 3)).unwrap(), &[]).unwrap_err();
    assert_eq!(tie.code(), "SEC-SE-009");
}

/// Aspects of one chosen child are siblings of each other, and meet that of the parent.
#[test]
fn rules_come_before_priorities() {
    let text = "
        variable v = 1
        entity a {
            specialization aSPEC {
                entity d when v > 0 {
                    aspect lowDEC when v == 1 priority 2 { entity f }
                    aspect highDEC when v == 2 priority 9 { entity g }
                }
                entity e when v == 0
            }
            aspect aDEC priority 5 { entity b }
        }";
    let pes = ["/d_a", "/d_a/aDEC", "/d_a/aDEC/b"];
    check(text, &[], &pes, &pes);
    let pes = ["/d_a", "/d_a/highDEC", "/d_a/highDEC/g"];
    check(text, &[("v", "2")], &pes, &pes);
}

/// Pattern 9, one in the other: the number of copies depends on which copy it is.
#[test]
fn copies_in_copies_have_numbers_of_their_own() {
    let text = "
        variable counts = [1, 2]
        function count \"def count(path, counts):\\n\\treturn counts[int(path['_row']) - 1]\\n\"
        function at \"def at(path):\\n\\treturn path['_row'] + '/' + path['_cell']\\n\"
        entity a { multi aMASP [2] { entity row { multi rowMASP [count(PATH, counts)] {
            entity cell { place = at(PATH) mb = \"MB/c\" }
            couplings [[PARENT, \"in\", child, \"in\", \"\"] for child in CHILDREN]
        } } couplings [[CHILDREN[0], \"out\", CHILDREN[1], \"in\", \"\"]] } }";
    let pes = [
        "/a",
        "/a/aDEC row_1.out>row_2.in",
        "/a/aDEC/row_1 _row=1",
        "/a/aDEC/row_1/rowDEC row_1.in>cell_1.in",
        "/a/aDEC/row_1/rowDEC/cell_1 _cell=1 place=1/1 mb=\"MB/c\"",
        "/a/aDEC/row_2 _row=2",
        "/a/aDEC/row_2/rowDEC row_2.in>cell_1.in row_2.in>cell_2.in",
        "/a/aDEC/row_2/rowDEC/cell_1 _cell=1 place=2/1 mb=\"MB/c\"",
        "/a/aDEC/row_2/rowDEC/cell_2 _cell=2 place=2/2 mb=\"MB/c\"",
    ];
    let fpes = [
        "/a",
        "/a/aDEC",
        "/a/aDEC/cell_1_1 _cell=1 place=1/1 mb=\"MB/c\"",
        "/a/aDEC/cell_1_2 _cell=1 place=2/1 mb=\"MB/c\"",
        "/a/aDEC/cell_2 _cell=2 place=2/2 mb=\"MB/c\"",
    ];
    check(text, &[], &pes, &fpes);
}

/// Patterns 9 and 3: the copy has its number first, then the child that it chooses.
#[test]
fn every_copy_chooses_for_itself() {
    let text = "
        variable kinds = [\"n\", \"d\", \"n\"]
        entity s { multi sMASP [len(kinds)] {
            entity p { k = 0 specialization pSPEC {
                entity n when kinds[int(PATH[\"_p\"]) - 1] == \"n\" { k = 1 }
                entity d when kinds[int(PATH[\"_p\"]) - 1] == \"d\" { aspect dDEC {
                    entity x couple d.in -> x.in
                } }
            } }
            couplings [[PARENT, \"in\", child, \"in\", \"\"] for child in CHILDREN]
        } }";
    let pes = [
        "/s",
        "/s/sDEC s.in>d_p_2.in s.in>n_p_1.in s.in>n_p_3.in",
        "/s/sDEC/n_p_1 k=1 _p=1",
        "/s/sDEC/d_p_2 _p=2 k=0",
        "/s/sDEC/d_p_2/dDEC d_p_2.in>x.in",
        "/s/sDEC/d_p_2/dDEC/x",
        "/s/sDEC/n_p_3 k=1 _p=3",
    ];
    let fpes = [
        "/s",
        "/s/sDEC s.in>n_p_1.in s.in>n_p_3.in s.in>x.in",
        "/s/sDEC/n_p_1 k=1 _p=1",
        "/s/sDEC/x",
        "/s/sDEC/n_p_3 k=1 _p=3",
    ];
    check(text, &[], &pes, &fpes);
}

/// A child called `NONE`, in any case of letters, gives the whole entity its name.
#[test]
fn a_none_child_gives_its_name_alone() {
    let text = "
        variable v = 2
        entity s { aspect sDEC {
            entity a { k = 1 specialization aSPEC { entity b when v == 1 entity NONE when v > 1 } }
            entity c { specialization cSPEC { entity None when v == 2 entity d when v != 2 } }
        } }";
    let pes = ["/s", "/s/sDEC", "/s/sDEC/NONE k=1", "/s/sDEC/NONE"];
    let fpes = ["/s", "/s/sDEC", "/s/sDEC/NONE_1 k=1", "/s/sDEC/NONE_2"];
    check(text, &[], &pes, &fpes);
    let pes = ["/s", "/s/sDEC", "/s/sDEC/b_a k=1", "/s/sDEC/d_c"];
    check(text, &[("v", "1")], &pes, &pes);
}

/// Pattern 1: an aspect alone stays, unless it has a rule that is false. Leaves of one name are
/// numbered among all nodes of that name.
#[test]
fn a_single_aspect_stays_or_its_entity_is_a_leaf() {
    let text = "
        entity s { multi sMASP [3] { entity p { aspect pDEC {
            entity b { aspect bDEC when PATH[\"_p\"] == \"2\" { entity x } }
        } } } }";
    let pes = [
        "/s",
        "/s/sDEC",
        "/s/sDEC/p_1 _p=1",
        "/s/sDEC/p_1/pDEC",
        "/s/sDEC/p_1/pDEC/b",
        "/s/sDEC/p_2 _p=2",
        "/s/sDEC/p_2/pDEC",
        "/s/sDEC/p_2/pDEC/b",
        "/s/sDEC/p_2/pDEC/b/bDEC",
        "/s/sDEC/p_2/pDEC/b/bDEC/x",
        "/s/sDEC/p_3 _p=3",
        "/s/sDEC/p_3/pDEC",
        "/s/sDEC/p_3/pDEC/b",
    ];
    let fpes = ["/s", "/s/sDEC", "/s/sDEC/b_1", "/s/sDEC/x", "/s/sDEC/b_3"];
    check(text, &[], &pes, &fpes);
}
