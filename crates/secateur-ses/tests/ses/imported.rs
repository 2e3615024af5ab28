//! Trees as SESToPy writes them: what is odd in its files, and larger ones with functions,
//! priorities and couplings by functions all at once.

use secateur_ses::error::SesError;
use secateur_ses::flatten::flatten;
use secateur_ses::format::{Document, sestopy};
use secateur_ses::model::Ses;
use secateur_ses::prune::prune;

use crate::examples::request;
use crate::patterns::lines;
use crate::tree::{Tree, aspect, entity, multi, specialization};

fn pruned(ses: &Ses, variables: &[(&str, &str)]) -> Vec<String> {
    lines(&prune(ses, &request(variables, &[], 3)).unwrap().pes)
}

#[test]
fn numbers_may_stand_without_quotes_and_rules_under_numbers_of_what_was_copied() {
    let root = entity(1, "a", 0).cell(0, 1.into()).cell(3, 0.into());
    let nodes = [
        root,
        multi(2, "aMASP", 1, 2),
        entity(3, "b", 2).attribute("_b", "0", ""),
        // The rules keep the numbers of the specialization that this one was copied from.
        specialization(4, "bSPEC", 3, &[("c", 90, "v == 1"), ("d", 91, "v == 2")]),
        entity(5, "c", 4),
        entity(6, "d", 4).attribute("k", "1", ""),
    ];
    let ses = Tree::new(&nodes).variable("v", 2).read().unwrap();
    let expect = ["/a", "/a/aDEC", "/a/aDEC/d_b_1 k=1 _b=1", "/a/aDEC/d_b_2 k=1 _b=2"];
    assert_eq!(pruned(&ses, &[]), expect);
    let wrong = specialization(2, "s", 1, &[("x", 9, "True")]);
    let nodes = [entity(1, "a", 0), wrong, entity(3, "b", 2), entity(4, "c", 2)];
    let error = Tree::new(&nodes).read().unwrap_err().to_string();
    assert!(error.starts_with("s: node 2: a rule speaks of x"), "{error}");
}

/// Two specializations side by side, the first with rules.
fn constrained(from: (&str, &str), to: (&str, &str)) -> Tree {
    let rules = [("b", 5, "v == 1"), ("c", 6, "v == 2")];
    let nodes = [
        entity(1, "a", 0),
        aspect(2, "aDEC", 1),
        entity(3, "x", 2),
        specialization(4, "xSPEC", 3, &rules),
        entity(5, "b", 4),
        entity(6, "c", 4),
        entity(7, "y", 2),
        specialization(8, "ySPEC", 7, &[]),
        entity(9, "d", 8),
        entity(10, "e", 8),
        entity(11, "z", 2),
        specialization(12, "zSPEC", 11, &[]),
        entity(13, "f", 12),
        entity(14, "g", 12),
    ];
    Tree::new(&nodes).variable("v", "1").constraint(from, to)
}

#[test]
fn selection_constraints_are_honored_and_written_back() {
    let ses = constrained(("b", "5"), ("e, f", "10, 13")).read().unwrap();
    let expect = ["/a", "/a/aDEC", "/a/aDEC/b_x", "/a/aDEC/e_y", "/a/aDEC/f_z"];
    assert_eq!(pruned(&ses, &[]), expect);
    // Nothing requires anything of the other child.
    let open = prune(&ses, &request(&[("v", "2")], &[], 3)).unwrap_err();
    assert!(matches!(open, SesError::NoChoice { .. }), "{open}");
    let against = prune(&ses, &request(&[], &["/a/y=d"], 3)).unwrap_err();
    assert!(matches!(against, SesError::Constraint { .. }), "{against}");
    let Document::Ses(again) = sestopy::read(&sestopy::write_ses(&ses).unwrap()).unwrap() else {
        panic!()
    };
    assert_eq!(pruned(&again, &[]), expect);
}

#[test]
fn selection_constraints_that_cannot_be_honored_are_refused() {
    // SESToPy lets them start at aspects, too.
    let ses = constrained(("aDEC", "2"), ("e", "10")).read().unwrap();
    let error = prune(&ses, &request(&[], &[], 3)).unwrap_err().to_string();
    assert!(error.contains("aDEC is no child of a specialization"), "{error}");
    let error = constrained(("b", "5"), ("", "")).read().unwrap_err().to_string();
    assert!(error.contains("requires"), "{error}");
}

/// Reactors of several kinds, each with its tanks and pumps; everything depends on the number of
/// the reactor.
fn plant() -> Tree {
    let lines = "def couple(path, tanks, parent, children):
    # children are the tanks and, last, the mixer
    line = int(path[\"_line\"])
    n = tanks[line - 1]
    rows = []
    for i in range(0, n - 1):
        rows.append([children[i], \"out / SPR\", children[i + 1], \"in / SPR\", \"\"])
    if line == 1 and n > 1:
        rows += [[parent, \"feed / SPI\", children[0], \"in / SPI\", \"first\"]]
    elif not n in [1, 2] or line > 1:
        rows.append([parent, \"feed\" + str(line) + \" / SPI\", children[0], \"in / SPI\", \"\"])
    rows.append([children[-1], \"out / SPR\", parent, \"out / SPR\", \"\"])
    return rows
";
    let nodes = [
        entity(1, "plant", 0),
        aspect(2, "plantDEC", 1).couplings("outer(NUMREP_, CHILDREN, PARENT)"),
        entity(3, "lines", 2),
        multi(4, "linesMASP", 3, "len(tanks)").couplings("inner(CHILDREN, PARENT, NUMREP)"),
        entity(5, "line", 4).attribute("_line", "0", "").attribute("volume", "v(PATH)", "x"),
        specialization(
            6,
            "lineSPEC",
            5,
            &[
                ("batch", 7, "kind(PATH, kinds) == 'b'"),
                ("steady", 8, "kind(PATH, kinds) not in ['b']"),
            ],
        ),
        entity(7, "batch", 6).attribute("mb", "\"MB/batch\"", ""),
        entity(8, "steady", 6).attribute("mb", "\"MB/steady\"", ""),
        aspect(9, "steadyDEC", 8)
            .priority("3 if int(PATH['_line']) > 1 else 1")
            .couple(("steady", 8, "feed / SPI"), ("valve", 10, "in / SPI")),
        entity(10, "valve", 9),
        multi(11, "lineMASP", 5, "tanks[int(PATH['_line']) - 1]")
            .priority("2")
            .couplings("couple(PATH, tanks, PARENT, CHILDREN)"),
        entity(12, "tank", 11).attribute("_tank", "0", "").attribute(
            "level",
            "[int(PATH['_tank']), tanks]",
            "x",
        ),
        entity(13, "control", 2),
        specialization(
            14,
            "controlSPEC",
            13,
            &[("pid", 15, "ctrl >= 1"), ("NONE", 16, "ctrl == 0")],
        ),
        entity(15, "pid", 14),
        entity(16, "NONE", 14),
    ];
    Tree::new(&nodes)
        .variable("tanks", "[2, 1, 3]")
        .variable("kinds", "['b', 's', 'b']")
        .variable("ctrl", "1")
        .variable("NUMREP_", "len(tanks)")
        .condition("len(tanks) == len(kinds) and all([k in ['b', 's'] for k in kinds])")
        .function("couple", lines)
        .function("kind", "def kind(path, kinds):\n\treturn kinds[int(path['_line'])-1]\n")
        .function(
            "v",
            "def v(path):\n\ttotal = 0.5\n\tfor i in range(int(path['_line'])):\n\t\ttotal *= 2\n\treturn total\n",
        )
        .function(
            "inner",
            "def inner(children, parent, n):\n\tr = []\n\tfor c in children:\n\t\tr.append([c, 'out / SPR', parent, 'y' + str(children.index(c) + 1) + ' / SPR', ''])\n\treturn r\n",
        )
        .function(
            "outer",
            "def outer(n, children, parent):\n\tr = []\n\tfor i in range(1, n + 1):\n\t\tif ctrl >= 1:\n\t\t\tr.append([children[0], 'y%d / SPR' % i, children[1], 'u{} / SPR'.format(i), ''])\n\treturn r\n",
        )
}

#[test]
fn a_plant_whose_lines_differ() {
    let ses = plant().read().unwrap();
    let expect = [
        "/plant",
        "/plant/plantDEC lines.y1>pid_control.u1 lines.y2>pid_control.u2 lines.y3>pid_control.u3",
        "/plant/plantDEC/lines",
        "/plant/plantDEC/lines/linesDEC batch_line_1.out>lines.y1 batch_line_3.out>lines.y3 steady_line_2.out>lines.y2",
        "/plant/plantDEC/lines/linesDEC/batch_line_1 mb=\"MB/batch\" _line=1 volume=1.0",
        "/plant/plantDEC/lines/linesDEC/batch_line_1/lineDEC batch_line_1.feed>tank_1.in tank_1.out>tank_2.in tank_2.out>batch_line_1.out",
        "/plant/plantDEC/lines/linesDEC/batch_line_1/lineDEC/tank_1 _tank=1 level=[1, [2, 1, 3]]",
        "/plant/plantDEC/lines/linesDEC/batch_line_1/lineDEC/tank_2 _tank=2 level=[2, [2, 1, 3]]",
        "/plant/plantDEC/lines/linesDEC/steady_line_2 mb=\"MB/steady\" _line=2 volume=2.0",
        "/plant/plantDEC/lines/linesDEC/steady_line_2/steadyDEC steady_line_2.feed>valve.in",
        "/plant/plantDEC/lines/linesDEC/steady_line_2/steadyDEC/valve",
        "/plant/plantDEC/lines/linesDEC/batch_line_3 mb=\"MB/batch\" _line=3 volume=4.0",
        "/plant/plantDEC/lines/linesDEC/batch_line_3/lineDEC batch_line_3.feed3>tank_1.in tank_1.out>tank_2.in tank_2.out>tank_3.in tank_3.out>batch_line_3.out",
        "/plant/plantDEC/lines/linesDEC/batch_line_3/lineDEC/tank_1 _tank=1 level=[1, [2, 1, 3]]",
        "/plant/plantDEC/lines/linesDEC/batch_line_3/lineDEC/tank_2 _tank=2 level=[2, [2, 1, 3]]",
        "/plant/plantDEC/lines/linesDEC/batch_line_3/lineDEC/tank_3 _tank=3 level=[3, [2, 1, 3]]",
        "/plant/plantDEC/pid_control",
    ];
    assert_eq!(pruned(&ses, &[]), expect);
    let flat = flatten(&prune(&ses, &request(&[], &[], 3)).unwrap().pes).unwrap();
    let flat = lines(&flat);
    assert_eq!(flat.len(), 9);
    // The outputs of whole lines are those of their last tanks; the valve has none.
    let expect = "tank_1_1.out>tank_2_1.in tank_1_2.out>tank_2_2.in tank_2_1.out>pid_control.u1 tank_2_2.out>tank_3.in tank_3.out>pid_control.u3";
    assert_eq!(flat[1], format!("/plant/plantDEC {expect}"));
    // Without the controller no coupling is left to it.
    let none = pruned(&ses, &[("ctrl", "0"), ("tanks", "[1]"), ("kinds", "['b']")]);
    assert!(none.contains(&"/plant/plantDEC/NONE".to_owned()), "{none:?}");
    assert_eq!(none[1], "/plant/plantDEC");
    let false_condition = prune(&ses, &request(&[("kinds", "['b', 'q', 'b']")], &[], 3));
    assert!(matches!(false_condition, Err(SesError::Condition { .. })));
}
